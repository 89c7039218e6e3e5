/**
 * Where in the original a stretch of a recording comes from, to a thousandth of a frame.
 *
 * Both are filtered alike beforehand (`flatten`): the inverse of the signal's tilt, so that it is white,
 * and then a zero at half the rate, so that the spectrum is cos^2 and ends smoothly. The correlation of a
 * stretch s of length W with the original x at lag k,
 *
 *     c(k) = sum  w(n) s(n) x(k + n)          w: Hann's window, so that neither end weighs
 *
 * is then short and smooth, and what it is between whole lags follows from sinc interpolation over the few
 * lags around its peak. The place is the maximum of that. It belongs to the stretch's middle even where a
 * player plays faster or slower than the original, as both halves are then off by the same, in opposite
 * directions. `likeness` is c at the maximum over the root of both energies: 1 for the same wave, whatever
 * its loudness; anything else stays below 4 / sqrt(W).
 */
import { correlate } from "../../test/e2e/harness/fft.ts";

export interface Place {
  /** Frame of the original that is heard at the stretch's first frame, fractions included. */
  readonly frame: number;
  readonly likeness: number;
}

/** Lags on each side of the peak that decide where it is. */
const LAGS = 12;
const ROUNDS = 30;

/** The left channel as the search wants it. `tilt` is the signal's own. */
export function flatten(samples: Float32Array, tilt = 0.9): Float32Array {
  const flat = new Float32Array(samples.length);
  let [last, whiteLast, whiteBefore] = [0, 0, 0];
  for (let at = 0; at < samples.length; at++) {
    const white = samples[at]! - tilt * last;
    flat[at] = (white + 2 * whiteLast + whiteBefore) / 4;
    [last, whiteBefore, whiteLast] = [samples[at]!, whiteLast, white];
  }
  return flat;
}

/** The best place within `reach` frames of `near`. */
export function placeNear(
  original: Float32Array,
  stretch: Float32Array,
  near: number,
  reach: number,
): Place | undefined {
  const first = Math.round(near) - reach - LAGS;
  const count = 2 * (reach + LAGS) + 1;
  if (first < 0 || first + count + stretch.length > original.length) return undefined;
  const weighted = weigh(stretch);
  const lags = new Float64Array(count);
  for (let lag = 0; lag < count; lag++) lags[lag] = product(original, first + lag, weighted);
  let best = LAGS;
  for (let lag = LAGS; lag < count - LAGS; lag++) if (lags[lag]! > lags[best]!) best = lag;
  return finish({ original, stretch, lags, best, first });
}

/** The best place between two frames of the original, however far apart. */
export function placeBetween(
  original: Float32Array,
  stretch: Float32Array,
  from: number,
  to: number,
): Place | undefined {
  const start = Math.max(0, Math.round(from));
  const haystack = original.subarray(start, Math.min(original.length, Math.round(to)));
  if (haystack.length < stretch.length) return undefined;
  const cross = correlate(haystack, weigh(stretch));
  let best = 0;
  for (let lag = 0; lag <= haystack.length - stretch.length; lag++) {
    if (cross[lag]! > cross[best]!) best = lag;
  }
  return placeNear(original, stretch, start + best, 1);
}

interface Peak {
  readonly original: Float32Array;
  readonly stretch: Float32Array;
  readonly lags: Float64Array;
  readonly best: number;
  readonly first: number;
}

function finish({ original, stretch, lags, best, first }: Peak): Place {
  let [low, high] = [best - 1, best + 1];
  for (let round = 0; round < ROUNDS; round++) {
    const third = (high - low) / 3;
    if (between(lags, best, low + third) > between(lags, best, high - third)) high -= third;
    else low += third;
  }
  const lag = (low + high) / 2;
  const window = hann(stretch.length);
  let [own, other] = [0, 0];
  for (let at = 0; at < stretch.length; at++) {
    own += window[at]! * stretch[at]! ** 2;
    other += window[at]! * original[first + best + at]! ** 2;
  }
  return {
    frame: first + lag,
    likeness: between(lags, best, lag) / Math.sqrt(own * other || 1),
  };
}

/** The correlation between whole lags, from those around the best one. */
function between(lags: Float64Array, best: number, lag: number): number {
  const fraction = lag - Math.floor(lag);
  if (fraction === 0) return lags[lag]!;
  const sine = Math.sin(Math.PI * fraction) / Math.PI;
  let sum = 0;
  for (let at = best - LAGS; at <= best + LAGS; at++) {
    const distance = lag - at;
    // sin(pi (lag - at)) is plus or minus that of the fraction alone.
    const sign = (Math.floor(lag) - at) % 2 === 0 ? 1 : -1;
    sum += (sign * sine * lags[at]!) / distance;
  }
  return sum;
}

function product(original: Float32Array, start: number, weighted: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < weighted.length; at++) sum += original[start + at]! * weighted[at]!;
  return sum;
}

function weigh(stretch: Float32Array): Float64Array {
  const window = hann(stretch.length);
  const weighted = new Float64Array(stretch.length);
  for (let at = 0; at < stretch.length; at++) weighted[at] = stretch[at]! * window[at]!;
  return weighted;
}

const windows = new Map<number, Float64Array>();

function hann(length: number): Float64Array {
  const known = windows.get(length);
  if (known) return known;
  const made = Float64Array.from({ length }, (_, at) => {
    return 0.5 - 0.5 * Math.cos((2 * Math.PI * (at + 0.5)) / length);
  });
  windows.set(length, made);
  return made;
}
