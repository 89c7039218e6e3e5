import { rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readText } from "./read-text.ts";

/** The right to be the one `up` with this state folder. */
export type Place =
  | { readonly kind: "ours"; release(): void }
  | { readonly kind: "taken"; readonly reason: string };

/** Leaves a mark with our process id in the folder, unless the mark of a living `up` is there. */
export function claimPlace(stateDir: string): Place {
  const path = join(stateDir, "up.pid");
  const other = livingOwner(path);
  if (other !== undefined) {
    const since = statSync(path).mtime.toLocaleString();
    return {
      kind: "taken",
      reason: `already up here, as process ${other}, since ${since}. Ctrl-C in its terminal stops it, or: kill ${other}`,
    };
  }
  writeFileSync(path, `${process.pid}\n`);
  return { kind: "ours", release: () => rmSync(path, { force: true }) };
}

/** The process in the mark, if it still runs and is one of ours: ids are used again. */
function livingOwner(path: string): number | undefined {
  const pid = Number(readText(path)?.trim());
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return undefined;
  const words = readText(`/proc/${pid}/cmdline`)?.split("\0") ?? [];
  return words.includes("up") && words.some((word) => word.endsWith("main.cjs")) ? pid : undefined;
}
