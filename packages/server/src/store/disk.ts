import { existsSync, readFileSync, renameSync } from "node:fs";
import { link, mkdir, open, rename, rm } from "node:fs/promises";

/** What the store asks of a file system. Each is one step, after which the power may be gone. */
export interface Disk {
  exists(file: string): boolean;
  read(file: string): string;
  /** Gives a broken file another name. */
  putAside(file: string, as: string): void;
  makeDirectory(directory: string): Promise<void>;
  /** The content survives a power cut from then on; whether the name does, the directory's flush decides. */
  writeFlushed(file: string, text: string): Promise<void>;
  /** A file that is not there is as good as removed. */
  remove(file: string): Promise<void>;
  /** Gives a file a second name. Resolves with false when there is no such file. */
  link(file: string, as: string): Promise<boolean>;
  rename(file: string, as: string): Promise<void>;
  /** Names, old and new, survive a power cut from then on. */
  flushDirectory(directory: string): Promise<void>;
}

/** This machine's. */
export const realDisk: Disk = {
  exists: existsSync,
  read: (file) => readFileSync(file, "utf8"),
  putAside: renameSync,
  makeDirectory: async (directory) => void (await mkdir(directory, { recursive: true })),
  writeFlushed: async (file, text) => {
    const handle = await open(file, "w", 0o640);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  remove: (file) => rm(file, { force: true }),
  link: async (file, as) => {
    try {
      await link(file, as);
      return true;
    } catch (cause) {
      if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return false;
      throw cause;
    }
  },
  rename,
  flushDirectory: async (directory) => {
    const handle = await open(directory, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};
