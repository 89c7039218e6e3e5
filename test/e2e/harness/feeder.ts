import { execFileSync } from "node:child_process";
import { closeSync, constants, existsSync, openSync, writeSync } from "node:fs";

const PUSH_EVERY_MS = 5;

/** Keeps a FIFO full, so that its reader sets the pace. A reader that goes and comes again gets what follows. */
export class Feeder {
  readonly #fifo: number;
  readonly #pcm: Buffer;
  readonly #timer: NodeJS.Timeout;
  #at = 0;

  /** Plays `pcm` once, then silence. Makes the FIFO if there is none. */
  constructor(path: string, pcm: Buffer) {
    if (!existsSync(path)) execFileSync("mkfifo", [path]);
    this.#fifo = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    this.#pcm = pcm;
    this.#timer = setInterval(() => this.#push(), PUSH_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    closeSync(this.#fifo);
  }

  #push(): void {
    while (this.#at < this.#pcm.length) {
      const written = this.#write();
      if (written === 0) return;
      this.#at += written;
    }
  }

  /** As much as there is room for. */
  #write(): number {
    try {
      return writeSync(
        this.#fifo,
        this.#pcm,
        this.#at,
        Math.min(4_096, this.#pcm.length - this.#at),
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
      throw error;
    }
  }
}
