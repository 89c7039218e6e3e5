import {
  close as closeFile,
  constants,
  existsSync,
  open as openFile,
  readFileSync,
  renameSync,
  write as writeFile,
} from "node:fs";
import { link, mkdir, open, rename, rm } from "node:fs/promises";
import { promisify } from "node:util";

/** A file of fixed length that is written piece by piece. */
export interface Pieces {
  /** Resolves when it survives a power cut; until then any part of it may be there. What lies around it stays as it was. */
  write(text: string, atByte: number): Promise<void>;
  close(): Promise<void>;
}

/** What the store asks of a file system. Each is one step, after which the power may be gone. */
export interface Disk {
  exists(file: string): boolean;
  read(file: string): string;
  /** Gives a broken file another name. */
  putAside(file: string, as: string): void;
  makeDirectory(directory: string): Promise<void>;
  /** The content survives a power cut from then on; whether the name does, the directory's flush decides. */
  writeFlushed(file: string, text: string): Promise<void>;
  /** Opens a file of that many bytes: as it is, or, if it has another length, made anew and full of line ends. */
  openPieces(file: string, bytes: number): Promise<Pieces>;
  /** A file that is not there is as good as removed. */
  remove(file: string): Promise<void>;
  /** Gives a file a second name. Resolves with false when there is no such file. */
  link(file: string, as: string): Promise<boolean>;
  rename(file: string, as: string): Promise<void>;
  /** Names, old and new, survive a power cut from then on. */
  flushDirectory(directory: string): Promise<void>;
}

/** On a bare descriptor, as changes wait for it: a FileHandle's write costs the thread that plays more. */
const [openAs, writeTo, closeOf] = [
  promisify(openFile),
  promisify(writeFile),
  promisify(closeFile),
];

/** For the service and its group only. */
const FILE_MODE = 0o640;

/** This machine's. */
export const realDisk: Disk = {
  exists: existsSync,
  read: (file) => readFileSync(file, "utf8"),
  putAside: renameSync,
  makeDirectory: async (directory) => void (await mkdir(directory, { recursive: true })),
  writeFlushed: async (file, text) => {
    const handle = await open(file, "w", FILE_MODE);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  openPieces: async (file, bytes) => {
    const making = await open(file, constants.O_RDWR | constants.O_CREAT, FILE_MODE);
    try {
      if ((await making.stat()).size !== bytes) {
        await making.truncate();
        // Written and not only reserved: later writes then change no length and no map of blocks.
        await making.writeFile("\n".repeat(bytes));
        await making.sync();
      }
    } finally {
      await making.close();
    }
    // Each write is its own flush: one way through the thread pool, not two.
    const descriptor = await openAs(file, constants.O_WRONLY | constants.O_DSYNC);
    return {
      write: async (text, at) => {
        const piece = Buffer.from(text);
        const { bytesWritten } = await writeTo(descriptor, piece, 0, piece.length, at);
        if (bytesWritten < piece.length) throw diskFull(file);
      },
      close: () => closeOf(descriptor),
    };
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

function diskFull(file: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`ENOSPC: only part of a piece was written, '${file}'`), {
    code: "ENOSPC",
  });
}
