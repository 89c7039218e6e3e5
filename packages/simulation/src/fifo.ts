import { SIGNAL_CHANNELS } from "./signal.ts";

const SAMPLE_BYTES = 2;

/** What a writer wrote into a FIFO and nobody has read, oldest first. */
export class Fifo {
  readonly #bytesMax: number;
  #blocks: Uint8Array[] = [];

  constructor(holdsMs: number, rateHz: number) {
    this.#bytesMax = (holdsMs * rateHz * SIGNAL_CHANNELS * SAMPLE_BYTES) / 1_000;
  }

  get empty(): boolean {
    return this.#blocks.length === 0;
  }

  write(block: Uint8Array): void {
    this.#blocks.push(block);
  }

  /** Nobody reads: the writer makes room for what is new, as MPD and others do that play in real time. */
  keepNewest(): void {
    let bytes = this.#bytes;
    while (bytes > this.#bytesMax) bytes -= this.read().length;
  }

  /** The oldest block; empty when there is none. */
  read(): Uint8Array {
    return this.#blocks.shift() ?? new Uint8Array(0);
  }

  /** All that waits, in one piece. */
  readAll(): Uint8Array {
    const all = new Uint8Array(this.#bytes);
    for (let at = 0; !this.empty; ) {
      const block = this.read();
      all.set(block, at);
      at += block.length;
    }
    return all;
  }

  get #bytes(): number {
    return this.#blocks.reduce((sum, { length }) => sum + length, 0);
  }
}
