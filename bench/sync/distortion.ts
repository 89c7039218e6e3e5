/**
 * THD+N of a recorded tone: the power of everything from 20 Hz to 20 kHz that is not the tone, over the
 * power of the tone, in decibels.
 *
 * Blocks of 65536 frames (1.4 s), each half over the one before, are weighed with the four-term Blackman-Harris
 * window (side lobes at -92 dB) squared, whose side lobes are below -180 dB, and transformed. What lies within
 * 25 Hz of the strongest line is the tone: a player that follows a clock changes its speed by a few parts
 * per million, which widens the line by much less. (The notch of AES17 is ten times as wide.) Powers are
 * summed over all blocks before they are divided, so that a click in one block counts.
 */
import { fft } from "../../test/e2e/harness/fft.ts";
import { RATE_HZ } from "./signal.ts";

const BLOCK_FRAMES = 65_536;
const BAND_HZ = [20, 20_000] as const;
const TONE_WIDTH_HZ = 25;
const BLACKMAN_HARRIS = [0.35875, 0.48829, 0.14128, 0.01168] as const;

/** NaN if there is less than one block, or no tone. */
export function distortionDb(samples: Float32Array): number {
  const window = squaredBlackmanHarris(BLOCK_FRAMES);
  let [tone, rest] = [0, 0];
  for (let from = 0; from + BLOCK_FRAMES <= samples.length; from += BLOCK_FRAMES / 2) {
    const power = spectrum(samples.subarray(from, from + BLOCK_FRAMES), window);
    const parts = divide(power);
    tone += parts.tone;
    rest += parts.rest;
  }
  return tone > 0 ? 10 * Math.log10(rest / tone) : Number.NaN;
}

function divide(power: Float64Array): { tone: number; rest: number } {
  const line = (hz: number) => Math.round((hz * BLOCK_FRAMES) / RATE_HZ);
  let strongest = line(BAND_HZ[0]);
  for (let at = strongest; at <= line(BAND_HZ[1]); at++) {
    if (power[at]! > power[strongest]!) strongest = at;
  }
  let [tone, rest] = [0, 0];
  for (let at = line(BAND_HZ[0]); at <= line(BAND_HZ[1]); at++) {
    if (Math.abs(at - strongest) <= line(TONE_WIDTH_HZ)) tone += power[at]!;
    else rest += power[at]!;
  }
  return { tone, rest };
}

function spectrum(samples: Float32Array, window: Float64Array): Float64Array {
  const re = Float64Array.from(samples, (sample, at) => sample * window[at]!);
  const im = new Float64Array(re.length);
  fft(re, im);
  return re.map((value, at) => value ** 2 + im[at]! ** 2);
}

function squaredBlackmanHarris(length: number): Float64Array {
  return Float64Array.from({ length }, (_, at) => {
    const angle = (2 * Math.PI * at) / length;
    const [a, b, c, d] = BLACKMAN_HARRIS;
    return (a - b * Math.cos(angle) + c * Math.cos(2 * angle) - d * Math.cos(3 * angle)) ** 2;
  });
}
