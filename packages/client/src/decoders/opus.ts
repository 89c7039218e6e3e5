import { createRequire } from "node:module";
import { endianness } from "node:os";
import type { OpusEncoder } from "@discordjs/opus";
import { loadOpus } from "@tutti/audio";
import { decodeOpusHeader, ProtocolError, type SampleFormat } from "@tutti/protocol";
import type { Decoder } from "../core/ports.ts";

/** The rates at which libopus decodes. */
const RATES_HZ: readonly number[] = [8_000, 12_000, 16_000, 24_000, 48_000];
/** 120 ms at the highest rate: six frames of 1275 bytes (RFC 6716, section 3.4). */
const PACKET_BYTES_MAX = 6 * 1_275;
/** What a packet's first byte says of its frames, and that there is one (RFC 6716, section 3.1). */
const ONE_FRAME_MASK = 0b1111_1100;
/** The longest packet there is. */
const PACKET_SECONDS_MAX = 0.12;

type Opus = typeof import("@discordjs/opus");

const require = createRequire(import.meta.url);

export function makeOpusDecoder(header: Uint8Array): Decoder {
  const format = checked(decodeOpusHeader(header));
  const { OpusEncoder } = loadOpus(require) as Opus;
  const native = new OpusEncoder(format.rateHz, format.channels);
  let lastToc: number | undefined;
  return {
    format,
    decode(payload) {
      const samples = decode(native, format, payload);
      lastToc = payload[0];
      return samples;
    },
    conceal: (frames) => conceal(native, format, lastToc, frames),
    close() {},
  };
}

/**
 * A packet without a frame, which encoders send to say nothing: the decoder then continues what it played for as long
 * as a frame of that kind lasts (RFC 6716, section 4.4). The next packet is joined to that by its own overlap.
 */
function conceal(
  native: OpusEncoder,
  format: SampleFormat,
  lastToc: number | undefined,
  frames: number,
): Float32Array {
  if (lastToc === undefined) return new Float32Array(0);
  const nothing = Uint8Array.of(lastToc & ONE_FRAME_MASK);
  const wanted = Math.min(frames, format.rateHz * PACKET_SECONDS_MAX) * format.channels;
  const samples: number[] = [];
  while (samples.length < wanted) {
    const more = decode(native, format, nothing);
    if (more.length === 0) break;
    samples.push(...more);
  }
  return Float32Array.from(samples);
}

/** The native library aborts the process on some input: nothing unchecked reaches it. */
function checked(format: SampleFormat): SampleFormat {
  if (!RATES_HZ.includes(format.rateHz) || format.channels > 2) {
    throw new ProtocolError(`opus has no ${format.rateHz} Hz with ${format.channels} channels`);
  }
  return format;
}

function decode(native: OpusEncoder, format: SampleFormat, payload: Uint8Array): Float32Array {
  // An empty packet would be taken as a loss and made up for, with 120 ms.
  if (payload.length === 0 || payload.length > PACKET_BYTES_MAX) {
    throw new ProtocolError(`opus packet of ${payload.length} bytes`);
  }
  const pcm = decodeOrBlame(native, payload);
  const frames = pcm.length / 2 / format.channels;
  if (!Number.isInteger(frames) || frames > format.rateHz * PACKET_SECONDS_MAX) {
    throw new ProtocolError(`opus packet became ${pcm.length} bytes`);
  }
  return toFloat(pcm);
}

function decodeOrBlame(native: OpusEncoder, payload: Uint8Array): Buffer {
  try {
    return native.decode(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength));
  } catch (cause) {
    throw new ProtocolError("opus packet cannot be decoded", { cause });
  }
}

/** Whether the host keeps numbers as the decoder's samples are: all that Node runs on do, bar one. */
const LITTLE_ENDIAN = endianness() === "LE";

function toFloat(pcm: Buffer): Float32Array {
  const samples = new Float32Array(pcm.length / 2);
  if (LITTLE_ENDIAN && pcm.byteOffset % 2 === 0) {
    const shorts = new Int16Array(pcm.buffer, pcm.byteOffset, samples.length);
    for (let index = 0; index < samples.length; index++) {
      samples[index] = (shorts[index] as number) / 0x8000;
    }
    return samples;
  }
  for (let index = 0; index < samples.length; index++) {
    samples[index] = pcm.readInt16LE(2 * index) / 0x8000;
  }
  return samples;
}
