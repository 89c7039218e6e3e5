import { dirname } from "node:path";
import { parseSavedHouse, type SavedHouse } from "@tutti/protocol/control";
import type { Disk } from "./disk.ts";

/** The house in one file, for people to read, and the one before it in another. */
export interface WholeFile {
  readonly file: string;
  readonly previous: string;
}

/** At every moment `file` is whole, the old or the new one; the old one stays as `previous`. */
export async function writeWhole(
  disk: Disk,
  { file, previous }: WholeFile,
  house: SavedHouse,
): Promise<void> {
  const directory = dirname(file);
  await disk.makeDirectory(directory);
  await disk.writeFlushed(`${file}.new`, `${JSON.stringify(house, undefined, 2)}\n`);
  await disk.remove(`${previous}.new`);
  if (await disk.link(file, `${previous}.new`)) await disk.rename(`${previous}.new`, previous);
  await disk.rename(`${file}.new`, file);
  await disk.flushDirectory(directory);
}

/** Undefined when the file is missing or broken; a broken one is put aside, and `onBroken` told as what. */
export function readWhole(
  disk: Disk,
  file: string,
  onBroken: (keptAs: string) => void,
): SavedHouse | undefined {
  if (!disk.exists(file)) return undefined;
  const saved = parse(disk.read(file));
  if (!saved) onBroken(putAside(disk, file));
  return saved;
}

/** `house.json` becomes the first of `house.broken-1.json`, `house.broken-2.json`, ... that is free. */
export function putAside(disk: Disk, file: string): string {
  for (let number = 1; ; number++) {
    const name = file.replace(/(\.json)?$/, `.broken-${number}$1`);
    if (disk.exists(name)) continue;
    disk.putAside(file, name);
    return name;
  }
}

function parse(text: string): SavedHouse | undefined {
  try {
    return parseSavedHouse(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}
