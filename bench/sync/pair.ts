/**
 * How far two rooms are apart: the difference of their latencies at one moment, positive when the second
 * one is ahead. Each point of the room that began last is compared with the other room's at that moment,
 * in between its two points around it.
 */
import { RATE_HZ } from "./signal.ts";
import { latencyUs, type Original, STEP_FRAMES, type TrackPoint } from "./track.ts";

export interface PairPoint {
  readonly atUs: number;
  readonly errorUs: number;
}

/** Points further apart than this have something between them that is in neither. */
const NEIGHBOURS_US_MAX = (1.5 * STEP_FRAMES * 1e6) / RATE_HZ;
/** More than any change of speed does between two points: a jump, and its middle was never heard. (us) */
const JUMP_US = 83;

export function pairErrors(
  one: readonly TrackPoint[],
  other: readonly TrackPoint[],
  original: Original,
): PairPoint[] {
  const late = (one[0]?.atUs ?? 0) > (other[0]?.atUs ?? 0);
  const [base, beside, sign] = late ? [one, other, 1] : [other, one, -1];
  const points: PairPoint[] = [];
  let next = 0;
  for (const point of base) {
    while (next < beside.length && beside[next]!.atUs < point.atUs) next++;
    const there = latencyAt(beside[next - 1], beside[next], point.atUs, original);
    if (there === undefined) continue;
    points.push({ atUs: point.atUs, errorUs: sign * (latencyUs(point, original) - there) });
  }
  return points;
}

function latencyAt(
  before: TrackPoint | undefined,
  after: TrackPoint | undefined,
  atUs: number,
  original: Original,
): number | undefined {
  if (!before || !after || after.atUs - before.atUs > NEIGHBOURS_US_MAX) return undefined;
  const [from, to] = [latencyUs(before, original), latencyUs(after, original)];
  const share = (atUs - before.atUs) / (after.atUs - before.atUs);
  if (Math.abs(to - from) > JUMP_US) return share < 0.5 ? from : to;
  return from + share * (to - from);
}

/** When from `fromUs` on the rooms are within the limit, and stay there for that long; undefined if never. */
export function togetherFrom(
  points: readonly PairPoint[],
  fromUs: number,
  { limitUs, forUs }: { readonly limitUs: number; readonly forUs: number },
): number | undefined {
  let since: number | undefined;
  for (const { atUs, errorUs } of points) {
    if (atUs < fromUs) continue;
    if (Math.abs(errorUs) >= limitUs) since = undefined;
    else since ??= atUs;
    if (since !== undefined && atUs - since >= forUs) return since;
  }
  return undefined;
}

/** The value below which that share of them lies, from 0 to 1. NaN if there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (low === undefined || high === undefined) return Number.NaN;
  return low + (place - Math.floor(place)) * (high - low);
}
