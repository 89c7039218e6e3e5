import { readFileSync } from "node:fs";

/** A small file's text, or nothing when it cannot be read: not there, gone again, not ours. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // the caller asks only whether there is something to be read
  }
}
