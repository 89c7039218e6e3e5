import type { LocalInstant, Ppm } from "@tutti/protocol";

/*
 * A host's clock that NTP slews runs at another rate from one moment to the next, and all that is measured by it
 * bends there: the card's records, and where the server's clock is. Fifty records a second show it first.
 *
 * The model. The earliest records of short slices lie on a line with one hinge, y = a + b x + r max(0, x - x0), plus an
 * error of the same spread in all of them. For each x0 of the last second the three others come from least
 * squares. A hinge is believed when it takes off far more of the squares than the errors' spread explains: a first
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
const SLICE_RECORDS = 5;
const SLICE_S_MIN = 0.04;
const SLICES_MAX = 256;
/** How far back a hinge is looked for, how much must lie before it, and how many slices after it. (s) */
const LOOK_BACK_S = 1.6;
const BEFORE_S_MIN = 1.5;
const AFTER_SLICES_MIN = 3;
/** How far a hinge moves when it is looked at again, and in what steps. (s) */
const MOVED_S_MAX = 0.2;
const MOVED_STEP_S = 0.01;
/** What a hinge must take off the squares, in those of one slice, and at least how steep it is. (ppm) */
const SQUARES_MIN = 60;
const STEEP_MIN = 120;
/** It must leave no more than so many times what lies before it has by itself. */
const LEFT_MAX = 4;
/** Slices later than the middle one by so many times what that is later than the earliest are held-up threads. */
const HELD_UP = 6;
/** Least spread of slices: what rounding of clocks leaves. (us) */
const SPREAD_MIN = 3;

/** A hinge in card time: seconds, and how much more each gains. */
export interface Hinge {
  readonly at: number;
  readonly ppm: number;
  readonly doubt: number;
}

/** Looks for hinges in a card's records; keeps the room that it works in. */
export class HingeFinder {
  readonly #x = new Float64Array(SLICES_MAX);
  readonly #y = new Float64Array(SLICES_MAX);
  readonly #sorted = new Float64Array(SLICES_MAX);
  #count = 0;
  /** Sums over all slices of 1, x, x^2, y, x y, y^2. */
  readonly #sums = new Float64Array(6);
  #found: Hinge | undefined;
  #foundSquares = 0;

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
    const x = this.#x;
    const newest = x[this.#count - 1] as number;
    const from = Math.max(since, (x[0] as number) + BEFORE_S_MIN, newest - LOOK_BACK_S);
    this.#begin();
    for (let k = this.#count - 1 - AFTER_SLICES_MIN; k > 0 && (x[k] as number) >= from; k--) {
      this.#try(x[k] as number);
    }
    const hinge = this.#found;
    if (!hinge || Math.abs(hinge.ppm) < STEEP_MIN) return undefined;
    return this.#leavesLittle(hinge) ? hinge : undefined;
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
    this.#begin();
    for (let moved = -MOVED_S_MAX; moved <= MOVED_S_MAX; moved += MOVED_STEP_S) {
      this.#try(at + moved);
    }
    return this.#found;
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
    let slices = 0;
    let present = Math.floor(first / width);
    let earliest = Infinity;
    let earliestAt = 0;
    for (let index = 0; index < count; index++) {
      const seen = t[index] as number;
      const slice = Math.floor(seen / width);
      if (slice > present) {
        if (earliest < Infinity) {
          this.#x[slices] = earliestAt;
          this.#y[slices++] = earliest;
        }
        present = slice;
        earliest = Infinity;
      }
      const late = (d[index] as number) - slope * seen;
      if (late >= earliest) continue;
      earliest = late;
      earliestAt = seen;
    }
    this.#count = slices;
    return slices > 2 * AFTER_SLICES_MIN && this.#leaveOut();
  }

  #leaveOut(): boolean {
    const x = this.#x;
    const y = this.#y;
    const recent = (x[this.#count - 1] as number) - LOOK_BACK_S;
    let old = 0;
    while (old < this.#count && (x[old] as number) < recent) {
      this.#sorted[old] = y[old] as number;
      old++;
    }
    if (old < 2) return true;
    const sorted = this.#sorted.subarray(0, old).sort();
    const middle = sorted[old >> 1] as number;
    const most = middle + HELD_UP * (middle - (sorted[0] as number) + SPREAD_MIN);
    let kept = 0;
    for (let k = 0; k < this.#count; k++) {
      if (k < old && (y[k] as number) > most) continue;
      x[kept] = x[k] as number;
      y[kept++] = y[k] as number;
    }
    this.#count = kept;
    return true;
  }

  #begin(): void {
    const origin = this.#x[0] as number;
    const level = this.#y[0] as number;
    this.#sums.fill(0);
    for (let k = 0; k < this.#count; k++) {
      const x = (this.#x[k] as number) - origin;
      const y = (this.#y[k] as number) - level;
      add(this.#sums, 0, 1);
      add(this.#sums, 1, x);
      add(this.#sums, 2, x * x);
      add(this.#sums, 3, y);
      add(this.#sums, 4, x * y);
      add(this.#sums, 5, y * y);
    }
    this.#found = undefined;
    this.#foundSquares = 0;
  }

  /** Least squares for a hinge at `at`: h is what it adds, with all that a plain line explains taken off. */
  #try(at: number): void {
    const origin = this.#x[0] as number;
    const level = this.#y[0] as number;
    const [n = 0, sx = 0, sxx = 0, sy = 0, sxy = 0, syy = 0] = this.#sums;
    let [sh, shx, shh, shy] = [0, 0, 0, 0];
    for (let k = this.#count - 1; k >= 0 && (this.#x[k] as number) > at; k--) {
      const x = (this.#x[k] as number) - origin;
      const y = (this.#y[k] as number) - level;
      const h = (this.#x[k] as number) - at;
      sh += h;
      shx += h * x;
      shh += h * h;
      shy += h * y;
    }
    const xx = sxx - (sx * sx) / n;
    const xy = sxy - (sx * sy) / n;
    const hx = shx - (sh * sx) / n;
    const hh = shh - (sh * sh) / n - (hx * hx) / xx;
    const hy = shy - (sh * sy) / n - (hx * xy) / xx;
    const plain = syy - (sy * sy) / n - (xy * xy) / xx;
    const squares = (hy * hy) / hh;
    if (!(hh > 0) || !(squares > this.#foundSquares)) return;
    const spread = Math.max(SPREAD_MIN ** 2, (plain - squares) / (n - 3));
    this.#foundSquares = squares;
    this.#found = { at, ppm: hy / hh, doubt: Math.sqrt(spread / hh) };
  }

  /** A step, or a thread that is held up more and more, is no hinge: what it leaves behind `at` is wild. */
  #leavesLittle({ at, ppm }: Hinge): boolean {
    const origin = this.#x[0] as number;
    const level = this.#y[0] as number;
    const [n = 0, sx = 0, sxx = 0, sy = 0, sxy = 0] = this.#sums;
    let [sh, shx] = [0, 0];
    for (let k = this.#count - 1; k >= 0 && (this.#x[k] as number) > at; k--) {
      const h = (this.#x[k] as number) - at;
      sh += h;
      shx += h * ((this.#x[k] as number) - origin);
    }
    const slope = (sxy - (sx * sy) / n - ppm * (shx - (sh * sx) / n)) / (sxx - (sx * sx) / n);
    const height = (sy - slope * sx - ppm * sh) / n;
    let [before, after, behind] = [0, 0, 0];
    for (let k = 0; k < this.#count; k++) {
      const x = this.#x[k] as number;
      const line = level + height + slope * (x - origin) + ppm * Math.max(0, x - at);
      const square = ((this.#y[k] as number) - line) ** 2;
      if (x > at) behind++;
      if (x > at) after += square;
      else before += square;
    }
    const usual = Math.max(SPREAD_MIN ** 2, before / (n - behind));
    return this.#foundSquares > SQUARES_MIN * usual && after / behind < LEFT_MAX * usual;
  }
}

function add(sums: Float64Array, index: number, value: number): void {
  sums[index] = (sums[index] as number) + value;
}
