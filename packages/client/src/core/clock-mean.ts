import type { Line } from "./clock-line.ts";

/*
 * The server's clock by the exchanges that were quick both ways.
 *
 * The model. An exchange that took e longer than the quickest has the offset midway between its bounds, but for d with
 * |d| <= e / 2: which way the time was lost nobody knows. When both ways are alike d is nought on average, its deviation
 * about 0.3 e (an even share), and the stamps have a noise of their own:
 *
 *     offset_i = a + b t_i + d_i,    var d_i = STAMPED^2 + (0.3 e_i)^2 + (WANDER t_i^2 / 2)^2
 *
 * so a and b come from weighted least squares (as NTP's clock filter weighs by delay: RFC 5905, section 10). That one way
 * loses more than the other is allowed for: the mean of all e, weighed alike, times LOPSIDED, or what the mean lies off the
 * strip beyond what that is unsure of (DerSimonian and Laird, "Meta-analysis in clinical trials", 1986), if that is more.
 *
 * Of the same exchanges the widest strip (clock-line.ts) uses the extremes. On noisy paths, where few are quick both ways, those
 * tell more; on a wire extremes are what an idle processor or a hot cache makes of them, and the mean tells more. What is
 * believed is both, by the inverse of their variances.
 */

/** Of all exchanges within so long the quickest is kept, that many of those, and none from longer ago. (us) */
const SLICE = 100_000;
const SLICES_MAX = 512;
const AGE_MAX = 120_000_000;
/** What the stamps of a quick exchange are wrong by. (us) */
const STAMPED = 10;
/** What others took longer: the part that they are wrong by, and the part that may be lost on one way only. */
const DELAYED_PART = 0.3;
const LOPSIDED = 0.1;
/** How quickly a drift may change, as for the strip. (us / s^2) */
const WANDER = 0.001;
/** Of the strip's variance, what the mean may share. */
const SHARED_PART = 0.5;
/** No drift is known better than that. (us / us) */
const DRIFT_ERROR_MIN = 1e-9;
/** Fewer say nothing yet. */
const EXCHANGES_MIN = 8;

/** Keeps quick exchanges, and mends lines by their mean. Times and offsets are relative to an origin of the owner's. (us) */
export class ClockMean {
  readonly #at = new Float64Array(SLICES_MAX);
  readonly #offset = new Float64Array(SLICES_MAX);
  readonly #took = new Float64Array(SLICES_MAX);
  #count = 0;

  clear(): void {
    this.#count = 0;
  }

  /** An exchange: when, the offset midway between its bounds, and how far those lie apart. */
  note(at: number, offset: number, took: number): void {
    const last = this.#count - 1;
    const again =
      last >= 0 && Math.floor(at / SLICE) === Math.floor(number(this.#at, last) / SLICE);
    if (again && took >= number(this.#took, last)) return;
    if (again) this.#count--;
    if (this.#count === SLICES_MAX) this.#forgetOldest();
    this.#at[this.#count] = at;
    this.#offset[this.#count] = offset;
    this.#took[this.#count++] = took;
  }

  /** This host's clock gains so much more from a moment on: what was seen before is turned by that. (us / us) */
  turn(at: number, gained: number): void {
    for (let index = 0; index < this.#count; index++) {
      const before = at - number(this.#at, index);
      if (before <= 0) return;
      this.#offset[index] = number(this.#offset, index) + gained * before;
    }
  }

  /** The line, moved towards the mean of what was seen since `horizon`. */
  mend(line: Line, horizon: number): Line {
    const path = line.upper - line.lower;
    const middle = (line.upper + line.lower) / 2;
    const since = Math.max(horizon, line.at - AGE_MAX);
    let [weight, times, squares, offsets, products, delays, used] = [0, 0, 0, 0, 0, 0, 0];
    // The strip's own drift, with what it is off by, stands for what is known of the drift beforehand.
    squares += 1 / Math.max(DRIFT_ERROR_MIN ** 2, line.driftVariance);
    for (let index = this.#count - 1; index >= 0; index--) {
      const seen = number(this.#at, index);
      if (seen < since) break;
      const away = seen - line.at;
      const delayed = Math.max(0, number(this.#took, index) - path);
      const wandered = (WANDER * (away / 1_000_000) ** 2) / 2;
      const part = 1 / (STAMPED ** 2 + (DELAYED_PART * delayed) ** 2 + wandered ** 2);
      const off = number(this.#offset, index) - middle - line.drift * away;
      weight += part;
      times += part * away;
      squares += part * away * away;
      offsets += part * off;
      products += part * off * away;
      delays += part * delayed;
      used++;
    }
    if (used < EXCHANGES_MIN) return line;
    const determinant = weight * squares - times * times;
    const off = (squares * offsets - times * products) / determinant;
    const turn = (weight * products - times * offsets) / determinant;
    const lopsided = Math.max(((LOPSIDED * delays) / weight) ** 2, off * off - line.variance);
    const variance = squares / determinant + lopsided;
    const share = line.variance / (line.variance + variance);
    const both = (own: number, mean: number) => own + share * (mean - own);
    return {
      at: line.at,
      upper: line.upper + share * off,
      lower: line.lower + share * off,
      drift: line.drift + share * turn,
      // Both come from the same exchanges: what one is off by the other may be off by, too.
      variance: Math.max(share * variance, SHARED_PART * line.variance),
      driftVariance: both(line.driftVariance, weight / determinant),
      covariance: both(line.covariance, -times / determinant),
    };
  }

  #forgetOldest(): void {
    for (const numbers of [this.#at, this.#offset, this.#took]) numbers.copyWithin(0, 1);
    this.#count--;
  }
}

function number(numbers: Float64Array, index: number): number {
  return numbers[index] as number;
}
