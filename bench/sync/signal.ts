/** Sound to measure with: stereo, signed 16 bits, interleaved. */

import { randomOf } from "../harness/random.ts";
export const RATE_HZ = 48_000;

/** How much of a sample the next one keeps: treble falls by 6 dB an octave, as in music. */
const TILT = 0.9;
const NOISE_RMS = 0.14;
export const TONE_HZ = 997;
/** As loud as it can be, so that 16 bits add as little of their own as they can. */
const TONE_PEAK = 0.98;

/** Noise that never repeats: no stretch of it can be taken for another one. The same seed gives the same noise. */
export function noise(seconds: number, seed = 1): Int16Array {
  const frames = Math.round(seconds * RATE_HZ);
  const samples = new Int16Array(2 * frames);
  const random = randomOf(seed);
  // Three uniform numbers have a standard deviation of a half, the filter makes it that much larger.
  const scale = (NOISE_RMS * 32_767 * Math.sqrt(1 - TILT * TILT)) / 0.5;
  let [left, right] = [0, 0];
  for (let at = 0; at < samples.length; at += 2) {
    left = TILT * left + scale * (random() + random() + random() - 1.5);
    right = TILT * right + scale * (random() + random() + random() - 1.5);
    samples[at] = limit(left);
    samples[at + 1] = limit(right);
  }
  return samples;
}

/** 997 Hz: it has no common factor with the rate, so that it comes by many different samples. */
export function tone(seconds: number): Int16Array {
  const frames = Math.round(seconds * RATE_HZ);
  const samples = new Int16Array(2 * frames);
  for (let frame = 0; frame < frames; frame++) {
    const value = limit(TONE_PEAK * 32_767 * Math.sin((2 * Math.PI * TONE_HZ * frame) / RATE_HZ));
    samples[2 * frame] = value;
    samples[2 * frame + 1] = value;
  }
  return samples;
}

/** The left channel, -1 to 1. */
export function leftOf(samples: Int16Array): Float32Array {
  return Float32Array.from({ length: samples.length >> 1 }, (_, frame) => {
    return (samples[2 * frame] ?? 0) / 32_768;
  });
}

function limit(value: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(value)));
}
