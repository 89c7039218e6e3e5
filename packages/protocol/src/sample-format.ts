import { ProtocolError } from "./errors.ts";
import { durationOf, type Frames, type Micros } from "./units.ts";

export type SampleBits = 8 | 16 | 24 | 32;

/** How PCM is laid out: interleaved, little endian, signed (24 bits travel in the low bytes of 32). */
export interface SampleFormat {
  readonly rateHz: number;
  readonly bits: SampleBits;
  readonly channels: number;
}

const RATE_HZ_MIN = 8_000;
const RATE_HZ_MAX = 384_000;
const CHANNELS_MAX = 8;

/** Parses "48000:16:2" (rate, bits, channels). Throws ProtocolError when it is none. */
export function parseSampleFormat(text: string): SampleFormat {
  const match = /^(\d{1,6}):(8|16|24|32):(\d)$/.exec(text);
  const [rateHz, bits, channels] = (match?.slice(1) ?? []).map(Number);
  if (rateHz === undefined || bits === undefined || channels === undefined) {
    throw new ProtocolError(`sample format "${text}" is not rate:bits:channels, like 48000:16:2`);
  }
  return sampleFormat(rateHz, bits, channels);
}

/** A format checked against what any peer plays. Throws ProtocolError out of range. */
export function sampleFormat(rateHz: number, bits: number, channels: number): SampleFormat {
  if (rateHz < RATE_HZ_MIN || rateHz > RATE_HZ_MAX) {
    throw new ProtocolError(`sample rate ${rateHz} is not within ${RATE_HZ_MIN} to ${RATE_HZ_MAX}`);
  }
  if (bits !== 8 && bits !== 16 && bits !== 24 && bits !== 32) {
    throw new ProtocolError(`${bits} bits a sample are not 8, 16, 24 or 32`);
  }
  if (channels < 1 || channels > CHANNELS_MAX) {
    throw new ProtocolError(`${channels} channels are not within 1 to ${CHANNELS_MAX}`);
  }
  return { rateHz, bits, channels };
}

export function formatSampleFormat({ rateHz, bits, channels }: SampleFormat): string {
  return `${rateHz}:${bits}:${channels}`;
}

/** Bytes one sample takes on the wire: 24 bits travel in four. */
function sampleBytes(bits: SampleBits): number {
  return bits === 24 ? 4 : bits / 8;
}

export function frameBytes(format: SampleFormat): number {
  return sampleBytes(format.bits) * format.channels;
}

export function duration(count: Frames, format: SampleFormat): Micros {
  return durationOf(count, format.rateHz);
}

export function sameFormat(a: SampleFormat, b: SampleFormat): boolean {
  return a.rateHz === b.rateHz && a.bits === b.bits && a.channels === b.channels;
}
