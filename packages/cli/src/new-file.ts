import { chownSync, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Writes a file that is not there yet, with its folder. Overwriting must be asked for, and then the
 * file is whole at every moment. What root writes belongs to whom the folder belongs to: the
 * daemon must be able to read it.
 */
export function writeNewFile(path: string, text: string, overwrite: boolean): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const fresh = overwrite ? `${path}.new` : path;
  writeFileSync(fresh, text, { flag: overwrite ? "w" : "wx", mode: 0o644 });
  if (process.getuid?.() === 0) {
    const { uid, gid } = statSync(folder);
    chownSync(fresh, uid, gid);
  }
  if (overwrite) renameSync(fresh, path);
}
