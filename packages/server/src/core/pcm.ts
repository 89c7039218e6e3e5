import { type Frames, frameBytes, frames, type SampleFormat } from "@tutti/protocol";

type Samples = Int8Array | Int16Array | Int32Array;

/** How many whole frames `pcm` holds. */
export function framesOf(pcm: Uint8Array, format: SampleFormat): Frames {
  return frames(Math.floor(pcm.length / frameBytes(format)));
}

/** Silence that belongs to the caller. */
export function silence(count: Frames, format: SampleFormat): Uint8Array {
  return new Uint8Array(count * frameBytes(format));
}

/** Where sound begins: bytes of whole frames of digital silence at the start of `pcm`. */
export function silentBytes(pcm: Uint8Array, format: SampleFormat): number {
  const first = pcm.findIndex((byte) => byte !== 0);
  return first < 0 ? pcm.length : first - (first % frameBytes(format));
}

/** Ramps the first frames of `pcm` up from nothing, in place; `done` frames of the ramp lie before it. */
export function fadeIn(
  pcm: Uint8Array,
  format: SampleFormat,
  ramp: { done: number; length: Frames },
): void {
  scale(pcm, format, ramp.length - ramp.done, (at) => gain((ramp.done + at) / ramp.length));
}

/** Ramps all of `pcm` down to nothing, in place. */
export function fadeOut(pcm: Uint8Array, format: SampleFormat): void {
  const length = framesOf(pcm, format);
  scale(pcm, format, length, (at) => gain(1 - (at + 1) / length));
}

/** `count` frames that begin at the level of the last frame of `pcm` and end in silence, without a step. */
export function decayFrom(pcm: Uint8Array, count: Frames, format: SampleFormat): Uint8Array {
  const last = pcm.subarray(pcm.length - frameBytes(format));
  const decay = silence(count, format);
  for (let at = 0; at + last.length <= decay.length; at += last.length) decay.set(last, at);
  fadeOut(decay, format);
  return decay;
}

/** Whether the first frame starts so far from zero that the step would be heard (above -40 dB). */
export function startsWithStep(pcm: Uint8Array, format: SampleFormat): boolean {
  const limit = 2 ** (format.bits - 1) / 100;
  const first = samplesOf(pcm, format).subarray(0, format.channels);
  return first.some((sample) => Math.abs(signed(sample, format)) > limit);
}

/** A raised cosine: no edge in level nor in slope. */
function gain(share: number): number {
  return 0.5 - 0.5 * Math.cos(Math.PI * Math.max(0, Math.min(1, share)));
}

function scale(
  pcm: Uint8Array,
  format: SampleFormat,
  length: number,
  gainAt: (frame: number) => number,
): void {
  const samples = samplesOf(pcm, format);
  const end = Math.min(samples.length, Math.max(0, length) * format.channels);
  for (let at = 0; at < end; at++) {
    const level = gainAt(Math.floor(at / format.channels));
    samples[at] = Math.round(signed(samples[at] ?? 0, format) * level);
  }
}

/** 24 bits travel in the low bytes of 32; what stands in the highest byte is undefined. */
function signed(sample: number, format: SampleFormat): number {
  return format.bits === 24 ? (sample << 8) >> 8 : sample;
}

/** The samples of `pcm`, which must begin at a multiple of four bytes in its buffer. All hosts are little endian. */
function samplesOf(pcm: Uint8Array, { bits }: SampleFormat): Samples {
  if (bits === 8) return new Int8Array(pcm.buffer, pcm.byteOffset, pcm.length);
  if (bits === 16) return new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length >> 1);
  return new Int32Array(pcm.buffer, pcm.byteOffset, pcm.length >> 2);
}

/** The bytes behind `from`, apart. Not `slice`, which is a view when the shell hands in Node's kind of array. */
export function copyOf(bytes: Uint8Array, from: number): Uint8Array {
  return new Uint8Array(bytes.subarray(from));
}

/** Both, one after the other, apart from either. */
export function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
