import { readFileSync } from "node:fs";
import { type PipeBytes, pipeBytes } from "@tutti/audio";
import { frameBytes, type SampleFormat, seconds } from "@tutti/protocol";

/** What a pipe holds that nobody has changed, where pages have 4 KiB. */
const USUAL_BYTES = 65_536;
/** The kernel's limit for all who are not root. */
const MOST_PATH = "/proc/sys/fs/pipe-max-size";
/** A server that crashed or is updated is back before; a buffer of a second is not heard to break off by then. */
const SPAN = seconds(2);

/**
 * How much the pipe of a FIFO holds. One who writes at a pace of his own never fills it while it is read, and when it is not,
 * as a server starts again, all is kept that it has room for: he gets room for seconds. The pipe lives as long as anybody has it
 * open, so it stays large over our end. One who waits for room is so much ahead of what is heard, and so much later come
 * his skips and pauses: he has the usual third of a second.
 */
export class PipeRoom {
  /** What a large pipe holds; no more than usual where that is enough. The kernel makes powers of two of it. */
  readonly #largeBytes: number;
  #kernel: PipeBytes | undefined;
  #asked = false;

  constructor(format: SampleFormat) {
    const perSecond = format.rateHz * frameBytes(format);
    const wish = (perSecond * SPAN) / seconds(1);
    this.#largeBytes =
      2 ** Math.ceil(Math.log2(Math.max(USUAL_BYTES, Math.min(wish, mostBytes()))));
  }

  /** To be called now and then, and when all writers have gone. What the kernel does not grant stays as it is. */
  fit(descriptor: number, steady: boolean): void {
    if (!this.#kernel) {
      // Not when the server starts: that keeps its thread for a moment, and no pipe has to be larger so soon.
      if (!this.#asked) void this.#ask();
      return;
    }
    const bytes = this.#kernel.of(descriptor);
    if (steady && bytes < this.#largeBytes) this.#kernel.set(descriptor, this.#largeBytes);
    // One of another size is somebody else's doing.
    if (!steady && bytes === this.#largeBytes) this.#kernel.set(descriptor, USUAL_BYTES);
  }

  async #ask(): Promise<void> {
    this.#asked = true;
    this.#kernel = await pipeBytes();
  }
}

function mostBytes(): number {
  try {
    return Number(readFileSync(MOST_PATH, "utf8"));
  } catch {
    return USUAL_BYTES;
  }
}
