import { frameBytes } from "@tutti/protocol";
import type { SourceOptions } from "./source.ts";

/** Timers count in milliseconds: a shorter wait is none. (ms) */
const WAIT_MS_MIN = 1;

/**
 * Bytes as they come, from whatever carries them, to whole frames at the stream's pace. Hands over a chunk at once at
 * the most, and says when to stop reading because the stream is ahead of real time: the kernel then holds the writer.
 */
export class PcmReader {
  /**
   * What is handed over at once. A frame more than a chunk, so that a burst of whole chunks also ends with a piece that
   * is shorter, which tells who reads no more than this that nothing is left. (bytes)
   */
  readonly pieceBytes: number;
  readonly #options: SourceOptions;
  readonly #frameBytes: number;
  /** Bytes of a frame whose end has not come yet. */
  #rest: Uint8Array = new Uint8Array(0);
  #resume: NodeJS.Timeout | undefined;

  constructor(options: SourceOptions) {
    const { format, chunkMs } = options;
    this.#options = options;
    this.#frameBytes = frameBytes(format);
    const chunkFrames = Math.round((format.rateHz * chunkMs) / 1_000);
    this.pieceBytes = (chunkFrames + 1) * this.#frameBytes;
  }

  /** Hands over what lay there when the source was opened, in one piece, as it says how old it is. */
  found(bytes: Uint8Array, unreadMs: number | undefined): void {
    const pcm = this.#whole(bytes);
    if (pcm.length > 0) this.#options.outlet.found(pcm, unreadMs);
  }

  /**
   * Takes what was read; `drained` says that nothing was left behind it. Returns whether to read on, else calls
   * `goOn` when to: until then, bytes beyond the first piece must stay as they are.
   */
  take(bytes: Uint8Array, drained: boolean, goOn: () => void): boolean {
    const { outlet } = this.#options;
    const pcm = this.#whole(bytes.subarray(0, this.pieceBytes));
    const later = bytes.subarray(this.pieceBytes);
    const kind = drained && later.length === 0 ? "drained" : "held back";
    if (pcm.length > 0) outlet.pcm(pcm, { kind });
    const waitMs = outlet.waitMs();
    if (waitMs < WAIT_MS_MIN) return later.length === 0 || this.take(later, drained, goOn);
    this.#resume = setTimeout(() => {
      // By now there may be more behind it.
      if (later.length === 0 || this.take(later, false, goOn)) goOn();
    }, waitMs);
    return false;
  }

  /** Forgets half a frame and what waits: another writer begins. */
  reset(): void {
    clearTimeout(this.#resume);
    this.#rest = new Uint8Array(0);
  }

  /** Cuts at the last whole frame and keeps what is behind it for the next read. */
  #whole(bytes: Uint8Array): Uint8Array {
    const all = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    const end = all.length - (all.length % this.#frameBytes);
    // A copy: the next read goes to the same place. (A Buffer's slice is none.)
    this.#rest = new Uint8Array(all.subarray(end));
    return all.subarray(0, end);
  }
}
