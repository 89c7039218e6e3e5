import type { LocalInstant, Ppm } from "@tutti/protocol";
import { type Hinge, HingeFit } from "./hinge.ts";
import { smallest } from "./order-statistic.ts";

/*
 * A host's clock that NTP slews runs at another rate from one moment to the next, and all that is measured by it
 * bends there: the card's records, and where the server's clock is. Some forty records a second show it first.
 *
 * The earliest records of short slices lie on a line with one hinge (hinge.ts). It is believed when it takes off far more of the squares than the errors' spread explains: a first
 * guess after a quarter of a second at 500 ppm, which is mended as more records come, or withdrawn.
 *
 * Whether it was the clock or the card that changed cannot be told from here. Whoever turns both lines by
 * the same bend leaves what they say together as it was, so a wrong one does no harm until others contradict.
 */

/** From `at` on the host's clock gains `ppm` more than before, as the card's crystal sees it. */
export interface ClockBend {
  readonly at: LocalInstant;
  readonly ppm: Ppm;
  /** Standard error of `ppm`. */
  readonly doubt: Ppm;
  /** What was told of the same bend before, on less ground: to be undone. */
  readonly replaces?: ClockBend | undefined;
}

/** Each slice is the earliest of at least so many records, and no shorter than that. (s) */
const SLICE_RECORDS = 3;
const SLICE_S_MIN = 0.04;
const SLICES_MAX = 256;
/** How far back a hinge is looked for, how much must lie before it, and how many slices after it. (s) */
const LOOK_BACK_S = 1.6;
const BEFORE_S_MIN = 1.5;
const AFTER_SLICES_MIN = 3;
/** How far a hinge moves when it is looked at again, and in what steps. (s) */
const MOVED_S_MAX = 0.2;
const MOVED_STEP_S = 0.01;
/**
 * What a hinge must take off the squares, in those of one slice, and at least how steep it is. More than NTP slews a clock by, twice
 * over, is a pointer that moves in wide steps, seen for too short. (ppm)
 */
const SQUARES_MIN = 60;
const STEEP_MIN = 120;
const STEEP_MAX = 1_000;
/** It must leave no more than so many times what lies before it has by itself. */
const LEFT_MAX = 4;
/** Slices later than the middle one by so many times what that is later than the earliest are held-up threads. */
const HELD_UP = 6;
/** Slices earlier than both neighbours by so many times what neighbours usually differ by are held-up threads, too. */
const DIPS = 6;
/** Least spread of slices: what rounding of clocks leaves. (us) */
const SPREAD_MIN = 3;

/** Looks for hinges in a card's records; keeps the room that it works in. */
export class HingeFinder {
  readonly #fit = new HingeFit(SLICES_MAX);
  readonly #room = new Float64Array(SLICES_MAX);

  /**
   * A hinge of late, behind `since`. `t`, `d`: the first `count` records, in seconds and us late; `slope`: of their line.
   */
  find(
    t: Float64Array,
    d: Float64Array,
    count: number,
    slope: number,
    since: number,
  ): Hinge | undefined {
    if (!this.#slice(t, d, count, slope)) return undefined;
    const fit = this.#fit;
    const { x, count: slices } = fit;
    const newest = x[slices - 1] as number;
    const from = Math.max(since, (x[0] as number) + BEFORE_S_MIN, newest - LOOK_BACK_S);
    fit.begin();
    for (let k = slices - 1 - AFTER_SLICES_MIN; k > 0 && (x[k] as number) >= from; k--) {
      fit.try(x[k] as number);
    }
    const hinge = fit.found;
    if (!hinge || Math.abs(hinge.ppm) < STEEP_MIN) return undefined;
    if (Math.abs(hinge.ppm) > STEEP_MAX) return undefined;
    const [before, behind] = fit.left(hinge);
    // A step, or a thread that is held up more and more, is no hinge: what it leaves behind is wild.
    const usual = Math.max(1, before);
    return fit.squares > SQUARES_MIN * usual && behind < LEFT_MAX * usual ? hinge : undefined;
  }

  /** The same hinge again, with all that came since. Undefined when there is none. */
  mend(
    t: Float64Array,
    d: Float64Array,
    count: number,
    slope: number,
    at: number,
  ): Hinge | undefined {
    if (!this.#slice(t, d, count, slope)) return undefined;
    this.#fit.begin();
    for (let moved = -MOVED_S_MAX; moved <= MOVED_S_MAX; moved += MOVED_STEP_S) {
      this.#fit.try(at + moved);
    }
    return this.#fit.found;
  }

  /** The earliest record of each slice, against `slope`; those of held-up threads left out. */
  #slice(t: Float64Array, d: Float64Array, count: number, slope: number): boolean {
    if (count < 2 * SLICE_RECORDS) return false;
    const first = t[0] as number;
    const apart = ((t[count - 1] as number) - first) / (count - 1);
    const width = Math.max(
      SLICE_S_MIN,
      apart * SLICE_RECORDS,
      ((t[count - 1] as number) - first) / (SLICES_MAX - 2),
    );
    const { x, y } = this.#fit;
    let slices = 0;
    let present = Math.floor(first / width);
    let earliest = Infinity;
    let earliestAt = 0;
    for (let index = 0; index < count; index++) {
      const seen = t[index] as number;
      const slice = Math.floor(seen / width);
      if (slice > present) {
        if (earliest < Infinity) {
          x[slices] = earliestAt;
          y[slices++] = earliest;
        }
        present = slice;
        earliest = Infinity;
      }
      const late = (d[index] as number) - slope * seen;
      if (late >= earliest) continue;
      earliest = late;
      earliestAt = seen;
    }
    this.#fit.count = slices;
    this.#fit.weight.fill(1 / SPREAD_MIN ** 2);
    if (slices <= 2 * AFTER_SLICES_MIN) return false;
    this.#leaveOutDips();
    return this.#leaveOut();
  }

  /** A thread that is held up between clock and card makes one record early: see earliest.ts. */
  #leaveOutDips(): void {
    const fit = this.#fit;
    const { x, y, count } = fit;
    for (let k = 1; k < count; k++) {
      this.#room[k - 1] = Math.abs((y[k] as number) - (y[k - 1] as number));
    }
    const usual = smallest(this.#room, count - 1, count >> 1);
    const dip = DIPS * (usual + SPREAD_MIN);
    let kept = 0;
    let before = Infinity;
    for (let k = 0; k < count; k++) {
      const late = y[k] as number;
      const after = k + 1 < count ? (y[k + 1] as number) : -Infinity;
      const dips = k > 0 && late < before - dip && late < after - dip;
      before = late;
      if (dips) continue;
      x[kept] = x[k] as number;
      y[kept++] = late;
    }
    fit.count = kept;
  }

  #leaveOut(): boolean {
    const fit = this.#fit;
    const { x, y } = fit;
    const recent = (x[fit.count - 1] as number) - LOOK_BACK_S;
    let old = 0;
    while (old < fit.count && (x[old] as number) < recent) {
      this.#room[old] = y[old] as number;
      old++;
    }
    if (old < 2) return true;
    const middle = smallest(this.#room, old, old >> 1);
    const least = smallest(this.#room, old, 0);
    const most = middle + HELD_UP * (middle - least + SPREAD_MIN);
    let kept = 0;
    for (let k = 0; k < fit.count; k++) {
      if (k < old && (y[k] as number) > most) continue;
      x[kept] = x[k] as number;
      y[kept++] = y[k] as number;
    }
    fit.count = kept;
    return true;
  }
}
