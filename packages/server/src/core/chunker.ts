import { type Frames, frameBytes, frames, type SampleFormat } from "@tutti/protocol";

/** PCM of a stream, beginning with its frame number `first`. */
export interface PcmChunk {
  readonly first: Frames;
  readonly frames: Frames;
  readonly pcm: Uint8Array;
}

/** Cuts PCM into chunks of equal length. Copies: the bytes pushed stay the caller's. */
export class Chunker {
  readonly #frameBytes: number;
  readonly #chunkFrames: Frames;
  #pcm: Uint8Array;
  #filled = 0;
  #first: Frames = frames(0);

  constructor(format: SampleFormat, chunkFrames: Frames) {
    this.#frameBytes = frameBytes(format);
    this.#chunkFrames = chunkFrames;
    this.#pcm = this.#empty();
  }

  /** Takes whole frames, of which the first is number `first`, and returns the chunks they complete. */
  push(pcm: Uint8Array, first: Frames): PcmChunk[] {
    if (this.#filled === 0) this.#first = first;
    const chunks: PcmChunk[] = [];
    for (let at = 0; at < pcm.length; ) {
      const part = pcm.subarray(at, at + this.#pcm.length - this.#filled);
      this.#pcm.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#pcm.length) chunks.push(this.#finish());
    }
    return chunks;
  }

  /** Forgets an unfinished chunk: the frames that follow are of another time. */
  reset(): void {
    this.#filled = 0;
  }

  #finish(): PcmChunk {
    const done = { first: this.#first, frames: this.#chunkFrames, pcm: this.#pcm };
    this.#pcm = this.#empty();
    this.#filled = 0;
    this.#first = frames(this.#first + this.#chunkFrames);
    return done;
  }

  #empty(): Uint8Array {
    return new Uint8Array(this.#chunkFrames * this.#frameBytes);
  }
}
