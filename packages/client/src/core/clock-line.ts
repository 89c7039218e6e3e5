/**
 * The lines through bounds of the server's clock.
 *
 * The drift is first taken as that of the widest strip that no bound reaches into, which is the likeliest one
 * when queueing is exponential, and as exact as one over the number of exchanges (after Moon, Skelly and Towsley,
 * "Estimation and removal of clock skew from network delay measurements", 1999; here both directions share one
 * drift, and a prior keeps it near what crystals do). Then two parallel lines are fitted by weighted least
 * squares, one through the upper, one through the lower bounds; the weight falls with a bound's
 * excess over the strip and with its age (crystals wander). The offset is midway: what is assumed, and
 * cannot be seen, is that the least delay is the same both ways.
 *
 */

/** Stamping noise of one bound that no queue explains. (us) */
const STAMP_NOISE = 15;
/** How far a line may bend in a second: crystals in homes stay below it. (us / s) */
export const WANDER = 0.3;
/** Deviation of the least of many delays from the least possible, as a multiple of mean excess over number. */
const UNSEEN = 2;
/** Excess, as the square of a multiple of the noise, from which on a bound falls out of the fit: it waited in a queue. */
const QUEUED_PART = 100;
/** Exchanges of a slot that make it worth a judgement of its own. */
const ALONE_MIN = 4;
/** Halvings in the search for the drift: from 2,000 ppm to less than a billionth of it. */
const STRIP_STEPS = 32;

/** A stretch of time with the best bound of either side. Times and heights are relative to one origin. (us) */
export interface Slot {
  /** Relative local time of its first exchange. (us) */
  readonly begun: number;
  count: number;
  upperAt: number;
  upper: number;
  lowerAt: number;
  lower: number;
  /** Of all its bounds, carried to its beginning along the drift. */
  upperSum: number;
  lowerSum: number;
}

/** What is expected of the drift before anything is measured, and how far off that may be. (us / us) */
export interface DriftPrior {
  readonly drift: number;
  readonly spread: number;
}

/** Two parallel lines: heights at the moment `at`. (us) */
export interface Line {
  readonly at: number;
  readonly upper: number;
  readonly lower: number;
  readonly drift: number;
  /** Of the height midway between the lines, at the moment `centre`; elsewhere that of the drift adds to it. */
  readonly variance: number;
  readonly centre: number;
  readonly driftVariance: number;
}

/** A line through the bounds of one side: sums of the weighted least squares. */
interface Side {
  weight: number;
  mean: number;
  value: number;
  spread: number;
  cross: number;
}

/** One way of the exchanges: 1 for the upper bounds, -1 for the lower ones. */
type Sign = 1 | -1;

/** Fits both lines to at least one slot. `driftBefore`: of the fit before, by which delays are compared. */
export function fitLine(slots: readonly Slot[], prior: DriftPrior, driftBefore: number): Line {
  const at = slots.at(-1)?.lowerAt ?? 0;
  const strip = driftOfWidestStrip(slots, at, prior, driftBefore);
  const upper = sideOf(slots, 1, at, strip);
  const lower = sideOf(slots, -1, at, strip);
  const certainty = 1 / prior.spread ** 2;
  const spread = upper.spread + lower.spread + certainty;
  const drift = (upper.cross + lower.cross + prior.drift * certainty) / spread;
  return {
    at,
    drift,
    upper: upper.value + drift * (at - upper.mean),
    lower: lower.value + drift * (at - lower.mean),
    variance: (1 / upper.weight + 1 / lower.weight) / 4,
    centre: (upper.mean + lower.mean) / 2,
    driftVariance: 1 / spread,
  };
}

/** The width of the strip is concave in the drift, so its slope is searched for nought by halving. */
function driftOfWidestStrip(
  slots: readonly Slot[],
  at: number,
  { drift: guess, spread }: DriftPrior,
  driftBefore: number,
): number {
  const count = slots.reduce((sum, slot) => sum + slot.count, 0);
  const upper = unseenOf(slots, 1, at, driftBefore);
  const unseen = upper + unseenOf(slots, -1, at, driftBefore) + STAMP_NOISE / count;
  let low = guess - 4 * spread;
  let high = guess + 4 * spread;
  for (let step = 0; step < STRIP_STEPS; step++) {
    const drift = (low + high) / 2;
    const pull = (unseen * (drift - guess)) / (spread * spread);
    const widening = touchesAt(slots, -1, at, drift) - touchesAt(slots, 1, at, drift) - pull;
    if (widening > 0) low = drift;
    else high = drift;
  }
  return (low + high) / 2;
}

/** When the bound that limits a strip of that drift was seen. */
function touchesAt(slots: readonly Slot[], sign: Sign, at: number, drift: number): number {
  let best = Infinity;
  let touched = 0;
  for (const slot of slots) {
    const excess = excessOf(slot, sign, at, drift);
    if (excess >= best) continue;
    best = excess;
    touched = sign > 0 ? slot.upperAt : slot.lowerAt;
  }
  return touched;
}

/**
 * How far the best bound of that side may still lie from the least delay: by the mean excess, as if small
 * delays were as likely as any, or by the distance of the next best slots, where they are rarer. But
 * no further than a good slot says by itself: a queue that grew after it says nothing about it.
 */
function unseenOf(slots: readonly Slot[], sign: Sign, at: number, drift: number): number {
  let [best, second, third] = [Infinity, Infinity, Infinity];
  let sum = 0;
  let count = 0;
  let alone = Infinity;
  for (const slot of slots) {
    const excess = excessOf(slot, sign, at, drift);
    const mean = meanExcessOf(slot, sign, at, drift);
    const doubt = slot.count < ALONE_MIN ? Infinity : (UNSEEN * (mean - excess)) / slot.count;
    alone = Math.min(alone, excess + Math.max(0, doubt));
    third = Math.min(third, Math.max(second, excess));
    second = Math.min(second, Math.max(best, excess));
    best = Math.min(best, excess);
    sum += slot.count * mean;
    count += slot.count;
  }
  const byMean = (UNSEEN * Math.max(0, sum / count - best)) / count;
  const byOthers = third === Infinity ? 0 : (third - best) / 2;
  return Math.min(Math.max(byMean, byOthers), alone - best);
}

/** Mean height of all bounds of a slot over a line of that drift, positive away from the truth. */
function meanExcessOf(slot: Slot, sign: Sign, at: number, drift: number): number {
  const sum = sign > 0 ? slot.upperSum : slot.lowerSum;
  return sign * (sum / slot.count - drift * (slot.begun - at));
}

/** Height of a slot's bound over a line of that drift, positive away from the truth, its age allowed for. */
function excessOf(slot: Slot, sign: Sign, at: number, drift: number): number {
  const since = (sign > 0 ? slot.upperAt : slot.lowerAt) - at;
  const value = sign > 0 ? slot.upper : slot.lower;
  return sign * (value - drift * since) - (WANDER * Math.min(0, since)) / 1_000_000;
}

/** The weighted sums of one side. */
function sideOf(slots: readonly Slot[], sign: Sign, at: number, drift: number): Side {
  const unseen = unseenOf(slots, sign, at, drift);
  let best = Infinity;
  for (const slot of slots) best = Math.min(best, excessOf(slot, sign, at, drift));
  const side = { weight: 0, mean: 0, value: 0, spread: 0, cross: 0 };
  for (const slot of slots) {
    const seenAt = sign > 0 ? slot.upperAt : slot.lowerAt;
    const age = (at - seenAt) / 1_000_000;
    const excess = excessOf(slot, sign, at, drift) - best;
    const noise = STAMP_NOISE ** 2 + unseen ** 2 + (WANDER * age) ** 2;
    const queued = excess ** 2 * (1 + excess ** 2 / (QUEUED_PART * noise));
    accumulate(side, seenAt, sign > 0 ? slot.upper : slot.lower, 1 / (noise + queued));
  }
  return side;
}

/** Weighted mean, spread and covariance, updated one by one (West, 1979). */
function accumulate(side: Side, at: number, value: number, weight: number): void {
  side.weight += weight;
  const away = at - side.mean;
  const share = weight / side.weight;
  side.mean += share * away;
  const error = value - side.value;
  side.value += share * error;
  side.spread += weight * (1 - share) * away * away;
  side.cross += weight * (1 - share) * away * error;
}
