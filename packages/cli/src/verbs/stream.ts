import type { House } from "../core/house-view.ts";
import { streamState } from "../core/status-text.ts";
import { type Column, formatTable, NOTHING } from "../core/table.ts";
import { misuse } from "../failure.ts";
import { streamCalled } from "../house-names.ts";
import { paperOf } from "../paper.ts";
import { say, sayJson } from "../print.ts";
import { type ServerOption, withHouse, withServer } from "../with-house.ts";

type Stream = House["streams"][number];

const COLUMNS: readonly Column<Stream>[] = [
  { heading: "STREAM", cell: ({ id }) => id },
  { heading: "STATE", cell: streamState },
  { heading: "CODEC", cell: ({ uri }) => uri.query.codec ?? NOTHING, rank: 1 },
  { heading: "FORMAT", cell: ({ uri }) => uri.query.sampleformat ?? NOTHING, rank: 2 },
  { heading: "SOURCE", cell: sourceOf, rank: 3 },
  { heading: "NOW", cell: nowPlaying, optional: true },
];

const SOURCES: readonly Column<Stream>[] = [
  { heading: "SOURCE", cell: sourceOf },
  { heading: "STREAM", cell: ({ id }) => id },
  { heading: "STATE", cell: streamState },
  { heading: "FORMAT", cell: ({ uri }) => uri.query.sampleformat ?? NOTHING, rank: 1 },
];

/** `tutti stream list`. */
export function listStreams(options: ServerOption): Promise<void> {
  return list(COLUMNS, options);
}

/** `tutti sources`. */
export function listSources(options: ServerOption): Promise<void> {
  return list(SOURCES, options);
}

async function list(columns: readonly Column<Stream>[], options: ServerOption): Promise<void> {
  await withHouse(options, async ({ house }) => {
    if (house.streams.length === 0) return say("The server has no stream.");
    process.stdout.write(`${formatTable(columns, house.streams, paperOf(process.stdout))}\n`);
  });
}

function sourceOf({ uri }: Stream): string {
  return `${uri.scheme}://${uri.host}${uri.path}`;
}

/** "Title, Artist" of players that tell. */
function nowPlaying({ properties }: Stream): string {
  const { title, artist } = (properties.metadata ?? {}) as { title?: unknown; artist?: unknown };
  const words = [title, ...[artist].flat()].filter((word) => typeof word === "string");
  return words.join(", ") || NOTHING;
}

/** `tutti stream info STREAM`. */
export async function showStream(
  name: string,
  options: ServerOption & { readonly json?: boolean },
): Promise<void> {
  await withHouse(options, async ({ house }) => {
    const stream = streamCalled(name, house);
    if (options.json) return sayJson(stream);
    const groups = house.groups.filter(({ stream_id }) => stream_id === stream.id);
    const { properties, uri } = stream;
    const can = Object.entries(properties).filter(([key, value]) => /^can/.test(key) && value);
    const facts: [string, string][] = [
      ["name", stream.id],
      ["state", stream.status],
      ["plays", nowPlaying(stream)],
      ["source", sourceOf(stream)],
      ...Object.entries(uri.query).filter(([key]) => key !== "name"),
      ["player", can.map(([key]) => key.replace(/^can/, "")).join(", ") || "cannot be controlled"],
      ["groups", `${groups.length}`],
    ];
    const width = Math.max(...facts.map(([label]) => label.length));
    say(...facts.map(([label, fact]) => `${label.padEnd(width)}  ${fact}`));
  });
}

/** `tutti stream add URI`. */
export async function addStream(uri: string, options: ServerOption): Promise<void> {
  await withServer(options, async (connection) => {
    const { id } = await connection.call("Stream.AddStream", { streamUri: uri });
    say(`${id} is added`);
  });
}

/** `tutti stream remove STREAM`. */
export async function removeStream(name: string, options: ServerOption): Promise<void> {
  await withHouse(options, async ({ connection, house }) => {
    const { id } = streamCalled(name, house);
    await connection.call("Stream.RemoveStream", { id });
    say(`${id} is removed`);
  });
}

interface PlayerCommand {
  readonly command: string;
  readonly params?: Record<string, unknown>;
}

/** `tutti stream play STREAM` and its like. */
export async function controlStream(
  name: string | undefined,
  { command, params }: PlayerCommand,
  options: ServerOption,
): Promise<void> {
  await withHouse(options, async ({ connection, house }) => {
    const { id } = name === undefined ? onlyStream(house) : streamCalled(name, house);
    await connection.call("Stream.Control", { id, command, ...(params && { params }) });
    say(`${id}: ${command}`);
  });
}

function onlyStream({ streams }: House): Stream {
  const [first] = streams;
  if (first && streams.length === 1) return first;
  throw misuse(
    `there are ${streams.length} streams: ${streams.map(({ id }) => id).join(", ")}; name one`,
  );
}

/** `tutti stream seek STREAM SECONDS`. */
export async function seekStream(name: string, text: string, options: ServerOption): Promise<void> {
  const [, sign, digits] = /^([+-])?(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (digits === undefined) throw misuse(`'${text}' is no time; it is written 90, +10 or -10`);
  const seconds = Number(digits);
  const command: PlayerCommand =
    sign === undefined
      ? { command: "setPosition", params: { position: seconds } }
      : { command: "seek", params: { offset: sign === "-" ? -seconds : seconds } };
  await controlStream(name, command, options);
}
