import { ClientStats } from "../control/client-stats.ts";
import { ProtocolError } from "../errors.ts";
import { CLIENT_STATS_BYTES_MAX } from "../limits.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";

/** Throws ProtocolError for one that is too long, lacks what every client knows, or has a value that cannot be. */
export function readClientStats(reader: ByteReader): ClientStats {
  if (reader.remaining > CLIENT_STATS_BYTES_MAX) {
    throw new ProtocolError(
      `client stats of ${reader.remaining} bytes exceed ${CLIENT_STATS_BYTES_MAX}`,
    );
  }
  const { data, error } = ClientStats.safeParse(reader.json());
  if (data) return data;
  const [issue] = error.issues;
  throw new ProtocolError(`client stats: ${issue?.path.join(".")}: ${issue?.message}`);
}

/** Keys in alphabetical order, as everywhere on the wire; what is undefined is left out. */
export function writeClientStats(writer: ByteWriter, stats: ClientStats): void {
  writer.json(Object.fromEntries(Object.entries(stats).toSorted(([a], [b]) => (a < b ? -1 : 1))));
}
