import { ProtocolError } from "../errors.ts";
import { CLIENT_STATS_BYTES_MAX } from "../limits.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";

/** A report as it came: `parseClientStats` of the control API knows its keys, so that players need no schema library. */
export type UncheckedStats = Readonly<Record<string, unknown>>;

/** Throws ProtocolError for one that is too long, or no object. */
export function readClientStats(reader: ByteReader): UncheckedStats {
  if (reader.remaining > CLIENT_STATS_BYTES_MAX) {
    throw new ProtocolError(
      `client stats of ${reader.remaining} bytes exceed ${CLIENT_STATS_BYTES_MAX}`,
    );
  }
  return reader.json();
}

/** Keys in alphabetical order, as everywhere on the wire; what is undefined is left out. */
export function writeClientStats(writer: ByteWriter, stats: UncheckedStats): void {
  writer.json(Object.fromEntries(Object.entries(stats).toSorted(([a], [b]) => (a < b ? -1 : 1))));
}
