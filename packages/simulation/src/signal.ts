/**
 * A signal whose position can be read back from a few of its samples, at any amplitude.
 *
 * Left is a tone of FINE frames, right one that gains a whole turn on it in COARSE frames. The phase of
 * the left tells the position within FINE frames, the difference of the phases the position within
 * COARSE; the second picks the turn of the first. A tone's other quadrature is the difference of two
 * samples a quarter of a period before and after: a change of speed or of volume cancels there to the
 * first order, so what a resampler made reads as exactly as the original.
 */

/** Period of the left tone. (frames) */
const FINE = 20;
const QUARTER = FINE / 4;
/** After this many frames the signal repeats: positions are known modulo it. */
export const SIGNAL_FRAMES = FINE * 4_096;
/** Samples needed before and after the frame that is read. (frames) */
export const READING_REACH = QUARTER;
export const SIGNAL_CHANNELS = 2;
const AMPLITUDE = 0.5;
const FULL_SCALE = 32_768;
const TURN = 2 * Math.PI;

/** What a few frames around one say about it. */
export interface Reading {
  /** Which frame of the signal this is, modulo SIGNAL_FRAMES; fractions count. (frames) */
  readonly position: number;
  /** 1 as generated, 0 for silence. */
  readonly level: number;
  /** How far the two tones disagree: above a frame or two this is not the signal, or two of them. (frames) */
  readonly mismatch: number;
}

/** One whole turn of the signal, interleaved signed 16-bit little endian. */
export function makeSignal(): Uint8Array {
  const samples = new Int16Array(SIGNAL_FRAMES * SIGNAL_CHANNELS);
  for (let frame = 0; frame < SIGNAL_FRAMES; frame++) {
    const fine = (TURN * (frame % FINE)) / FINE;
    const coarse = fine + (TURN * frame) / SIGNAL_FRAMES;
    samples[2 * frame] = Math.round(AMPLITUDE * FULL_SCALE * Math.cos(fine));
    samples[2 * frame + 1] = Math.round(AMPLITUDE * FULL_SCALE * Math.cos(coarse));
  }
  return new Uint8Array(samples.buffer);
}

/** Reads frame `frame` of interleaved stereo; READING_REACH frames must lie on both sides. */
export function readSignal(samples: ArrayLike<number>, frame: number, fullScale = 1): Reading {
  const at = SIGNAL_CHANNELS * frame;
  const before = at - SIGNAL_CHANNELS * QUARTER;
  const behind = at + SIGNAL_CHANNELS * QUARTER;
  const cosine = samples[at] ?? 0;
  const sine = ((samples[before] ?? 0) - (samples[behind] ?? 0)) / 2;
  const fine = Math.atan2(sine, cosine) / TURN;
  const rightSine = ((samples[before + 1] ?? 0) - (samples[behind + 1] ?? 0)) / 2;
  const right = Math.atan2(rightSine, samples[at + 1] ?? 0) / TURN;
  const coarse = modulo(right - fine, 1) * SIGNAL_FRAMES;
  const within = modulo(fine, 1) * FINE;
  const turns = Math.round((coarse - within) / FINE);
  return {
    position: modulo(within + turns * FINE, SIGNAL_FRAMES),
    level: Math.sqrt(cosine * cosine + sine * sine) / (AMPLITUDE * fullScale),
    mismatch: Math.abs(coarse - within - turns * FINE),
  };
}

/** Disagreement of the tones, and of two readings with the frames between them, that still is the signal. (frames) */
const MISMATCH_MAX = 3;
const SLIP_MAX = 0.5;
const READABLE_LEVEL = 0.1;

/**
 * The position of frame `frame`, when what lies from there to `span` frames on is one piece of the
 * signal; undefined for silence, fades near silence, other sounds and two places at once.
 */
export function readPosition(
  samples: ArrayLike<number>,
  frame: number,
  span: number,
  fullScale = 1,
): number | undefined {
  const begin = readSignal(samples, frame, fullScale);
  const end = readSignal(samples, frame + span, fullScale);
  return positionBetween(begin, end, span);
}

/** The same, from readings of the first and the last of these frames. */
export function positionBetween(begin: Reading, end: Reading, span: number): number | undefined {
  if (Math.min(begin.level, end.level) < READABLE_LEVEL) return undefined;
  if (Math.max(begin.mismatch, end.mismatch) > MISMATCH_MAX) return undefined;
  const slip = unwrap(end.position - begin.position, span) - span;
  return Math.abs(slip) > SLIP_MAX ? undefined : begin.position + slip / 2;
}

/** The number nearest to `expected` among those that leave `position` modulo SIGNAL_FRAMES. */
export function unwrap(position: number, expected: number): number {
  return position + SIGNAL_FRAMES * Math.round((expected - position) / SIGNAL_FRAMES);
}

/** Always 0 or more, and below `size`. */
export function modulo(value: number, size: number): number {
  const rest = value % size;
  return rest < 0 ? rest + size : rest;
}
