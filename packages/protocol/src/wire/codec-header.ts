import { ProtocolError } from "../errors.ts";
import { type SampleFormat, sampleFormat } from "../sample-format.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";

/** The codecs of Snapcast's stream protocol, by their names on the wire. */
const CODEC_NAMES = ["pcm", "flac", "opus", "ogg", "null"] as const;
export type CodecName = (typeof CODEC_NAMES)[number];

const OPUS_MAGIC = 0x4f505553;
const RIFF_HEADER_BYTES = 44;
const FLAC_STREAMINFO_BYTES = 34;

/** Twelve bytes: magic, rate, bits, channels. */
export function encodeOpusHeader(format: SampleFormat): Uint8Array {
  return new ByteWriter(12)
    .u32(OPUS_MAGIC)
    .u32(format.rateHz)
    .u16(format.bits)
    .u16(format.channels)
    .finish();
}

export function decodeOpusHeader(header: Uint8Array): SampleFormat {
  const reader = new ByteReader(header);
  if (reader.u32() !== OPUS_MAGIC) throw new ProtocolError("opus header without its magic number");
  const rateHz = reader.u32();
  const bits = reader.u16();
  return sampleFormat(rateHz, bits, reader.u16());
}

/** A RIFF/WAVE header with an empty data chunk. Says 3 bytes for 24-bit samples though 4 travel. */
export function encodePcmHeader({ rateHz, bits, channels }: SampleFormat): Uint8Array {
  const frameBytes = channels * (bits / 8);
  return new ByteWriter(RIFF_HEADER_BYTES)
    .bytes(ascii("RIFF"))
    .u32(36)
    .bytes(ascii("WAVEfmt "))
    .u32(16)
    .u16(1)
    .u16(channels)
    .u32(rateHz)
    .u32(rateHz * frameBytes)
    .u16(frameBytes)
    .u16(bits)
    .bytes(ascii("data"))
    .u32(0)
    .finish();
}

/** Finds the format chunk among the RIFF chunks. */
export function decodePcmHeader(header: Uint8Array): SampleFormat {
  const reader = new ByteReader(header);
  expectTag(reader, "RIFF");
  reader.u32();
  expectTag(reader, "WAVE");
  for (;;) {
    const tag = latin1(reader.bytes(4));
    const chunk = reader.blob();
    if (tag === "fmt ") return decodeFmt(new ByteReader(chunk));
  }
}

/** Reads the format from a FLAC stream's leading STREAMINFO block (RFC 9639, section 8.2). */
export function decodeFlacHeader(header: Uint8Array): SampleFormat {
  const reader = new ByteReader(header);
  expectTag(reader, "fLaC");
  const blockType = reader.u8() & 0x7f;
  const length = (reader.u8() << 16) | (reader.u8() << 8) | reader.u8();
  if (blockType !== 0 || length !== FLAC_STREAMINFO_BYTES) {
    throw new ProtocolError("flac header does not begin with STREAMINFO");
  }
  const info = reader.bytes(FLAC_STREAMINFO_BYTES);
  const view = new DataView(info.buffer, info.byteOffset, info.byteLength);
  const packed = view.getUint32(10); // 20 bits rate, 3 bits channels - 1, 5 bits depth - 1, ...
  return sampleFormat(packed >>> 12, ((packed >>> 4) & 0x1f) + 1, ((packed >>> 9) & 0x7) + 1);
}

function decodeFmt(fmt: ByteReader): SampleFormat {
  if (fmt.u16() !== 1) throw new ProtocolError("WAVE header of a coding other than PCM");
  const channels = fmt.u16();
  const rateHz = fmt.u32();
  fmt.bytes(6);
  return sampleFormat(rateHz, fmt.u16(), channels);
}

function expectTag(reader: ByteReader, tag: string): void {
  const found = latin1(reader.bytes(4));
  if (found !== tag) throw new ProtocolError(`codec header has "${found}" for "${tag}"`);
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
