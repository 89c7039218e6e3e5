/*
 * The earliest records of each slice of time. Held up after it has asked the card, a thread makes a record late by any
 * amount. A plugin of ALSA's asks the clock first and then the card: a thread that is held up in between makes it early.
 * Late records are common and spread over a wide range; early ones are rare and stand alone. So the earliest record of
 * a slice is believed when the next one follows as closely as the next few follow each other; else the next one is tried.
 */

import { smallest } from "./order-statistic.ts";

export const SLICES_MAX = 8;
/** Kept of each slice: fewer than half of them may stand alone. */
const KEPT = 16;
/** A record stands alone that is earlier than the next by more than so many times what is usual between those kept, and that. (us) */
const GAPS_ALONE = 8;
const ALONE_US = 10;

/** Chooses records; keeps the room that it works in. */
export class EarliestRecords {
  /** Places of the records chosen, oldest first. */
  readonly chosen = new Int32Array(SLICES_MAX);
  /** What those are late themselves: as much, on average, as the next are later than they. (us) */
  lateness = 0;
  readonly #late = new Float64Array(SLICES_MAX * KEPT);
  readonly #place = new Int32Array(SLICES_MAX * KEPT);
  readonly #gaps = new Float64Array(KEPT - 1);

  /**
   * Of the first `count` records, `t` in seconds and `d` us late, in `slices` slices of time, against a line's
   * `slope`. Returns how many were chosen.
   */
  choose(t: Float64Array, d: Float64Array, count: number, slope: number, slices: number): number {
    const first = t[0] as number;
    const perSlice = ((t[count - 1] as number) - first) / slices + 1e-9;
    this.#late.fill(Infinity);
    let present = 0;
    let used = 0;
    for (let index = 0; index < count; index++) {
      const seen = t[index] as number;
      const slice = Math.min(slices - 1, Math.floor((seen - first) / perSlice));
      if (slice > present) {
        present = slice;
        used++;
      }
      this.#note(used, (d[index] as number) - slope * seen, index);
    }
    this.#settle(used + 1);
    return used + 1;
  }

  /** Keeps the earliest few of a slice in order. */
  #note(slice: number, late: number, index: number): void {
    const [from, last] = [slice * KEPT, slice * KEPT + KEPT - 1];
    if (late >= (this.#late[last] as number)) return;
    let at = last;
    for (; at > from && late < (this.#late[at - 1] as number); at--) {
      this.#late[at] = this.#late[at - 1] as number;
      this.#place[at] = this.#place[at - 1] as number;
    }
    this.#late[at] = late;
    this.#place[at] = index;
  }

  #settle(slices: number): void {
    let gaps = 0;
    for (let slice = 0; slice < slices; slice++) {
      const alone = ALONE_US + GAPS_ALONE * this.#usualGap(slice);
      let at = slice * KEPT;
      while (this.#gapAfter(at) > alone) at++;
      this.chosen[slice] = this.#place[at] as number;
      gaps += this.#gapAfter(at);
    }
    this.lateness = gaps / slices;
  }

  /** The middle one of those between the records kept of a slice, as far as there are so many. */
  #usualGap(slice: number): number {
    const gaps = this.#gaps;
    let count = 0;
    for (let at = slice * KEPT; (this.#late[at + 1] as number) < Infinity; at++) {
      gaps[count++] = this.#gapAfter(at);
      if (count === gaps.length) break;
    }
    return count > 0 ? smallest(gaps, count, (count - 1) >> 1) : 0;
  }

  /** Nought behind the last one kept. */
  #gapAfter(at: number): number {
    const isLast = at % KEPT === KEPT - 1 || this.#late[at + 1] === Infinity;
    return isLast ? 0 : (this.#late[at + 1] as number) - (this.#late[at] as number);
  }
}
