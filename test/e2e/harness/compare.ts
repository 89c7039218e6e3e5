import { correlate } from "./fft.ts";

/** How one stretch of a recording matches the original. */
export interface Match {
  /** Frame of the original that is heard at the stretch's first frame, fractions included. */
  readonly position: number;
  /** From -1 to 1, at that position: 1 is the same wave, whatever its loudness. */
  readonly correlation: number;
}

/** Frames on each side of the sinc by which the original is read between its samples. */
const TAPS = 32;

/** How far from where it is expected a piece is looked for at first: no rate takes it further within a piece. */
const NEAR_FRAMES = 20;
/** A match that needs no other to be compared with. */
const SURE_CORRELATION = 0.99;

/** One channel of interleaved samples. */
export function channelOf(samples: Float32Array, channel: number, channels = 2): Float32Array {
  const one = new Float32Array(Math.floor(samples.length / channels));
  for (let frame = 0; frame < one.length; frame++)
    one[frame] = samples[frame * channels + channel]!;
  return one;
}

/** Where `stretch` comes from in `original`, to a fraction of a frame. Both are one channel. */
export function locate(original: Float32Array, stretch: Float32Array): Match {
  return locateWithin(original, stretch, bestLag(original, stretch));
}

/** The same, where the whole number of frames that fits best is known. */
function locateWithin(original: Float32Array, stretch: Float32Array, coarse: number): Match {
  const likeness = likenessNear(original, stretch, coarse);
  let low = coarse - 1;
  let high = coarse + 1;
  for (let round = 0; round < 24; round++) {
    const third = (high - low) / 3;
    if (likeness(low + third) > likeness(high - third)) high -= third;
    else low += third;
  }
  const position = (low + high) / 2;
  return { position, correlation: correlationAt(original, stretch, position) };
}

/**
 * How alike they are at lags less than two from `coarse`. To read the original between its samples and to correlate
 * are both linear: what is read is the correlation at whole lags, which takes a multiplication for each tap
 * instead of one for each tap and sample.
 */
function likenessNear(
  original: Float32Array,
  stretch: Float32Array,
  coarse: number,
): (position: number) => number {
  const first = coarse - TAPS - 2;
  const lags = Array.from({ length: 2 * TAPS + 5 }, (_, at) => at);
  const cross = Float64Array.from(lags, (at) => product(original, first + at, stretch));
  const energy = lags.map((at) => {
    const there = original.subarray(Math.max(0, first + at), first + at + stretch.length);
    return product(there, 0, there);
  });
  return (position) => {
    const whole = Math.floor(position);
    const share = position - whole;
    const at = whole - first;
    const own = energy[at]! * (1 - share) + energy[at + 1]! * share;
    return readWith(sinc(share), cross, at) / Math.sqrt(own || 1);
  };
}

/** The sum of what `stretch` times `original` from `lag` on is. */
function product(original: Float32Array, lag: number, stretch: Float32Array): number {
  let sum = 0;
  const end = Math.min(stretch.length, original.length - lag);
  for (let at = Math.max(0, -lag); at < end; at++) sum += original[lag + at]! * stretch[at]!;
  return sum;
}

/** Matches a recording piece by piece. Pieces of silence are left out. */
export function locateAll(
  original: Float32Array,
  recording: Float32Array,
  pieceFrames: number,
): (Match & { readonly frame: number })[] {
  const matches: (Match & { readonly frame: number })[] = [];
  for (let frame = 0; frame + pieceFrames <= recording.length; frame += pieceFrames) {
    const piece = recording.subarray(frame, frame + pieceFrames);
    if (!piece.some((sample) => Math.abs(sample) > 0.01)) continue;
    const last = matches.at(-1);
    const near = last && locateNear(original, piece, last.position + frame - last.frame);
    const sure = near && near.correlation > SURE_CORRELATION;
    matches.push({ frame, ...(sure ? near : locate(original, piece)) });
  }
  return matches;
}

/** Where it most likely is: right after what came before. Everywhere takes a hundred times as long. */
function locateNear(original: Float32Array, piece: Float32Array, position: number): Match {
  const expected = Math.round(position);
  let [best, likeness] = [expected, -Infinity];
  for (let lag = expected - NEAR_FRAMES; lag <= expected + NEAR_FRAMES; lag++) {
    const found = product(original, lag, piece);
    if (found > likeness) [best, likeness] = [lag, found];
  }
  return locateWithin(original, piece, best);
}

/** The first frame that is not silent. */
export function firstSound(recording: Float32Array): number {
  return recording.findIndex((sample) => Math.abs(sample) > 0.001);
}

/** Lengths of the silences within the sound, longer than `minimumFrames`. */
export function gaps(recording: Float32Array, minimumFrames: number): number[] {
  const found: number[] = [];
  let silentSince = -1;
  for (let frame = firstSound(recording); frame >= 0 && frame < recording.length; frame++) {
    const silent = recording[frame] === 0;
    if (silent && silentSince < 0) silentSince = frame;
    if (silent || silentSince < 0) continue;
    if (frame - silentSince > minimumFrames) found.push(frame - silentSince);
    silentSince = -1;
  }
  return found;
}

/** The whole number of frames by which the stretch lies best on the original. */
function bestLag(original: Float32Array, stretch: Float32Array): number {
  return loudnessAside(original, stretch.length, correlate(original, stretch));
}

/** The lag of the best match among cross-correlations, which a louder place would win otherwise. */
function loudnessAside(original: Float32Array, length: number, cross: Float64Array): number {
  let energy = 0;
  for (let at = 0; at < length; at++) energy += (original[at] ?? 0) ** 2;
  let [best, likeness] = [0, -Infinity];
  for (let lag = 0; lag < original.length; lag++) {
    const found = cross[lag]! / Math.sqrt(Math.max(energy, 1));
    if (found > likeness) [best, likeness] = [lag, found];
    energy += (original[lag + length] ?? 0) ** 2 - original[lag]! ** 2;
  }
  return best;
}

function correlationAt(original: Float32Array, stretch: Float32Array, position: number): number {
  const whole = Math.floor(position);
  const kernel = sinc(position - whole);
  let [cross, own, other] = [0, 0, 0];
  for (let frame = 0; frame < stretch.length; frame++) {
    const value = readWith(kernel, original, whole + frame);
    const sample = stretch[frame]!;
    cross += value * sample;
    own += value * value;
    other += sample * sample;
  }
  return cross / Math.sqrt(own * other || 1);
}

/** Windowed sinc (Hann) that reads `fraction` behind a sample. */
function sinc(fraction: number): Float64Array {
  return Float64Array.from({ length: 2 * TAPS }, (_, tap) => {
    const distance = tap - TAPS + 1 - fraction;
    const window = 0.5 + 0.5 * Math.cos((Math.PI * distance) / TAPS);
    const x = Math.PI * distance;
    return window * (x === 0 ? 1 : Math.sin(x) / x);
  });
}

function readWith(
  kernel: Float64Array,
  samples: Float32Array | Float64Array,
  whole: number,
): number {
  let sum = 0;
  for (let tap = 0; tap < kernel.length; tap++) {
    sum += kernel[tap]! * (samples[whole + tap - TAPS + 1] ?? 0);
  }
  return sum;
}
