import type { MethodInput } from "@tutti/protocol/control";
import { nameOf } from "../core/house-view.ts";
import { parseDuration } from "../core/quantity.ts";
import { misuse } from "../failure.ts";
import { clientCalled, streamCalled } from "../house-names.ts";
import { say, sayJson } from "../print.ts";
import { type ServerOption, withHouse } from "../with-house.ts";
import { bufferOf } from "./group-buffer.ts";

/** `tutti identify CLIENT`. */
export async function identify(name: string, options: ServerOption): Promise<void> {
  await withHouse(options, async ({ connection, house }) => {
    const { client } = clientCalled(name, house);
    await connection.call("Client.Identify", { id: client.id });
    say(`${nameOf(client)} chimes`);
  });
}

/** `tutti client restart CLIENT`. */
export async function restart(name: string, options: ServerOption): Promise<void> {
  await withHouse(options, async ({ connection, house }) => {
    const { client } = clientCalled(name, house);
    await connection.call("Client.Restart", { id: client.id });
    say(`${nameOf(client)} restarts`);
  });
}

/** `tutti client kick CLIENT [--for TIME]`. */
export async function kick(
  name: string,
  options: ServerOption & { readonly for: string },
): Promise<void> {
  const seconds = parseDuration(options.for);
  if (seconds === undefined) throw misuse(`'${options.for}' is no time; it is written 10s or 5m`);
  await withHouse(options, async ({ connection, house }) => {
    const { client } = clientCalled(name, house);
    await connection.call("Client.Kick", { id: client.id, seconds });
    say(`${nameOf(client)} is sent away for ${seconds} s`);
  });
}

/** `tutti client merge OLD NEW`. */
export async function merge(old: string, heir: string, options: ServerOption): Promise<void> {
  await withHouse(options, async ({ connection, house }) => {
    const [from, into] = [clientCalled(old, house).client, clientCalled(heir, house).client];
    await connection.call("Client.Merge", { id: from.id, into: into.id });
    say(`${into.id} is ${nameOf(from)} from now on; ${from.id} is forgotten`);
  });
}

/** `tutti client stream CLIENT STREAM`. */
export async function defaultStream(
  name: string,
  stream: string,
  options: ServerOption,
): Promise<void> {
  await withHouse(options, async ({ connection, house }) => {
    const { client } = clientCalled(name, house);
    const stream_id = stream === "" ? null : streamCalled(stream, house).id;
    await connection.call("Client.SetDefaultStream", { id: client.id, stream_id });
    say(`${nameOf(client)}, in a group of its own: ${stream_id ?? "the server's first stream"}`);
  });
}

type SoundChange = MethodInput<"Client.SetSound">["sound"];

/** `tutti client sound CLIENT [JSON]`. The server checks what it says. */
export async function sound(
  name: string,
  text: string | undefined,
  options: ServerOption,
): Promise<void> {
  const change = text === undefined ? undefined : parse(text);
  await withHouse(options, async ({ connection, house }) => {
    const { client } = clientCalled(name, house);
    if (!change) return sayJson(client.tutti?.sound ?? {});
    sayJson((await connection.call("Client.SetSound", { id: client.id, sound: change })).sound);
  });
}

function parse(text: string): SoundChange {
  try {
    return JSON.parse(text) as SoundChange;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw misuse(`the settings are not JSON: ${error.message}`);
  }
}

/** `tutti client limits CLIENT [--start PERCENT] [--max PERCENT]`. */
export async function limits(
  name: string,
  options: ServerOption & { readonly start?: string; readonly max?: string },
): Promise<void> {
  const set = {
    ...(options.start !== undefined && { start: percentOf(options.start) }),
    ...(options.max !== undefined && { max: percentOf(options.max) }),
  };
  await withHouse(options, async ({ connection, house }) => {
    const { client } = clientCalled(name, house);
    const { start, max } = await connection.call("Client.SetVolumeLimits", {
      id: client.id,
      ...set,
    });
    say(
      `${nameOf(client)}: begins at ${shown(start, "what it was")}, at most ${shown(max, "100 %")}`,
    );
  });
}

/** `tutti client quality CLIENT [--min CODEC] [--max CODEC]`. The server checks what it says. */
export async function quality(
  name: string,
  options: ServerOption & { readonly min?: string; readonly max?: string },
): Promise<void> {
  const set = {
    ...(options.max !== undefined && { codecMax: options.max === "off" ? null : options.max }),
    ...(options.min !== undefined && { codecMin: options.min === "off" ? null : options.min }),
  };
  await withHouse(options, async ({ connection, house }) => {
    const { client } = clientCalled(name, house);
    const { codecMax, codecMin } = await connection.call("Client.SetQuality", {
      id: client.id,
      ...set,
    });
    const [best, least] = [codecMax ?? "as configured", codecMin ?? "as configured"];
    say(`${nameOf(client)}: best ${best}, least ${least}`);
  });
}

/** `tutti client buffer CLIENT MS`. The server checks the range. */
export async function buffer(name: string, text: string, options: ServerOption): Promise<void> {
  const wanted = bufferOf(text);
  await withHouse(options, async ({ connection, house }) => {
    const { client } = clientCalled(name, house);
    const { bufferMs } = await connection.call("Client.SetBuffer", {
      id: client.id,
      bufferMs: wanted,
    });
    const shown = bufferMs === null ? "as configured" : `${bufferMs} ms at the least`;
    say(`${nameOf(client)}: buffer ${shown}`);
  });
}

function shown(percent: number | null, otherwise: string): string {
  return percent === null ? otherwise : `${percent} %`;
}

function percentOf(text: string): number | null {
  if (text === "off") return null;
  const [, digits] = /^(\d{1,3})\s?%?$/.exec(text.trim()) ?? [];
  if (digits === undefined || Number(digits) > 100) {
    throw misuse(`'${text}' is no volume; it is written 50 or 50%, or off`);
  }
  return Number(digits);
}
