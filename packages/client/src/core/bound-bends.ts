import type { DriftPrior, Line, LineFitter } from "./clock-line.ts";
import type { ClockWindow } from "./clock-window.ts";

/*
 * On a path that varies by milliseconds no single answer shows that the server's clock is slewed, but its bounds do together: from
 * one moment on quick answers cross one line, and none comes near the other. The likelihood of both lines (clock-line.ts),
 *
 *     log L = R A - Q B + (R - Q) s t,
 *
 * is compared with that of lines with a hinge, r max(0, t - t0), for some t0 and r. Without one the slope may be any that crystals have.
 */

/** Only where the nearest of so many bounds lies a microsecond from its line. */
const VARIES_MIN = 2_000;
/** How far back a hinge may lie, in what steps, and how steep it may be: less is left to the lines. (us, us / us) */
const BACK_MAX = 10_000_000;
const BACK_STEP = 500_000;
const STEEP_STEP = 50e-6;
const STEEP_MIN = 150e-6;
const STEEP_MAX = 600e-6;
/** While a clock is slewed: how far back the end of that may lie. (us) */
const ENDED_MAX = 40_000_000;
/** In what steps slopes are tried, in spreads of what is expected of the drift, and how many of them. */
const SLOPE_STEP = 1 / 6;
const SLOPES = 12;
/** The same before a hinge, while a clock is slewed: every so many. */
const SLOPES_BEFORE = 4;
const SLOPES_APART = 2;
/** How often bends are looked for. (us) */
const SEEK_EVERY = 250_000;
/** What a hinge must add to log L, also while a clock is slewed, and how unlikely it must be that delay alone held back all behind it. */
const LIKELIER_MIN = 12;
const LIKELIER_AGAIN = 6;
const HELD_BACK_MIN = 3;

/** How far from its true place a hinge may be found, and slots before it that tell of a drift at least. (us) */
const FOUND_WITHIN = 1_000_000;
const BEFORE_MIN = 4;

/** What is expected of the drift while a clock is slewed, and after that, which leaves it with the drift that it had. (us / us) */
export const DRIFT_SPREAD_SLEWING = 400e-6;
const DRIFT_SPREAD_BACK = 15e-6;
/** A clock is back at the drift that it had when so many deviations more would be no bend. */
const BACK_DEVIATIONS = 3;

/** Upper and lower bound of one exchange, and when they were seen. (us) */
export interface Bounds {
  readonly upperAt: number;
  readonly upper: number;
  readonly lowerAt: number;
  readonly lower: number;
}

/** What is known of the clock. */
export interface Known {
  /** The drift as it was last fitted, and what is expected of it. (us / us) */
  readonly drift: number;
  readonly prior: DriftPrior;
  /** The first slot that counts. */
  readonly from: number;
  /** Exchanges that are not in the window. */
  readonly suspects: readonly Bounds[];
}

/** From `at` on, the server's clock gains so much in all, give or take `spread`. (us, us / us) */
export interface BoundBend {
  readonly at: number;
  readonly drift: number;
  readonly spread: number;
}

/** Finds bends of the server's clock in bounds of many exchanges. */
export class BoundBends {
  readonly #window: ClockWindow;
  readonly #fitter: LineFitter;
  /** While a clock is slewed the drift that it had, and goes back to. (us / us) */
  slewedFrom: number | undefined;
  #soughtAt = -Infinity;
  #most = 0;
  #best: BoundBend | undefined;

  constructor(window: ClockWindow, fitter: LineFitter) {
    this.#window = window;
    this.#fitter = fitter;
  }

  /** The bend that bounds show at the moment, from time to time. (us) */
  look(now: number, known: Known): BoundBend | undefined {
    const isDue = now < this.#soughtAt || now >= this.#soughtAt + SEEK_EVERY;
    if (this.isQuiet || !isDue) return undefined;
    this.#soughtAt = now;
    const own = this.slewedFrom;
    if (own === undefined) {
      const bend = this.#find(now, known, false);
      if (bend) this.slewedFrom = this.#driftBefore(known, bend.at);
      return bend;
    }
    const end = this.#findEnd(now, known, own);
    if (!end) return this.#find(now, known, true);
    this.slewedFrom = undefined;
    return { ...end, spread: DRIFT_SPREAD_BACK };
  }

  /**
   * What is expected of a clock that was slewed and has the drift again that it had, whatever told of the end: bounds do not always, as
   * young ones are forgotten with a bend. Who took that for a slew that goes on would believe in bends on half the ground.
   */
  ended({ drift, driftVariance }: Line): DriftPrior | undefined {
    if (this.slewedFrom === undefined) return undefined;
    const away = Math.abs(drift - this.slewedFrom) + BACK_DEVIATIONS * Math.sqrt(driftVariance);
    if (away >= STEEP_MIN) return undefined;
    const prior = { drift: this.slewedFrom, spread: DRIFT_SPREAD_BACK, odds: 1 };
    this.slewedFrom = undefined;
    return prior;
  }

  /** Of what is older than a bend alone: the line has leant on what came since, by tens of ppm. */
  #driftBefore({ drift, prior, from }: Known, at: number): number {
    const to = this.#window.slotAt(at - FOUND_WITHIN);
    return to < from + BEFORE_MIN ? drift : this.#fitter.fit(prior, drift, from, to).drift;
  }

  /** The likeliest bend of late, if a line without any is far less likely. */
  #find(now: number, known: Known, slewed: boolean): BoundBend | undefined {
    const { drift, from } = known;
    const { spread } = known.prior;
    const slopes = slewed ? SLOPES_BEFORE : 0;
    const backStep = slewed ? 2 * BACK_STEP : BACK_STEP;
    const steepStep = slewed ? 2 * STEEP_STEP : STEEP_STEP;
    this.#most = this.#straight(known, now) + (slewed ? LIKELIER_AGAIN : LIKELIER_MIN);
    this.#best = undefined;
    for (let back = backStep; back <= BACK_MAX; back += backStep) {
      const at = now - back;
      if (at < (this.#window.upperAt[from] as number)) break;
      for (let step = -slopes; step <= slopes; step += SLOPES_APART) {
        const before = drift + step * SLOPE_STEP * spread;
        for (let steep = STEEP_MAX; steep >= STEEP_MIN; steep -= steepStep) {
          this.#try(known, before, at, steep);
          this.#try(known, before, at, -steep);
        }
      }
    }
    return this.#best;
  }

  /** Whether the clock that is slewed has gone back to the drift that it had. */
  #findEnd(now: number, known: Known, own: number): BoundBend | undefined {
    const { drift, from } = known;
    const { spread } = known.prior;
    this.#most = this.#straight(known, now) + LIKELIER_AGAIN;
    this.#best = undefined;
    for (let back = BACK_STEP; back <= ENDED_MAX; back += 2 * BACK_STEP) {
      const at = now - back;
      if (at < (this.#window.upperAt[from] as number)) break;
      for (let step = -SLOPES_BEFORE; step <= SLOPES_BEFORE; step += SLOPES_APART) {
        const before = drift + step * SLOPE_STEP * spread;
        if (Math.abs(own - before) >= STEEP_MIN) this.#try(known, before, at, own - before);
      }
    }
    return this.#best;
  }

  /** Whether single answers say enough. */
  get isQuiet(): boolean {
    const above = this.#fitter.nearness(1);
    const below = this.#fitter.nearness(-1);
    return above * VARIES_MIN > 1 || below * VARIES_MIN > 1;
  }

  #try(known: Known, before: number, at: number, bend: number): void {
    const away = (before - known.drift) / known.prior.spread;
    const likelihood = this.#likelihood(known, before, at, bend) - (away * away) / 2;
    if (likelihood <= this.#most || this.#heldBack(known, at, bend) < HELD_BACK_MIN) return;
    this.#most = likelihood;
    this.#best = { at, drift: before + bend, spread: DRIFT_SPREAD_SLEWING };
  }

  #straight(known: Known, now: number): number {
    let best = -Infinity;
    for (let step = -SLOPES; step <= SLOPES; step++) {
      const slope = known.drift + step * SLOPE_STEP * known.prior.spread;
      const less = (step * SLOPE_STEP) ** 2 / 2;
      best = Math.max(best, this.#likelihood(known, slope, now, 0) - less);
    }
    return best;
  }

  #likelihood({ from, suspects }: Known, drift: number, at: number, bend: number): number {
    const { counts, upperAt, upper, lowerAt, lower, length } = this.#window;
    let [above, below, sum, total] = [Infinity, -Infinity, 0, 0];
    for (let slot = from; slot < length; slot++) {
      const seen = upperAt[slot] as number;
      const rise = drift * seen + (seen > at ? bend * (seen - at) : 0);
      const laterSeen = lowerAt[slot] as number;
      const laterRise = drift * laterSeen + (laterSeen > at ? bend * (laterSeen - at) : 0);
      above = Math.min(above, (upper[slot] as number) - rise);
      below = Math.max(below, (lower[slot] as number) - laterRise);
      sum += ((counts[slot] as number) * (rise + laterRise)) / 2;
      total += counts[slot] as number;
    }
    for (const each of suspects) {
      const rise = drift * each.upperAt + bend * Math.max(0, each.upperAt - at);
      const laterRise = drift * each.lowerAt + bend * Math.max(0, each.lowerAt - at);
      above = Math.min(above, each.upper - rise);
      below = Math.max(below, each.lower - laterRise);
      sum += (rise + laterRise) / 2;
      total++;
    }
    const upwards = this.#fitter.rate(1);
    const downwards = this.#fitter.rate(-1);
    return upwards * above - downwards * below + ((upwards - downwards) * sum) / total;
  }

  /** By how much the bounds that a bend makes recede do so, in all, times how often bounds come so near. */
  #heldBack({ from, suspects }: Known, at: number, bend: number): number {
    const { counts, lowerAt, length } = this.#window;
    let sum = 0;
    for (let slot = from; slot < length; slot++) {
      sum += (counts[slot] as number) * Math.max(0, (lowerAt[slot] as number) - at);
    }
    for (const { lowerAt } of suspects) sum += Math.max(0, lowerAt - at);
    // Of the side that recedes alone too little is known, once the line leans on bounds from behind the bend.
    const nearness = (this.#fitter.nearness(1) + this.#fitter.nearness(-1)) / 2;
    return Math.abs(bend) * sum * nearness;
  }
}
