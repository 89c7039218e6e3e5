import type { Decoder } from "@tutti/client/core";
import {
  assert,
  decodePcmHeader,
  encodePcmHeader,
  frameBytes,
  ProtocolError,
  type SampleFormat,
} from "@tutti/protocol";
import type { Encoder } from "@tutti/server/core";

const FULL_SCALE = 32_768;

/** PCM as it is: exact, and costs next to nothing. */
export function makePcmEncoder(format: SampleFormat): Encoder {
  const size = frameBytes(format);
  return {
    codec: "pcm",
    header: encodePcmHeader(format),
    encode: (pcm) => [{ payload: pcm, frames: pcm.length / size }],
    close() {},
  };
}

/** Sixteen bits are all the simulation speaks. */
export function makePcmDecoder(codec: string, header: Uint8Array): Decoder {
  if (codec !== "pcm") throw new ProtocolError(`no decoder for "${codec}"`);
  const format = decodePcmHeader(header);
  assert(format.bits === 16, "the simulation speaks 16 bits");
  return {
    format,
    decode: (payload) => scaled(samplesOf(payload)),
    close() {},
  };
}

/** From sixteen bits to -1 up to 1. */
export function scaled(pcm: Int16Array): Float32Array {
  const samples = new Float32Array(pcm.length);
  for (let at = 0; at < samples.length; at++) samples[at] = (pcm[at] as number) / FULL_SCALE;
  return samples;
}

/** The samples of 16-bit PCM, wherever in memory it begins. */
export function samplesOf(pcm: Uint8Array): Int16Array {
  const aligned = pcm.byteOffset % 2 === 0 ? pcm : pcm.slice();
  return new Int16Array(aligned.buffer, aligned.byteOffset, aligned.length >> 1);
}
