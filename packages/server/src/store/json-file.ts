import { join } from "node:path";
import { JOURNAL_FILES, SAVED_HOUSE_FILE, type SavedHouse } from "@tutti/protocol/control";
import { type Disk, realDisk } from "./disk.ts";
import { Journal, lineOf, replayed } from "./journal.ts";
import { changeBetween } from "./state-change.ts";
import { putAside, readWhole, type WholeFile, writeWhole } from "./whole-file.ts";

/** What an operator must know about the state file. */
export type StoreEvent =
  /** The file was not ours or damaged; it lies untouched under `keptAs`. */
  | { readonly kind: "state file broken"; readonly file: string; readonly keptAs: string }
  /** The newest file is lost; the one before it is in use, with what the journal has beyond it. */
  | { readonly kind: "earlier state used"; readonly file: string }
  /** The journal has changes of another, later house than the file holds. They lie untouched under `keptAs`. */
  | { readonly kind: "changes lost"; readonly changes: number; readonly keptAs: readonly string[] }
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
  /** Of each of the journal's files, for those who want them full soon. */
  readonly journalBytes?: number;
}

/** A full disk seldom empties sooner. */
const RETRY_AFTER_MS = 2_000;
/** By so much the file that people read may be behind the journal. */
const WHOLE_AFTER_MS = 60_000;

interface Waiting {
  readonly state: SavedHouse;
  readonly done: readonly ((saved: boolean) => void)[];
}

/**
 * Keeps the house in one file that is whole at every moment (written beside, flushed, renamed over; the one before
 * stays), and in a journal what changed since. Nothing that cannot be read is ever overwritten.
 */
export class JsonFileStore {
  readonly #whole: WholeFile;
  readonly #journalFiles: readonly [string, string];
  readonly #options: JsonFileStoreOptions;
  readonly #disk: Disk;
  /** As the disk has it, in the file and the journal together. */
  #saved: SavedHouse | undefined;
  /** Of the house in the file. */
  #wholeRevision = 0;
  #journal: Journal | undefined;
  #waiting: Waiting | undefined;
  #writing: Promise<void> | undefined;
  #opening: Promise<void> | undefined;
  /** Saving the house whole while changes go to the journal. */
  #beside: Promise<void> | undefined;
  #failing = false;
  #closing = false;
  #retry: NodeJS.Timeout | undefined;
  #wholeSoon: NodeJS.Timeout | undefined;

  constructor(options: JsonFileStoreOptions) {
    this.#options = options;
    this.#disk = options.disk ?? realDisk;
    const at = (name: string) => join(options.directory, name);
    this.#whole = { file: at(SAVED_HOUSE_FILE), previous: at("house.previous.json") };
    this.#journalFiles = [at(JOURNAL_FILES[0]), at(JOURNAL_FILES[1])];
  }

  /** The newest state that can be read; undefined when there is none. To be called once, before `save`. */
  load(): SavedHouse | undefined {
    const { file, previous } = this.#whole;
    if (!this.#disk.exists(file) && !this.#disk.exists(previous)) return undefined;
    const newest = this.#read(file);
    if (newest) return this.#withJournal(newest);
    const earlier = this.#read(previous);
    if (!earlier) {
      this.#tell({ kind: "state lost", directory: this.#options.directory });
      return undefined;
    }
    this.#tell({ kind: "earlier state used", file: previous });
    return this.#withJournal(earlier);
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

  /**
   * Waits for what is being written; a state that could not be written gets a last try. Leaves no journal: what is saved
   * meanwhile, as clients leave, is written whole behind it.
   */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#retry);
    if (this.#waiting) this.#writing ??= this.#run();
    while (this.#writing ?? this.#opening ?? this.#beside) {
      await Promise.all([this.#writing, this.#opening, this.#beside]);
    }
    clearTimeout(this.#retry);
    clearTimeout(this.#wholeSoon);
    // In a writer's place: two at once would write the same file.
    this.#writing = this.#endJournal();
    await this.#writing;
    this.#writing = this.#waiting && this.#run();
    await this.#writing;
    clearTimeout(this.#retry);
  }

  async #endJournal(): Promise<void> {
    await this.#closeJournal();
    const saved = this.#saved;
    if (!saved || !this.#journalFiles.some((file) => this.#disk.exists(file))) return;
    const whole = saved.revision === this.#wholeRevision;
    if (whole || (await this.#writeWhole(saved))) await this.#removeJournal();
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
    if (await this.#append(state)) {
      this.#told(undefined);
      return true;
    }
    // Two at once would write the same file.
    await this.#beside;
    if (!(await this.#writeWhole(state))) return false;
    this.#saved = state;
    if (!this.#journal && !this.#closing) this.#opening ??= this.#openJournal();
    return true;
  }

  /** False when the journal cannot take it: it is full, missing or failing, or the state is no later one. */
  async #append(state: SavedHouse): Promise<boolean> {
    const [journal, before] = [this.#journal, this.#saved];
    if (!journal || !before || state.revision <= before.revision) return false;
    const line = lineOf(changeBetween(before, state));
    if (!journal.hasRoom(line, this.#wholeRevision)) return false;
    try {
      await journal.append(line, state.revision);
    } catch (cause) {
      if (!isSystemError(cause)) throw cause;
      await this.#closeJournal();
      return false;
    }
    this.#saved = state;
    if (journal.wantsWhole(this.#wholeRevision)) this.#wholeBeside();
    else this.#wholeLater();
    return true;
  }

  /** Saves the house whole while changes go on going to the journal. A disk that refuses is asked again later. */
  #wholeBeside(): void {
    clearTimeout(this.#wholeSoon);
    this.#wholeSoon = undefined;
    const state = this.#saved;
    if (this.#beside || !state) return;
    // Why it fails is told when it matters: as long as the journal has room, nothing is unsaved.
    this.#beside = this.#tryWhole(state).then(() => {
      this.#beside = undefined;
      this.#wholeLater();
    });
  }

  #wholeLater(): void {
    if (this.#saved?.revision === this.#wholeRevision) return;
    this.#wholeSoon ??= setTimeout(() => this.#wholeBeside(), WHOLE_AFTER_MS).unref();
  }

  async #writeWhole(state: SavedHouse): Promise<boolean> {
    const reason = await this.#tryWhole(state);
    this.#told(reason);
    return reason === undefined;
  }

  /** Undefined when it is done, else why it is not. */
  async #tryWhole(state: SavedHouse): Promise<string | undefined> {
    try {
      await writeWhole(this.#disk, this.#whole, state);
    } catch (cause) {
      if (!isSystemError(cause)) throw cause;
      return cause.message;
    }
    this.#wholeRevision = state.revision;
    return undefined;
  }

  /** Without one, changes go on being saved whole. */
  async #openJournal(): Promise<void> {
    const journal = { disk: this.#disk, files: this.#journalFiles };
    const bytes = this.#options.journalBytes;
    try {
      const opened = await Journal.open({ ...journal, ...(bytes !== undefined && { bytes }) });
      await this.#disk.flushDirectory(this.#options.directory);
      this.#journal = opened;
    } catch (cause) {
      if (!isSystemError(cause)) throw cause;
    }
    this.#opening = undefined;
  }

  /** Whatever its disk says to that: what was acknowledged is on it. */
  async #closeJournal(): Promise<void> {
    const journal = this.#journal;
    this.#journal = undefined;
    try {
      await journal?.close();
    } catch (cause) {
      if (!isSystemError(cause)) throw cause;
    }
  }

  async #removeJournal(): Promise<void> {
    for (const file of this.#journalFiles) await this.#disk.remove(file);
  }

  #withJournal(whole: SavedHouse): SavedHouse {
    const files = this.#journalFiles.filter((file) => this.#disk.exists(file));
    const { house, left } = replayed(
      whole,
      files.map((file) => this.#disk.read(file)),
    );
    if (left > 0) {
      const keptAs = files.map((file) => putAside(this.#disk, file));
      this.#tell({ kind: "changes lost", changes: left, keptAs });
    }
    this.#saved = house;
    this.#wholeRevision = whole.revision;
    return house;
  }

  #read(file: string): SavedHouse | undefined {
    return readWhole(this.#disk, file, (keptAs) =>
      this.#tell({ kind: "state file broken", file, keptAs }),
    );
  }

  /** How the last try went: the first that fails is told, and the first that does not. */
  #told(reason: string | undefined): void {
    const failing = reason !== undefined;
    if (failing === this.#failing) return;
    this.#failing = failing;
    const { file } = this.#whole;
    if (failing) this.#tell({ kind: "state not saved", file, reason });
    else this.#tell({ kind: "state saved again", file });
  }

  #tell(event: StoreEvent): void {
    this.#options.onEvent(event);
  }
}

function isSystemError(cause: unknown): cause is NodeJS.ErrnoException {
  return cause instanceof Error && "code" in cause;
}
