import { assert, frameBytes, type SampleFormat } from "@tutti/protocol";
import type { CodecChoice } from "@tutti/protocol/config";
import type { Encoder, Packet } from "../core/index.ts";
import type { LibFlac } from "./libflac.ts";

const LEVEL = 2;
/** Longest block: what the small boards among Snapcast's clients take. (frames) */
const BLOCK_MAX = 1_152;
/** What that lasts at the rates of music, 24 and 26 ms. At lower ones blocks are as long as chunks. */
const BLOCK_MS_MAX = 27;
/** Chunks of less are wished for a short way: then blocks are no longer. Of others fewer and longer ones cost less. (ms) */
const SHORT_CHUNK_MS_MAX = 19;
/** libFLAC gives a block out when it has seen so much of the next. (frames) */
const SEEN_AHEAD = 1;

/** libFLAC stops at 24 bits. */
export function flacTakes({ bits }: SampleFormat): boolean {
  return bits !== 32;
}

/** How many frames go into one block, of chunks of `chunkMs`. */
function blockFrames(rateHz: number, chunkMs: number): number {
  const long = chunkMs > SHORT_CHUNK_MS_MAX && (1_000 * BLOCK_MAX) / rateHz <= BLOCK_MS_MAX;
  return long ? BLOCK_MAX : Math.min(BLOCK_MAX, Math.round((rateHz * chunkMs) / 1_000));
}

/**
 * libFLAC, which gets a frame of silence before all others: what it wants to see of the next block before it gives one out
 * is there when the last frame of a block comes, and no block waits for the next chunk.
 */
export class FlacEncoder implements Encoder {
  readonly codec = "flac";
  readonly header: Uint8Array;
  readonly delayFrames = SEEN_AHEAD;
  readonly #flac: LibFlac;
  readonly #format: SampleFormat;
  readonly #encoder: number;
  #written: Packet[] = [];
  #samples = new Int32Array(0);

  /** Only for formats that `flacTakes`. */
  constructor(flac: LibFlac, choice: CodecChoice, format: SampleFormat, chunkMs: number) {
    assert(flacTakes(format), "flac gets only formats it takes");
    this.#flac = flac;
    this.#format = format;
    const { rateHz, bits, channels } = format;
    const block = blockFrames(rateHz, chunkMs);
    const level = choice.level ?? LEVEL;
    this.#encoder = flac.create_libflac_encoder(rateHz, channels, bits, level, 0, false, block);
    const failed = flac.init_encoder_stream(
      this.#encoder,
      (bytes, _length, frames) => this.#written.push({ payload: bytes.slice(), frames }),
      () => {},
    );
    assert(this.#encoder !== 0 && failed === 0, "libFLAC starts with a valid format");
    this.header = Buffer.concat(this.#take().map(({ payload }) => payload));
    this.#feed(new Int32Array(SEEN_AHEAD * channels), SEEN_AHEAD);
  }

  encode(pcm: Uint8Array): Packet[] {
    this.#feed(this.#widened(pcm), pcm.length / frameBytes(this.#format));
    return this.#take();
  }

  close(): void {
    this.#flac.FLAC__stream_encoder_finish(this.#encoder);
    this.#flac.FLAC__stream_encoder_delete(this.#encoder);
  }

  #feed(samples: Int32Array, frames: number): void {
    const taken = this.#flac.FLAC__stream_encoder_process_interleaved(
      this.#encoder,
      samples,
      frames,
    );
    assert(taken, "libFLAC takes whole frames");
  }

  #take(): Packet[] {
    const written = this.#written;
    this.#written = [];
    return written;
  }

  /** libFLAC takes every sample as 32 bits. The array is used again by the next call. */
  #widened(pcm: Uint8Array): Int32Array {
    const { bits, channels } = this.#format;
    const count = (pcm.length / frameBytes(this.#format)) * channels;
    if (this.#samples.length !== count) this.#samples = new Int32Array(count);
    const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.length);
    const samples = this.#samples;
    for (let at = 0; at < count; at++) {
      if (bits === 16) samples[at] = view.getInt16(2 * at, true);
      else if (bits === 8) samples[at] = view.getInt8(at);
      else samples[at] = (view.getInt32(4 * at, true) << 8) >> 8;
    }
    return samples;
  }
}
