import { decodePcmHeader, frameBytes, ProtocolError, type SampleBits } from "@tutti/protocol";
import type { Decoder } from "../core/ports.ts";

/** One sample at a byte offset, -1 to 1. */
const READERS: Record<SampleBits, (view: DataView, at: number) => number> = {
  8: (view, at) => view.getInt8(at) / 0x80,
  16: (view, at) => view.getInt16(at, true) / 0x8000,
  // The low three bytes of four; what the fourth holds does not matter.
  24: (view, at) => (view.getInt32(at, true) << 8) / 0x8000_0000,
  32: (view, at) => view.getInt32(at, true) / 0x8000_0000,
};

export function makePcmDecoder(header: Uint8Array): Decoder {
  const format = decodePcmHeader(header);
  const bytesInFrame = frameBytes(format);
  const bytesInSample = bytesInFrame / format.channels;
  const read = READERS[format.bits];

  function decode(payload: Uint8Array): Float32Array {
    if (payload.length % bytesInFrame !== 0) {
      throw new ProtocolError(`${payload.length} bytes of PCM are not whole frames`);
    }
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    const samples = new Float32Array(payload.length / bytesInSample);
    for (let index = 0; index < samples.length; index++) {
      samples[index] = read(view, index * bytesInSample);
    }
    return samples;
  }

  return { format, decode, close() {} };
}
