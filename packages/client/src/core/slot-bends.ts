import type { Line, LineFitter } from "./clock-line.ts";
import type { ClockWindow } from "./clock-window.ts";

/** Of how many slots, the youngest, a bend is looked for; after a first one the oldest, too. And the least number of others. */
const BENT_SLOTS = [3, 8, 20] as const;
const OLD_SLOTS_MIN = 4;
const BENT_EXCHANGES_MIN = 16;
/** How far young bounds must lie off, in us and in deviations. */
const BENT_MIN = 20;
const BENT_DOUBT = 10;
/** After a first bend: what is slewed is slewed back, and what was forgotten left some of the bend. */
const BENT_DOUBT_AGAIN = 6;
const BENT_AGAIN_WITHIN = 30_000_000;
/** More is a queue that has grown. (us) */
const REMNANT_MAX = 5_000;
/** Of what young bounds seem to have moved by, the least by which one of them must have crossed the old line. */
const CROSSING_PART = 0.5;
/** How far off the drift of crystals is expected: of the old part. (us / us) */
const DRIFT_SPREAD = 30e-6;
/** How far the young drift is looked for. (us / us) */
const BEND = 20e-6;

/**
 * Bends that are too slow, or on paths too noisy, to be seen in single answers: in the slots of the window. Whether one of
 * the clocks runs at another rate than it did: then both bounds of the young slots lie off the lines
 * through the old ones, the same way and beyond doubt, and the old ones are forgotten. And lines through both parts
 * lie closer together than those through either. A path that has become longer moves one bound more than the other.
 */
export class SlotBends {
  /** When the last bend was noticed. (us since the owner's origin) */
  lastAt = -Infinity;
  readonly #window: ClockWindow;
  readonly #fitter: LineFitter;

  constructor(window: ClockWindow, fitter: LineFitter) {
    this.#window = window;
    this.#fitter = fitter;
  }

  /** Forgets what lies before a bend; returns the drift behind it, or before it when that is as it was. */
  forgetOld(line: Line): number | undefined {
    const { length } = this.#window;
    const again = line.at - this.lastAt < BENT_AGAIN_WITHIN;
    for (const slots of BENT_SLOTS) {
      if (length - slots < OLD_SLOTS_MIN) continue;
      const drift = this.#bentAt(line, length - slots, again);
      if (drift !== undefined) return drift;
      if (again && this.#remnantUntil(line, slots)) return line.drift;
    }
    return undefined;
  }

  /** After a bend: whether the oldest slots are still from before it, as lines without them lie further apart. */
  #remnantUntil({ drift, upper, lower }: Line, split: number): boolean {
    const young = this.#fitter.fit({ drift, spread: BEND, odds: 1 }, drift, split);
    const apart = young.upper - young.lower - upper + lower;
    const least = BENT_MIN + BENT_DOUBT_AGAIN * Math.sqrt(young.variance);
    if (apart / 2 < least || apart / 2 > REMNANT_MAX) return false;
    this.#window.forget(split);
    return true;
  }

  #bentAt(line: Line, split: number, again: boolean): number | undefined {
    const { drift } = line;
    if (this.#window.exchangesFrom(split) < BENT_EXCHANGES_MIN) return undefined;
    const old = this.#fitter.fit({ drift, spread: DRIFT_SPREAD, odds: 1 }, drift, 0, split);
    const young = this.#fitter.fitAlike({ drift, spread: BEND, odds: 1 }, split);
    const upper = young.upper - old.upper;
    const lower = young.lower - old.lower;
    const alike = upper > 0 === lower > 0 ? Math.min(Math.abs(upper), Math.abs(lower)) : 0;
    const moved = this.#crossing(old, split, upper) > CROSSING_PART * alike ? alike : 0;
    const apart = Math.min(old.upper - old.lower, young.upper - young.lower);
    const squeezed = (apart - line.upper + line.lower) / 2;
    const doubt = again ? BENT_DOUBT_AGAIN : BENT_DOUBT;
    const least = BENT_MIN + doubt * Math.sqrt(old.variance + young.variance);
    const size = Math.max(moved, squeezed);
    if (size < least || Math.abs(upper - lower) > size) return undefined;
    this.#window.forget(split);
    this.lastAt = line.at;
    return young.drift;
  }

  /** By how much, at most, a young bound lies beyond the old line, that way: what a queue holds back crosses nothing. (us) */
  #crossing({ at, upper, lower, drift }: Line, split: number, way: number): number {
    const bounds = this.#window;
    let most = 0;
    for (let slot = split; slot < bounds.length; slot++) {
      const above =
        (bounds.lower[slot] as number) - drift * ((bounds.lowerAt[slot] as number) - at);
      const below =
        (bounds.upper[slot] as number) - drift * ((bounds.upperAt[slot] as number) - at);
      most = Math.max(most, way > 0 ? above - lower : upper - below);
    }
    return most;
  }
}
