import { encodePcmHeader, frameBytes, type SampleFormat } from "@tutti/protocol";
import type { Encoder, Packet } from "../core/index.ts";

/** Nothing is lost and nothing held: each call gives one packet. */
export class PcmEncoder implements Encoder {
  readonly codec = "pcm";
  readonly header: Uint8Array;
  readonly #frameBytes: number;

  constructor(format: SampleFormat) {
    this.header = encodePcmHeader(format);
    this.#frameBytes = frameBytes(format);
  }

  encode(pcm: Uint8Array): Packet[] {
    return [{ payload: pcm, frames: pcm.length / this.#frameBytes }];
  }

  close(): void {}
}
