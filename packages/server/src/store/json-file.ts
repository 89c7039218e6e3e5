import { existsSync, readFileSync, renameSync } from "node:fs";
import { link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseSavedHouse, SAVED_HOUSE_FILE, type SavedHouse } from "@tutti/protocol/control";

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
  #waiting: Waiting | undefined;
  #writing: Promise<void> | undefined;
  #failing = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: JsonFileStoreOptions) {
    this.#options = options;
    this.#file = join(options.directory, SAVED_HOUSE_FILE);
    this.#previous = join(options.directory, "house.previous.json");
  }

  /** The newest state that can be read; undefined when there is none. To be called once, before `save`. */
  load(): SavedHouse | undefined {
    const { directory, onEvent } = this.#options;
    if (!existsSync(this.#file) && !existsSync(this.#previous)) return undefined;
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
      await replaceFile(this.#file, this.#previous, `${JSON.stringify(state, undefined, 2)}\n`);
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
    if (!existsSync(file)) return undefined;
    const saved = parse(readFileSync(file, "utf8"));
    if (saved) return saved;
    const keptAs = freeName(file);
    renameSync(file, keptAs);
    this.#tell({ kind: "state file broken", file, keptAs });
    return undefined;
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

/** `house.json` becomes the first of `house.broken-1.json`, `house.broken-2.json`, ... that is free. */
function freeName(file: string): string {
  for (let number = 1; ; number++) {
    const name = file.replace(/\.json$/, `.broken-${number}.json`);
    if (!existsSync(name)) return name;
  }
}

/** At every moment `file` is whole, the old or the new one; the old one stays as `previous`. */
async function replaceFile(file: string, previous: string, text: string): Promise<void> {
  const directory = dirname(file);
  await mkdir(directory, { recursive: true });
  await writeFlushed(`${file}.new`, text);
  await keep(file, previous);
  await rename(`${file}.new`, file);
  await flushDirectory(directory);
}

async function writeFlushed(file: string, text: string): Promise<void> {
  const handle = await open(file, "w", 0o640);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A second name for the file, put over the old second name in one step. */
async function keep(file: string, as: string): Promise<void> {
  await rm(`${as}.new`, { force: true });
  try {
    await link(file, `${as}.new`);
  } catch (cause) {
    if (isSystemError(cause) && cause.code === "ENOENT") return;
    throw cause;
  }
  await rename(`${as}.new`, as);
}

/** Without this a rename may not outlive a power cut. */
async function flushDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isSystemError(cause: unknown): cause is NodeJS.ErrnoException {
  return cause instanceof Error && "code" in cause;
}
