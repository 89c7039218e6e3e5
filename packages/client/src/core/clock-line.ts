/**
 * The line through bounds of the server's clock.
 *
 * The model. Of two parallel lines with slope s, height A and B, all upper bounds lie above the first and all lower
 * bounds below the second; what lies between a bound and its line is queueing, whose density f jumps at nought
 * from 0 to f(0). For such densities the likelihood of n bounds is near its peak, whatever f is further out,
 *
 *     log L(s, A, B) = R (A + s t) - Q (B + s t),   A <= A(s),  B >= B(s),   R = n f(0) upwards, Q downwards,
 *
 * where A(s) is the highest line of slope s below all upper bounds, B(s) the lowest above all lower ones, and t the
 * mean time of the bounds (Ibragimov and Has'minskii, "Statistical Estimation", 1981, chapter V: a location
 * parameter at a jump; the peak over s is the widest strip of Moon, Skelly and Towsley, "Estimation
 * and removal of clock skew from network delay measurements", 1999). So given s, A lies below A(s) by an
 * exponential of mean 1/R, and s has the density
 *
 *     p(s) ~ exp(R A(s) - Q B(s)) prior(s),
 *
 * which has one peak and is summed up numerically. The offset, midway between the lines, is the mean of that; its
 * variance is honest about few bounds, about a drift not yet known, and about directions that are not alike.
 *
 * R and Q come from the bounds themselves: as many of the k nearest to the line lie as deep as the k-th, the
 * density over that depth is k - 1 over the sum of all depths, cut at the k-th (censored exponential; Epstein and
 * Sobel, 1953), less one half as the slope has been fitted to them, too.
 *
 * That jump is not sharp: threads that wake up at both ends let f rise over a time b only, as 1 - exp(-x / b). Then
 * the least of n bounds is off by sqrt((2 - pi / 2) b / R) rather than 1 / R (Rayleigh's distribution): more than that once many
 * were seen. Both together stand for 1 / R above.
 *
 * Crystals wander, so a bound that is t old is loosened by WANDER t^2 / 2.
 */
import { smallest } from "@tutti/audio/core";
import { Envelope } from "./clock-envelope.ts";
import { type ClockWindow, SLOTS_MAX } from "./clock-window.ts";

/** How quickly a drift may change: 0.06 ppm in a minute, as crystals do in a room. More is a bend. (us / s^2) */
const WANDER = 0.001;
/** What stamps are wrong by in ways that no number of exchanges shows. (us) */
const STAMP_NOISE = 5;
/** Slots by whose depth the density is judged: a part of all, but no fewer than that. */
const NEAREST_PART = 3;
const NEAREST_MIN = 4;
/** The few nearest overrule many by this: those may be from when a queue had grown. */
const FEW_PART = 0.25;
/** Of the numbers judged by, what the fit takes for itself. */
const FITTED = 1.5;
/**
 * Over which time the jump rises: 100 us in one thread, half of which the density of the nearest has in it already. Of paths that
 * vary by less than so many times that, the density has most of it. (us)
 */
const BLUR = 60;
const BLUR_SEEN = 10;
const RAYLEIGH = 2 - Math.PI / 2;
/** Both directions are held to be alike until so many exchanges have shown that they are not. */
const ALIKE = 8;
/** Least depth of a slot. (us) */
const DEPTH_MIN = 0.5;
/** Drift between two hosts whose clocks NTP keeps. (us / us) */
const TIGHT = 0.5e-6;
/** The same for any two hosts, in their spreads. */
const REACH = 6;
/** Halvings in the search for the peak: from 100s of ppm to below a thousandth. */
const PEAK_STEPS = 24;
/** Where the density is exp(-EDGE) of its peak the summing ends; in so many steps. */
const EDGE = 12;
const EDGE_STEPS = 10;
const SUM_STEPS = 32;

/** What is expected of the drift before anything is measured, and how far off that may be. (us / us) */
export interface DriftPrior {
  readonly drift: number;
  readonly spread: number;
  /** How many pairs of hosts are so far off for one whose clocks NTP keeps at the expected drift. */
  readonly odds: number;
}

/** Two parallel lines: heights at the moment `at`. (us) */
export interface Line {
  readonly at: number;
  readonly upper: number;
  readonly lower: number;
  readonly drift: number;
  /** Of the height midway between the lines at `at`, of the drift, and what both share. */
  readonly variance: number;
  readonly driftVariance: number;
  readonly covariance: number;
}

/** Before anything is known. */
export const NO_LINE: Line = {
  at: 0,
  upper: 0,
  lower: 0,
  drift: 0,
  variance: 0,
  driftVariance: 0,
  covariance: 0,
};

/** One way of the exchanges: 1 for the upper bounds, -1 for the lower ones. */
export type Sign = 1 | -1;

/** Fits lines; keeps the room it works in. */
export class LineFitter {
  #window: ClockWindow;
  #prior: DriftPrior = { drift: 0, spread: 1, odds: 1 };
  readonly #slack = new Float64Array(SLOTS_MAX);
  readonly #depths = new Float64Array(SLOTS_MAX);
  readonly #sorted = new Float64Array(SLOTS_MAX);
  readonly #above = new Envelope(1, SLOTS_MAX);
  readonly #below = new Envelope(-1, SLOTS_MAX);
  /** Heights for the drifts that are summed over. */
  readonly #uppers = new Float64Array(SUM_STEPS + 1);
  readonly #lowers = new Float64Array(SUM_STEPS + 1);
  /** The moment all heights are at, and the mean time of the bounds. (us) */
  #at = 0;
  #mean = 0;
  /** Which slots, and exchanges in them. */
  #from = 0;
  #to = 0;
  #exchanges = 0;
  /** n f(0), and R and Q: what is left of that by the blur. (1 / us) */
  #upperDensity = 0;
  #lowerDensity = 0;
  #upperRate = 0;
  #lowerRate = 0;
  #evidence = 0;
  /** The peak lies no further from the expected drift. (us / us) */
  #reach = 0;

  constructor(window: ClockWindow) {
    this.#window = window;
  }

  /**
   * The line through the slots from `from` up to `to`, at least one, at the moment of the window's newest.
   * `driftBefore`: of the fit before, by which depths are first judged.
   */
  fit(prior: DriftPrior, driftBefore: number, from = 0, to: number = this.#window.length): Line {
    this.#from = from;
    this.#to = to;
    this.#prior = prior;
    this.#reach = REACH * prior.spread;
    this.#begin();
    this.#judgeDepths(driftBefore);
    this.#judgeDepths(this.#peak());
    return this.#believe();
  }

  /** The same for few slots, which are held to be as near to their lines as those of the fit before. */
  fitAlike(prior: DriftPrior, from: number, to: number = this.#window.length): Line {
    const above = this.nearness(1);
    const below = this.nearness(-1);
    this.#from = from;
    this.#to = to;
    this.#prior = prior;
    this.#reach = REACH * prior.spread;
    this.#begin();
    this.#upperDensity = above * this.#exchanges;
    this.#lowerDensity = below * this.#exchanges;
    this.#blur();
    return this.#believe();
  }

  #believe(): Line {
    const prior = this.#prior;
    const peak = this.#peak();
    const line = this.#sum(peak);
    const evidence = this.#evidence;
    if (prior.spread <= TIGHT) return line;
    this.#prior = { ...prior, spread: TIGHT };
    const tight = this.#sum(this.#peak());
    const share = 1 / (1 + prior.odds * Math.exp(evidence - this.#evidence));
    return mix(line, tight, share);
  }

  /** How often, of all exchanges, a bound of that side comes within a microsecond of its line. */
  nearness(sign: Sign): number {
    return (sign > 0 ? this.#upperDensity : this.#lowerDensity) / this.#exchanges;
  }

  /** The same for all exchanges together, less what blurs it. (1 / us) */
  rate(sign: Sign): number {
    return sign > 0 ? this.#upperRate : this.#lowerRate;
  }

  #begin(): void {
    const { counts, upperAt, lowerAt } = this.#window;
    this.#at = this.#window.newest;
    let sum = 0;
    let total = 0;
    for (let slot = this.#from; slot < this.#to; slot++) {
      const seen = ((upperAt[slot] as number) + (lowerAt[slot] as number)) / 2;
      const age = (this.#at - seen) / 1_000_000;
      this.#slack[slot] = (WANDER * age * age) / 2;
      sum += (counts[slot] as number) * seen;
      total += counts[slot] as number;
    }
    this.#mean = sum / total;
    this.#exchanges = total;
    const { upper, lower } = this.#window;
    const these = { slack: this.#slack, from: this.#from, to: this.#to };
    this.#above.take({ times: upperAt, values: upper, ...these }, this.#at);
    this.#below.take({ times: lowerAt, values: lower, ...these }, this.#at);
  }

  #judgeDepths(drift: number): void {
    this.#upperDensity = this.#densityNear(1, drift);
    this.#lowerDensity = this.#densityNear(-1, drift);
    this.#blur();
  }

  #blur(): void {
    this.#upperRate = blurred(this.#upperDensity, this.#exchanges);
    this.#lowerRate = blurred(this.#lowerDensity, this.#exchanges);
  }

  #densityNear(sign: Sign, drift: number): number {
    const times = sign > 0 ? this.#window.upperAt : this.#window.lowerAt;
    const values = sign > 0 ? this.#window.upper : this.#window.lower;
    const best = sign * (sign > 0 ? this.#above : this.#below).height(drift);
    for (let slot = this.#from; slot < this.#to; slot++) {
      const height = (values[slot] as number) - drift * ((times[slot] as number) - this.#at);
      const depth = sign * height + (this.#slack[slot] as number) - best;
      this.#depths[slot] = depth;
      this.#sorted[slot - this.#from] = depth;
    }
    const length = this.#to - this.#from;
    const many = Math.min(length, Math.max(NEAREST_MIN, Math.ceil(length / NEAREST_PART)));
    const few = Math.min(length, NEAREST_MIN);
    // The first to be asked for leaves the smaller ones in front of it.
    const manyDensity = this.#density(many, smallest(this.#sorted, length, many - 1));
    const fewDensity = this.#density(few, smallest(this.#sorted, many, few - 1));
    return Math.max(fewDensity * FEW_PART, Math.min(fewDensity, manyDensity));
  }

  /** By so many that lie nearest, none of them deeper than `most`. */
  #density(nearest: number, most: number): number {
    const { counts } = this.#window;
    const exchanges = this.#exchanges;
    let sum = 0;
    for (let slot = this.#from; slot < this.#to; slot++) {
      const depth = Math.max(DEPTH_MIN, Math.min(most, this.#depths[slot] as number));
      sum += (counts[slot] as number) * depth;
    }
    return (exchanges * Math.max(0.5, nearest - FITTED)) / sum;
  }

  /** Logarithm of p(s), but for a constant. */
  #likelihood(drift: number, upper: number, lower: number): number {
    const away = (drift - this.#prior.drift) / this.#prior.spread;
    const rise = drift * (this.#mean - this.#at);
    const above = this.#upperRate * (upper + rise);
    return above - this.#lowerRate * (lower + rise) - (away * away) / 2;
  }

  #likelihoodOf(drift: number): number {
    return this.#likelihood(drift, this.#above.height(drift), this.#below.height(drift));
  }

  /** p(s) has one peak: its slope is searched for nought by halving. */
  #peak(): number {
    const { drift: guess, spread } = this.#prior;
    let low = guess - this.#reach;
    let high = guess + this.#reach;
    for (let step = 0; step < PEAK_STEPS; step++) {
      const drift = (low + high) / 2;
      let slope = this.#upperRate * (this.#mean - this.#above.touched(drift));
      slope -= this.#lowerRate * (this.#mean - this.#below.touched(drift));
      slope -= (drift - guess) / (spread * spread);
      if (slope > 0) low = drift;
      else high = drift;
    }
    return (low + high) / 2;
  }

  /** How far from the peak, that way, the density has fallen to exp(-EDGE). */
  #edge(peak: number, way: Sign): number {
    const floor = this.#likelihoodOf(peak) - EDGE;
    let inside = 0;
    let outside = this.#reach;
    for (let step = 0; step < EDGE_STEPS; step++) {
      const middle = step < 6 ? outside / 8 : (inside + outside) / 2;
      if (this.#likelihoodOf(peak + way * middle) > floor) {
        inside = middle;
        if (step < 6) step = 5;
      } else outside = middle;
    }
    return outside;
  }

  /** Mean and variance over all slopes within reach, for the prior as it is set: the peak is the highest of those only. */
  #sum(peak: number): Line {
    const { drift: guess } = this.#prior;
    const low = Math.max(guess - this.#reach, peak - this.#edge(peak, -1));
    const high = Math.min(guess + this.#reach, peak + this.#edge(peak, 1));
    const step = (high - low) / SUM_STEPS;
    const top = this.#likelihoodOf(peak);
    const before = (this.#above.height(peak) + this.#below.height(peak)) / 2;
    this.#above.heights(low, step, this.#uppers);
    this.#below.heights(low, step, this.#lowers);
    let [weight, turns, uppers, lowers] = [0, 0, 0, 0];
    let [squares, turnSquares, products] = [0, 0, 0];
    for (let index = 0; index <= SUM_STEPS; index++) {
      const drift = low + index * step;
      const above = this.#uppers[index] as number;
      const below = this.#lowers[index] as number;
      const part = Math.exp(this.#likelihood(drift, above, below) - top);
      const upper = above - before;
      const lower = below - before;
      const middle = (upper + lower) / 2;
      const turn = drift - peak;
      weight += part;
      uppers += part * upper;
      lowers += part * lower;
      turns += part * turn;
      squares += part * middle * middle;
      turnSquares += part * turn * turn;
      products += part * middle * turn;
    }
    this.#evidence = top + Math.log((weight * step) / this.#prior.spread);
    const turn = turns / weight;
    const middle = (uppers + lowers) / 2 / weight;
    const either = (1 / this.#upperRate + 1 / this.#lowerRate) / 2;
    const own = this.#exchanges / (this.#exchanges + ALIKE);
    const most = Math.max(0, (uppers - lowers) / weight);
    const unseenAbove = within(either + own * (1 / this.#upperRate - either), most);
    const unseenBelow = within(either + own * (1 / this.#lowerRate - either), most);
    const unseen = (unseenAbove ** 2 + unseenBelow ** 2) / 4 + STAMP_NOISE ** 2;
    return {
      at: this.#at,
      drift: peak + turn,
      upper: before + uppers / weight - unseenAbove,
      lower: before + lowers / weight + unseenBelow,
      variance: Math.max(0, squares / weight - middle * middle) + unseen,
      driftVariance: Math.max(0, turnSquares / weight - turn * turn),
      covariance: products / weight - middle * turn,
    };
  }
}

/** What the blur leaves of the density of so many exchanges. */
function blurred(density: number, exchanges: number): number {
  const blur = BLUR / (1 + (BLUR_SEEN * BLUR * density) / exchanges);
  return density / Math.sqrt(1 + RAYLEIGH * blur * density);
}

/**
 * How far a line lies beyond its nearest bound, by a density that leaves `mean` unseen. The truth lies between the bounds of
 * both sides, `most` apart, so the exponential ends there. A density that would leave more than all of that unseen
 * is one of queues, and the less it says the less it moves the line.
 */
function within(mean: number, most: number): number {
  if (most <= 0) return 0;
  if (mean > most) return (within(most, most) * most) / mean;
  return mean - most / Math.expm1(most / mean);
}

/** What is to be believed of two lines through the same bounds, of which `b` is the true one with probability `share`. */
function mix(a: Line, b: Line, share: number): Line {
  const both = (one: number, other: number) => (1 - share) * one + share * other;
  const apart = share * (1 - share);
  const rise = (a.upper + a.lower - b.upper - b.lower) / 2;
  const turn = a.drift - b.drift;
  return {
    at: a.at,
    drift: both(a.drift, b.drift),
    upper: both(a.upper, b.upper),
    lower: both(a.lower, b.lower),
    variance: both(a.variance, b.variance) + apart * rise * rise,
    driftVariance: both(a.driftVariance, b.driftVariance) + apart * turn * turn,
    covariance: both(a.covariance, b.covariance) + apart * rise * turn,
  };
}

/** Variance of the height midway between the lines, so long after the moment that they are of. (us^2) */
export function varianceAt({ variance, driftVariance, covariance }: Line, away: number): number {
  return Math.max(0, variance + 2 * covariance * away + driftVariance * away * away);
}
