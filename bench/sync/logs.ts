import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FaultSpan } from "./fault.ts";
import type { Played } from "./session.ts";

/** Where `--logs yes` keeps what all programs of a run said, a folder for each run. */
const LOGS = join(import.meta.dirname, "../../logs");

/** Writes all that a system's programs said, and what was measured of them, each moment by the same clock. */
export function keepLogs(
  run: string,
  { system, texts }: Played,
  notes: readonly string[],
  faults: readonly FaultSpan[],
): void {
  const folder = join(LOGS, run.replaceAll(/[ ,]+/g, "-"));
  mkdirSync(folder, { recursive: true });
  const struck = faults.map(({ fromUs, endUs, proof }) => {
    return `fault from ${fromUs / 1e6} s to ${endUs / 1e6} s: ${proof}`;
  });
  const all = { ...texts, measured: `${[...struck, ...notes].join("\n")}\n` };
  for (const [program, text] of Object.entries(all)) {
    writeFileSync(join(folder, `${system.name}-${program}.log`), text);
  }
}
