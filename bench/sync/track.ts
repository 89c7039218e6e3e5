/**
 * A recording as a track: which frame of the original is heard at which moment.
 *
 * A card's frame k passes its converter at a moment that is known exactly, so a track needs no clock: 85 ms
 * of the recording are looked up in the original (place.ts) every 50 ms, and the place belongs to the moment
 * of the middle. The first 200 ms of sound, and of sound after a silence of 100 ms, are looked up in pieces
 * of 21 ms every 5 ms, as it is there that a player is not yet where it will be.
 *
 * What comes next is looked for within 4 frames of where the last place says that it is; if it is not there
 * within 300 frames; if not there either, in everything that was fed in the last four seconds. Windows of
 * silence and windows like nothing in the original have no point.
 */
import { type Place, placeBetween, placeNear } from "./place.ts";
import { RATE_HZ } from "./signal.ts";

/** A recording of one channel, and when its frame 0 was heard. Cards count at their own rate. */
export interface Recording {
  readonly samples: Float32Array;
  /** The same, filtered by `flatten`. */
  readonly flat: Float32Array;
  /** When the card's frame passes the converter, fractions included. (us) */
  readonly heardAtUs: (frame: number) => number;
}

export interface Original {
  readonly flat: Float32Array;
  /** When its frame 0 was fed to the server, on the same clock. (us) */
  readonly fedAtUs: number;
}

export interface TrackPoint {
  /** The middle of what was looked up: frame of the card, moment, and frame of the original. */
  readonly cardFrame: number;
  readonly atUs: number;
  readonly position: number;
  readonly likeness: number;
}

export const WINDOW_FRAMES = 4_096;
export const STEP_FRAMES = RATE_HZ / 20;
const OPENING_WINDOW_FRAMES = 1_024;
const OPENING_STEP_FRAMES = 256;
const OPENING_FRAMES = RATE_HZ / 5;
const SILENCE_BEFORE_OPENING_FRAMES = RATE_HZ / 10;

const NEAR_FRAMES = 4;
const AROUND_FRAMES = 300;
/** What is like nothing is not looked for everywhere again so soon: a recording full of holes would take minutes. */
const EVERYWHERE_AGAIN_FRAMES = RATE_HZ / 17;
/** More than any server's buffer with what it may be behind. */
const LATENCY_MAX_FRAMES = 4 * RATE_HZ;
/** Far above what two stretches have in common by chance: 4 / sqrt(1024). */
const LIKENESS_MIN = 0.35;
/** Less than a bit of 16. */
const SILENT = 1e-5;

export function trackOf(recording: Recording, original: Original): TrackPoint[] {
  const points: TrackPoint[] = [];
  let failedAt = -Infinity;
  for (const { first, frames } of windowsOf(recording.samples)) {
    const last = points.at(-1);
    const everywhere = first - failedAt > EVERYWHERE_AGAIN_FRAMES;
    const point = lookUp(recording, original, { first, frames, last, everywhere });
    if (point) points.push(point);
    else if (everywhere) failedAt = first;
  }
  return points;
}

/** How long after it was fed a point's sound was heard. (us) */
export function latencyUs(point: TrackPoint, original: Original): number {
  return point.atUs - original.fedAtUs - (point.position * 1e6) / RATE_HZ;
}

interface Window {
  readonly first: number;
  readonly frames: number;
}

/** Short ones where sound begins, long ones for the rest. None is more than half silent. */
function windowsOf(samples: Float32Array): Window[] {
  const windows: Window[] = [];
  for (const { from, to } of soundsOf(samples, SILENCE_BEFORE_OPENING_FRAMES)) {
    let first = from;
    for (; first < from + OPENING_FRAMES; first += OPENING_STEP_FRAMES) {
      windows.push({ first, frames: OPENING_WINDOW_FRAMES });
    }
    for (; first < to; first += STEP_FRAMES) windows.push({ first, frames: WINDOW_FRAMES });
    while (windows.length > 0 && windows.at(-1)!.first + windows.at(-1)!.frames > to) windows.pop();
  }
  return windows.filter(({ first, frames }) => {
    let silent = 0;
    for (let at = first; at < first + frames; at++) if (Math.abs(samples[at]!) < SILENT) silent++;
    return silent < frames / 2;
  });
}

/** Where there is sound, as [from, to); silences shorter than `silenceFrames` are part of it. */
export function soundsOf(
  samples: Float32Array,
  silenceFrames: number,
): { from: number; to: number }[] {
  const sounds: { from: number; to: number }[] = [];
  for (let at = 0; at < samples.length; at++) {
    if (Math.abs(samples[at]!) < SILENT) continue;
    const last = sounds.at(-1);
    if (last && at - last.to < silenceFrames) last.to = at + 1;
    else sounds.push({ from: at, to: at + 1 });
  }
  return sounds;
}

interface Lookup extends Window {
  readonly last: TrackPoint | undefined;
  /** Not only near the last point. */
  readonly everywhere: boolean;
}

function lookUp(
  recording: Recording,
  original: Original,
  { first, frames, last, everywhere }: Lookup,
): TrackPoint | undefined {
  const stretch = recording.flat.subarray(first, first + frames);
  const middle = first + (frames - 1) / 2;
  const atUs = recording.heardAtUs(middle);
  const next = last && last.position + first - last.cardFrame;
  const fed = ((atUs - original.fedAtUs) * RATE_HZ) / 1e6;
  const place = find(original, stretch, next, everywhere ? fed : undefined);
  if (!place) return undefined;
  const position = place.frame + (frames - 1) / 2;
  return { cardFrame: middle, atUs, position, likeness: place.likeness };
}

/** `fed` is what had been fed when the stretch was heard, if all of that is to be searched. (frames) */
function find(
  { flat }: Original,
  stretch: Float32Array,
  next: number | undefined,
  fed: number | undefined,
): Place | undefined {
  const likely = (place: Place | undefined) => place && place.likeness > LIKENESS_MIN;
  for (const reach of next === undefined ? [] : [NEAR_FRAMES, AROUND_FRAMES]) {
    const place = placeNear(flat, stretch, next!, reach);
    if (likely(place)) return place;
  }
  if (fed === undefined) return undefined;
  const place = placeBetween(flat, stretch, fed - LATENCY_MAX_FRAMES, fed);
  return likely(place) ? place : undefined;
}
