import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { type OnReadOpts, Socket } from "node:net";
import { frameBytes } from "@tutti/protocol";
import { openFifo, prepareFifo, readWaiting, readyFifo, unreadMsOf } from "./fifo.ts";
import { PcmReader } from "./pcm-reader.ts";
import { PipeRoom } from "./pipe-room.ts";
import { type Source, type SourceOptions, tellingOnce } from "./source.ts";

const RETRY_MS = 1_000;
/** How often we look whether the path still leads to the FIFO we read, and how much that should hold. */
const CHECK_EVERY_MS = 2_000;
/** Longer than what any pipe of ours holds. (s) */
const FOUND_SECONDS_MAX = 4;

export interface PipeOptions extends SourceOptions {
  readonly path: string;
  readonly mode: "create" | "read";
}

/**
 * PCM from a named pipe. The event loop watches the pipe, so nothing polls and no thread is held. Reads are bounded
 * to a piece of the reader's: one that is not full tells the stream's clock that the pipe is empty.
 */
export class PipeSource implements Source {
  readonly #options: PipeOptions;
  readonly #reader: PcmReader;
  readonly #tell: ReturnType<typeof tellingOnce>;
  readonly #read: Buffer;
  readonly #room: PipeRoom;
  readonly #check: NodeJS.Timeout;
  #socket: Socket | undefined;
  /** The socket's. */
  #descriptor = -1;
  #inode: number | undefined;
  #retry: NodeJS.Timeout | undefined;
  #running = false;
  #opened = false;
  #closed = false;

  constructor(options: PipeOptions) {
    this.#options = options;
    this.#reader = new PcmReader(options);
    this.#read = Buffer.alloc(this.#reader.pieceBytes);
    this.#room = new PipeRoom(options.format);
    this.#tell = tellingOnce(options.outlet);
    this.#check = setInterval(() => void this.#look(), CHECK_EVERY_MS);
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
      const ready = readyFifo(path, mode);
      if (!ready) await prepareFifo(path, mode);
      const before = ready ?? (await stat(path));
      this.#inode = before.ino;
      if (!this.#closed) this.#listen(before);
    } catch (error) {
      this.#fail((error as Error).message);
    }
  }

  /** Reads from the path anew. The old reader goes after the new one is there. */
  #listen(before?: Stats): void {
    const fd = openFifo(this.#options.path);
    this.#drop();
    this.#running = false;
    this.#tell("waiting");
    if (before && !this.#opened) this.#takeFound(fd, before);
    this.#opened = true;
    // The constructor takes `onread` as connect() does, though its type does not say so.
    const onread: OnReadOpts = { buffer: this.#read, callback: (length) => this.#take(length) };
    const options = { fd, readable: true, writable: false, onread };
    const socket = new Socket(options);
    socket.on("end", () => this.#writersGone());
    socket.on("error", (error) => this.#fail(error.message));
    this.#socket = socket;
    this.#descriptor = fd;
  }

  /** What lies in it was written before this server was there. All at once: who waits for room goes on writing as soon as there is some. */
  #takeFound(fd: number, before: Stats): void {
    const { format } = this.#options;
    const found = Buffer.allocUnsafe(FOUND_SECONDS_MAX * format.rateHz * frameBytes(format));
    const length = readWaiting(fd, found);
    if (length === 0) return;
    this.#running = true;
    this.#tell("running");
    this.#reader.found(found.subarray(0, length), unreadMsOf(before));
  }

  /** The last writer closed the pipe; others may have come since. */
  #writersGone(): void {
    try {
      if (this.#closed) return;
      this.#listen();
      this.#room.fit(this.#descriptor, false);
    } catch (error) {
      this.#fail((error as Error).message);
    }
  }

  /** Returns whether to read on at once. */
  #take(length: number): boolean {
    this.#running = true;
    this.#tell("running");
    const drained = length < this.#read.length;
    return this.#reader.take(this.#read.subarray(0, length), drained, () => this.#socket?.resume());
  }

  async #look(): Promise<void> {
    const { outlet } = this.#options;
    if (this.#socket && this.#running) this.#room.fit(this.#descriptor, outlet.steady());
    await this.#checkPath();
  }

  /** Somebody may have replaced or removed the FIFO while no writer held it. */
  async #checkPath(): Promise<void> {
    if (!this.#socket) return;
    const found = await stat(this.#options.path).catch(() => undefined);
    if (found?.ino === this.#inode || this.#running || this.#closed) return;
    await this.#open();
  }

  #fail(reason: string): void {
    if (this.#closed) return;
    this.#drop();
    this.#running = false;
    this.#tell("failed", reason);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#open(), RETRY_MS);
  }

  #drop(): void {
    this.#reader.reset();
    this.#socket?.removeAllListeners("end").destroy();
    this.#socket = undefined;
  }
}
