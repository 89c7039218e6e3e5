import { nameOf } from "../core/house-view.ts";
import { formatMillis } from "../core/quantity.ts";
import { misuse } from "../failure.ts";
import { clientCalled } from "../house-names.ts";
import { say } from "../print.ts";
import { type ServerOption, withHouse } from "../with-house.ts";

/** `tutti latency CLIENT [MS]`. */
export async function latency(
  name: string,
  text: string | undefined,
  options: ServerOption,
): Promise<void> {
  const ms = text === undefined ? undefined : parseMillis(text);
  await withHouse(options, async ({ connection, house }) => {
    const { client } = clientCalled(name, house);
    const set =
      ms === undefined
        ? client.config.latency
        : (await connection.call("Client.SetLatency", { id: client.id, latency: ms })).latency;
    const shortened = ms !== undefined && Math.abs(set - ms) > 0.05;
    say(`${nameOf(client)}: ${formatMillis(set)}${shortened ? `, the server's limit` : ""}`);
  });
}

function parseMillis(text: string): number {
  const [, number] = /^([+-]?\d{1,5}(?:\.\d+)?)\s?(?:ms)?$/.exec(text.trim()) ?? [];
  if (number === undefined) {
    throw misuse(`'${text}' is no latency; it is written in ms, like 12 or 42.5`);
  }
  return Number(number);
}

/** `tutti name CLIENT NEW`. */
export async function rename(name: string, newName: string, options: ServerOption): Promise<void> {
  await withHouse(options, async ({ connection, house }) => {
    const { client } = clientCalled(name, house);
    const set = await connection.call("Client.SetName", { id: client.id, name: newName });
    const now = nameOf({ ...client, config: { ...client.config, name: set.name } });
    say(`${nameOf(client)} is called ${now}`);
  });
}
