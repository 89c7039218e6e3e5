/** Recordings whose truth is known, to test the analysis with. */
import { flatten } from "./place.ts";
import { RATE_HZ } from "./signal.ts";
import type { Original, Recording } from "./track.ts";

const TAPS = 32;
/** Places between two samples that are told apart: 2.5 ns is the most that one can be off. */
const PHASES = 4_096;

/** What is heard when at frame k of a perfect card the original is at `positionAt(k)`; undefined is silence. */
export function play(
  original: Float32Array,
  frames: number,
  positionAt: (frame: number) => number | undefined,
): Float32Array {
  return Float32Array.from({ length: frames }, (_, frame) => {
    const position = positionAt(frame);
    return position === undefined ? 0 : read(original, position);
  });
}

/** A recording by a card that began at 0 and runs that much too fast. */
export function recordingOf(samples: Float32Array, ppm = 0): Recording {
  const heardAtUs = (frame: number) => (frame * 1e6) / (RATE_HZ * (1 + ppm * 1e-6));
  return { samples, flat: flatten(samples), heardAtUs };
}

/** The original, whose frame 0 was fed that long before the cards began. */
export function originalOf(samples: Float32Array, beforeUs: number): Original {
  return { flat: flatten(samples), fedAtUs: -beforeUs };
}

/** Between two samples, at the nearest of the phases. */
function read(samples: Float32Array, position: number): number {
  const phase = Math.round(position * PHASES);
  const whole = Math.floor(phase / PHASES);
  const kernel = kernelAt(phase - whole * PHASES);
  let sum = 0;
  for (let tap = 0; tap < kernel.length; tap++) {
    sum += (samples[whole + tap - TAPS + 1] ?? 0) * kernel[tap]!;
  }
  return sum;
}

const kernels = new Map<number, Float64Array>();

/** A sinc under Blackman's window. */
function kernelAt(phase: number): Float64Array {
  const known = kernels.get(phase);
  if (known) return known;
  const made = Float64Array.from({ length: 2 * TAPS }, (_, tap) => {
    const x = Math.PI * (tap - TAPS + 1 - phase / PHASES);
    const window = 0.42 + 0.5 * Math.cos(x / TAPS) + 0.08 * Math.cos((2 * x) / TAPS);
    return x === 0 ? 1 : (window * Math.sin(x)) / x;
  });
  kernels.set(phase, made);
  return made;
}
