import { ProtocolError, type SampleFormat } from "@tutti/protocol";
import type { BitReader } from "./bit-reader.ts";

/** How the two channels of a frame are stored: as they are, or as their difference and one of them or their mean. */
export type Decorrelation = "none" | "left side" | "side right" | "mid side";

export interface FrameHeader {
  readonly blockFrames: number;
  readonly decorrelation: Decorrelation;
}

const SYNC_CODE = 0x7ffc; // fourteen bits, and the reserved one behind them
const DECORRELATIONS: readonly Decorrelation[] = ["left side", "side right", "mid side"];
const BITS_BY_CODE: readonly (number | undefined)[] = [undefined, 8, 12, undefined, 16, 20, 24, 32];

/** Reads what stands before the subframes (RFC 9639, section 9.1) and holds it against the stream's format. */
export function readFrameHeader(reader: BitReader, format: SampleFormat): FrameHeader {
  if (reader.unsigned(15) !== SYNC_CODE) throw new ProtocolError("flac frame without sync code");
  reader.unsigned(1); // fixed or variable block size: tells only how the number below counts
  const blockCode = reader.unsigned(4);
  const rateCode = reader.unsigned(4);
  const channelCode = reader.unsigned(4);
  const bitsCode = reader.unsigned(3);
  reader.unsigned(1);
  skipCodedNumber(reader);
  const blockFrames = readBlockFrames(reader, blockCode);
  skipRate(reader, rateCode);
  reader.unsigned(8); // CRC-8 of the header: the frame's CRC-16 covers it too
  const bits = bitsCode === 0 ? format.bits : BITS_BY_CODE[bitsCode];
  const channels = channelCode < 8 ? channelCode + 1 : 2;
  if (bits !== format.bits || channels !== format.channels || channelCode > 10) {
    throw new ProtocolError("flac frame of another format than its stream");
  }
  return { blockFrames, decorrelation: DECORRELATIONS[channelCode - 8] ?? "none" };
}

/** The frame's number, in the manner of UTF-8: chunks have stamps of their own. */
function skipCodedNumber(reader: BitReader): void {
  const leadingOnes = Math.clz32((~reader.unsigned(8) & 0xff) << 24);
  if (leadingOnes === 1 || leadingOnes > 7) throw new ProtocolError("flac frame badly numbered");
  for (let more = leadingOnes; more > 1; more--) reader.unsigned(8);
}

function readBlockFrames(reader: BitReader, code: number): number {
  if (code === 0) throw new ProtocolError("flac frame with a reserved block size");
  if (code === 1) return 192;
  if (code <= 5) return 576 * 2 ** (code - 2);
  if (code === 6) return reader.unsigned(8) + 1;
  if (code === 7) return reader.unsigned(16) + 1;
  return 256 * 2 ** (code - 8);
}

/** The rate is the stream's. */
function skipRate(reader: BitReader, code: number): void {
  if (code === 15) throw new ProtocolError("flac frame with a forbidden sample rate");
  if (code === 12) reader.unsigned(8);
  if (code === 13 || code === 14) reader.unsigned(16);
}
