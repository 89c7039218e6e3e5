import { stat } from "node:fs/promises";
import { type OnReadOpts, Socket } from "node:net";
import { frameBytes } from "@tutti/protocol";
import { openFifo, prepareFifo } from "./fifo.ts";
import type { Source, SourceOptions } from "./source.ts";

const RETRY_MS = 1_000;
/** How often we look whether the path still leads to the FIFO we read. */
const CHECK_EVERY_MS = 2_000;
/** Timers count in milliseconds: a shorter wait is none. (ms) */
const WAIT_MS_MIN = 1;

export interface PipeOptions extends SourceOptions {
  readonly path: string;
  readonly mode: "create" | "read";
}

/**
 * PCM from a named pipe. The event loop watches the pipe, so nothing polls and no thread is held. Reads
 * are bounded to one chunk and stop while the stream is ahead of real time: the pipe then holds the
 * writer. The bound is a frame more than a chunk, so that a burst of whole chunks also ends with a read
 * that is not full, which tells the stream's clock that the pipe is empty.
 */
export class PipeSource implements Source {
  readonly #options: PipeOptions;
  readonly #frameBytes: number;
  readonly #read: Buffer;
  readonly #check: NodeJS.Timeout;
  #socket: Socket | undefined;
  #inode: number | undefined;
  #retry: NodeJS.Timeout | undefined;
  #resume: NodeJS.Timeout | undefined;
  /** Bytes of a frame whose end has not come yet. */
  #rest: Uint8Array = new Uint8Array(0);
  #state = "";
  #closed = false;

  constructor(options: PipeOptions) {
    const { format, chunkMs } = options;
    this.#options = options;
    this.#frameBytes = frameBytes(format);
    const chunkFrames = Math.round((format.rateHz * chunkMs) / 1_000);
    this.#read = Buffer.alloc((chunkFrames + 1) * this.#frameBytes);
    this.#check = setInterval(() => void this.#checkPath(), CHECK_EVERY_MS);
    void this.#open();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#check);
    clearTimeout(this.#retry);
    this.#drop();
  }

  async #open(): Promise<void> {
    const { path, mode } = this.#options;
    try {
      await prepareFifo(path, mode);
      this.#inode = (await stat(path)).ino;
      if (!this.#closed) this.#listen();
    } catch (error) {
      this.#fail((error as Error).message);
    }
  }

  /** Reads from the path anew. The old reader goes after the new one is there. */
  #listen(): void {
    const fd = openFifo(this.#options.path);
    this.#drop();
    this.#rest = new Uint8Array(0);
    this.#tell("waiting");
    // The constructor takes `onread` as connect() does, though its type does not say so.
    const onread: OnReadOpts = { buffer: this.#read, callback: (length) => this.#take(length) };
    const options = { fd, readable: true, writable: false, onread };
    const socket = new Socket(options);
    socket.on("end", () => this.#writersGone());
    socket.on("error", (error) => this.#fail(error.message));
    this.#socket = socket;
  }

  /** The last writer closed the pipe; others may have come since. */
  #writersGone(): void {
    try {
      if (!this.#closed) this.#listen();
    } catch (error) {
      this.#fail((error as Error).message);
    }
  }

  /** Returns whether to read on at once. */
  #take(length: number): boolean {
    const { outlet } = this.#options;
    this.#tell("running");
    const pcm = this.#whole(this.#read.subarray(0, length));
    const kind = length < this.#read.length ? "drained" : "held back";
    if (pcm.length > 0) outlet.pcm(pcm, { kind });
    const waitMs = outlet.waitMs();
    if (waitMs < WAIT_MS_MIN) return true;
    this.#resume = setTimeout(() => this.#socket?.resume(), waitMs);
    return false;
  }

  /** Cuts at the last whole frame and keeps what is behind it for the next read. */
  #whole(bytes: Uint8Array): Uint8Array {
    const all = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    const end = all.length - (all.length % this.#frameBytes);
    // A copy: the next read goes to the same place. (A Buffer's slice is none.)
    this.#rest = new Uint8Array(all.subarray(end));
    return all.subarray(0, end);
  }

  /** Somebody may have replaced or removed the FIFO while no writer held it. */
  async #checkPath(): Promise<void> {
    if (!this.#socket) return;
    const found = await stat(this.#options.path).catch(() => undefined);
    if (found?.ino === this.#inode || this.#state === "running" || this.#closed) return;
    await this.#open();
  }

  #fail(reason: string): void {
    if (this.#closed) return;
    this.#drop();
    this.#tell("failed", reason);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#open(), RETRY_MS);
  }

  #drop(): void {
    clearTimeout(this.#resume);
    this.#socket?.removeAllListeners("end").destroy();
    this.#socket = undefined;
  }

  /** Each state is told once, however often it is met again. */
  #tell(state: "running" | "waiting" | "failed", reason?: string): void {
    const told = `${state} ${reason ?? ""}`.trim();
    if (told === this.#state) return;
    this.#state = told;
    this.#options.outlet.state(state, reason);
  }
}
