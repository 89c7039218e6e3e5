/**
 * What a listener misses: silences of a millisecond and more, whatever the reason, from the recording; jumps of
 * more than a millisecond in the place that is heard, from its track; and how long after a fault two rooms are
 * together again.
 */
import type { PairPoint } from "../sync/pair.ts";
import { RATE_HZ } from "../sync/signal.ts";
import {
  latencyUs,
  type Original,
  type Recording,
  STEP_FRAMES,
  soundsOf,
  type TrackPoint,
  WINDOW_FRAMES,
} from "../sync/track.ts";

/** Moments of CLOCK_MONOTONIC. (us) */
export interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

const SILENCE_FRAMES_MIN = RATE_HZ / 1_000;
export const APART_US = 1_000;
const JUMP_US = 1_000;
/** Points further apart have something between them that is no jump. */
const NEIGHBOURS_US_MAX = (3 * STEP_FRAMES * 1e6) / RATE_HZ;
/** Half of a window of the track, which tells of all that is in it. */
const WINDOW_HALF_US = (WINDOW_FRAMES * 1e6) / RATE_HZ / 2;
/** Rooms that are together without a hole for that long are back. */
const BACK_FOR_US = 2e6;
const HOLE_US = 200_000;
/** One point stands for no more than that. */
const POINT_US_MAX = 100_000;

/** Where nothing is heard within a stretch of time, also when it never begins or does not come back. */
export function silencesOf(recording: Recording, within: Span): Span[] {
  const { samples, heardAtUs } = recording;
  const silences: Span[] = [];
  const add = (fromUs: number, toUs: number) => {
    const span = overlap({ fromUs, toUs }, within);
    if (span) silences.push(span);
  };
  let fromUs = within.fromUs;
  for (const { from, to } of soundsOf(samples, SILENCE_FRAMES_MIN)) {
    add(fromUs, heardAtUs(from));
    fromUs = heardAtUs(to);
  }
  // The last sample of a recording may be any.
  if (within.toUs - fromUs > 1_000) add(fromUs, within.toUs);
  return silences;
}

/** Without what lies in any of the others. */
export function without(spans: readonly Span[], excused: readonly Span[]): Span[] {
  return excused.reduce<Span[]>(
    (left, { fromUs, toUs }) =>
      left.flatMap((span) =>
        [
          overlap(span, { fromUs: -Infinity, toUs: fromUs }) ?? [],
          overlap(span, { fromUs: toUs, toUs: Infinity }) ?? [],
        ].flat(),
      ),
    [...spans],
  );
}

export function lengthS(spans: readonly Span[]): number {
  return spans.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0) / 1e6;
}

/** Moments at which a room goes on at another place than it was, silences aside. */
export function jumpsOf(
  track: readonly TrackPoint[],
  silences: readonly Span[],
  original: Original,
): number[] {
  return track.slice(1).flatMap((point, at) => {
    const before = track[at]!;
    const between = { fromUs: before.atUs - WINDOW_HALF_US, toUs: point.atUs + WINDOW_HALF_US };
    if (point.atUs - before.atUs > NEIGHBOURS_US_MAX) return [];
    if (silences.some((silence) => overlap(silence, between))) return [];
    const jumpUs = Math.abs(latencyUs(point, original) - latencyUs(before, original));
    return jumpUs > JUMP_US ? [point.atUs] : [];
  });
}

/** How long after the fault both rooms can be heard together, and go on so; undefined if they never do. (s) */
export function backAfterS(points: readonly PairPoint[], faultEndUs: number): number | undefined {
  let since: number | undefined;
  let last = faultEndUs;
  for (const { atUs, errorUs } of points) {
    if (atUs < faultEndUs) continue;
    if (Math.abs(errorUs) >= APART_US || atUs - last > HOLE_US) since = undefined;
    if (Math.abs(errorUs) < APART_US) since ??= atUs;
    last = atUs;
    if (since !== undefined && atUs - since >= BACK_FOR_US) return (since - faultEndUs) / 1e6;
  }
  return undefined;
}

/** For how long two rooms were heard at once and were not together. (s) */
export function apartS(points: readonly PairPoint[], within: Span): number {
  let sumUs = 0;
  for (const [at, { atUs, errorUs }] of points.entries()) {
    if (atUs < within.fromUs || atUs > within.toUs || Math.abs(errorUs) < APART_US) continue;
    sumUs += Math.min(POINT_US_MAX, atUs - (points[at - 1]?.atUs ?? atUs));
  }
  return sumUs / 1e6;
}

function overlap(one: Span, other: Span): Span | undefined {
  const fromUs = Math.max(one.fromUs, other.fromUs);
  const toUs = Math.min(one.toUs, other.toUs);
  return fromUs < toUs ? { fromUs, toUs } : undefined;
}
