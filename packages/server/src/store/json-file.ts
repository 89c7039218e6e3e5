import { dirname, join } from "node:path";
import { parseSavedHouse, SAVED_HOUSE_FILE, type SavedHouse } from "@tutti/protocol/control";
import { type Disk, realDisk } from "./disk.ts";

/** What an operator must know about the state file. */
export type StoreEvent =
  /** The file was not ours or damaged; it lies untouched under `keptAs`. */
  | { readonly kind: "state file broken"; readonly file: string; readonly keptAs: string }
  /** The house as it was one change earlier is in use, because the newest is lost. */
  | { readonly kind: "earlier state used"; readonly file: string }
  /** The house is as if new, because neither the newest state nor the one before can be read. */
  | { readonly kind: "state lost"; readonly directory: string }
  /** It is tried again, until then changes survive only as long as this process. */
  | { readonly kind: "state not saved"; readonly file: string; readonly reason: string }
  | { readonly kind: "state saved again"; readonly file: string };

export interface JsonFileStoreOptions {
  /** Made when missing. Belongs to one server. */
  readonly directory: string;
  readonly onEvent: (event: StoreEvent) => void;
  /** Another one than the machine's, for those who cut its power. */
  readonly disk?: Disk;
}

/** A full disk seldom empties sooner. */
const RETRY_AFTER_MS = 2_000;

interface Waiting {
  readonly state: SavedHouse;
  readonly done: readonly ((saved: boolean) => void)[];
}

/**
 * Keeps the house in one file that is whole at every moment: written beside, flushed, renamed over.
 * The state before stays as a second file. Nothing that cannot be read is ever overwritten.
 */
export class JsonFileStore {
  readonly #file: string;
  readonly #previous: string;
  readonly #options: JsonFileStoreOptions;
  readonly #disk: Disk;
  #waiting: Waiting | undefined;
  #writing: Promise<void> | undefined;
  #failing = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: JsonFileStoreOptions) {
    this.#options = options;
    this.#disk = options.disk ?? realDisk;
    this.#file = join(options.directory, SAVED_HOUSE_FILE);
    this.#previous = join(options.directory, "house.previous.json");
  }

  /** The newest state that can be read; undefined when there is none. To be called once, before `save`. */
  load(): SavedHouse | undefined {
    const { directory, onEvent } = this.#options;
    if (!this.#disk.exists(this.#file) && !this.#disk.exists(this.#previous)) return undefined;
    const newest = this.#read(this.#file);
    if (newest) return newest;
    const earlier = this.#read(this.#previous);
    if (earlier) onEvent({ kind: "earlier state used", file: this.#previous });
    else onEvent({ kind: "state lost", directory });
    return earlier;
  }

  /**
   * Writes at once, or together with all that comes while a write is under way. Resolves with true
   * when this state or a newer one is on disk, with false when the disk refused (it is retried).
   */
  save(state: SavedHouse): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting = { state, done: [...(this.#waiting?.done ?? []), resolve] };
      clearTimeout(this.#retry);
      this.#writing ??= this.#run();
    });
  }

  /** Waits for what is being written; a state that could not be written gets a last try. */
  async close(): Promise<void> {
    clearTimeout(this.#retry);
    if (this.#waiting) this.#writing ??= this.#run();
    await this.#writing;
    clearTimeout(this.#retry);
  }

  async #run(): Promise<void> {
    while (this.#waiting) {
      const { state, done } = this.#waiting;
      this.#waiting = undefined;
      const saved = await this.#write(state);
      for (const tell of done) tell(saved);
      if (!saved && !this.#waiting) {
        this.#waiting = { state, done: [] };
        break;
      }
    }
    this.#writing = undefined;
    if (this.#waiting) this.#retryLater();
  }

  #retryLater(): void {
    this.#retry = setTimeout(() => {
      this.#writing ??= this.#run();
    }, RETRY_AFTER_MS).unref();
  }

  async #write(state: SavedHouse): Promise<boolean> {
    try {
      const text = `${JSON.stringify(state, undefined, 2)}\n`;
      await replaceFile(this.#disk, this.#file, this.#previous, text);
    } catch (cause) {
      if (!isSystemError(cause)) throw cause;
      const reason = cause.message;
      if (!this.#failing) this.#tell({ kind: "state not saved", file: this.#file, reason });
      this.#failing = true;
      return false;
    }
    if (this.#failing) this.#tell({ kind: "state saved again", file: this.#file });
    this.#failing = false;
    return true;
  }

  /** Undefined when the file is missing or broken; a broken one is put aside. */
  #read(file: string): SavedHouse | undefined {
    if (!this.#disk.exists(file)) return undefined;
    const saved = parse(this.#disk.read(file));
    if (saved) return saved;
    const keptAs = this.#freeName(file);
    this.#disk.putAside(file, keptAs);
    this.#tell({ kind: "state file broken", file, keptAs });
    return undefined;
  }

  /** `house.json` becomes the first of `house.broken-1.json`, `house.broken-2.json`, ... that is free. */
  #freeName(file: string): string {
    for (let number = 1; ; number++) {
      const name = file.replace(/\.json$/, `.broken-${number}.json`);
      if (!this.#disk.exists(name)) return name;
    }
  }

  #tell(event: StoreEvent): void {
    this.#options.onEvent(event);
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

/** At every moment `file` is whole, the old or the new one; the old one stays as `previous`. */
async function replaceFile(
  disk: Disk,
  file: string,
  previous: string,
  text: string,
): Promise<void> {
  const directory = dirname(file);
  await disk.makeDirectory(directory);
  await disk.writeFlushed(`${file}.new`, text);
  await disk.remove(`${previous}.new`);
  if (await disk.link(file, `${previous}.new`)) await disk.rename(`${previous}.new`, previous);
  await disk.rename(`${file}.new`, file);
  await disk.flushDirectory(directory);
}

function isSystemError(cause: unknown): cause is NodeJS.ErrnoException {
  return cause instanceof Error && "code" in cause;
}
