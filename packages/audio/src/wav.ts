import type { AudioFormat } from "./core/port.ts";

/** Bytes of the header that `wavHeader` makes. */
const WAV_HEADER_BYTES = 44;
/** The size fields have 32 bits: a longer file says this, and readers go on to its end. */
const BYTES_MAX = 0xffffffff;

/** The header of a file of 16-bit samples; `bytes` of samples follow it. */
export function wavHeader({ rateHz, channels }: AudioFormat, bytes: number): Uint8Array {
  const header = new Uint8Array(WAV_HEADER_BYTES);
  const view = new DataView(header.buffer);
  const text = (at: number, letters: string) => {
    for (let index = 0; index < 4; index++) view.setUint8(at + index, letters.charCodeAt(index));
  };
  text(0, "RIFF");
  view.setUint32(4, Math.min(bytes + WAV_HEADER_BYTES - 8, BYTES_MAX), true);
  text(8, "WAVE");
  text(12, "fmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rateHz, true);
  view.setUint32(28, rateHz * channels * 2, true);
  view.setUint16(32, channels * 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, Math.min(bytes, BYTES_MAX), true);
  return header;
}
