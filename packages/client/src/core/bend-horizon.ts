import type { Hinge } from "@tutti/audio/core";
import type { ClockWindow } from "./clock-window.ts";

/*
 * Bounds from before a bend of a clock were turned by it, and its size is known so well and no better: each is wrong by that doubt for
 * every second that it lies before the bend. So what is wrong by more than a little counts no more, while what is left says as
 * much without it. In a queue of half a second it does not: an answer there leaves the clock open by a quarter of a second, and one
 * from before the queue is wrong by milliseconds, even if the bend was none at all, as the first guess of a card that was held up may be.
 */

/** How far off a bound may be, at least, for being turned by a bend that is known so well and no better. (us) */
const WRONG_MAX = 8;
/** The doubt of a bend that states none. (ppm) */
const DOUBT_MIN = 0.1;
/** What is left must lie further apart than the path explains by so many times what the next bound may be wrong by, for that to count. */
const WORTH = 4;

/** A bend that bounds were turned by, since the owner's origin. (us) */
interface Turned {
  readonly at: number;
  /** Bounds from before that are wrong by its doubt. */
  readonly from: number;
  /** What bounds before it are wrong by for each second if it was none. (us / us) */
  readonly gained: number;
}

const NO_BEND: Turned = { at: -Infinity, from: -Infinity, gained: 0 };

/** How far back bounds count that were turned by bends. */
export class BendHorizon {
  #bend = NO_BEND;
  #before = NO_BEND;
  #wrongMax = WRONG_MAX;

  clear(): void {
    this.#bend = NO_BEND;
    this.#before = NO_BEND;
  }

  /** Another bend than before, of a clock that was known to `deviation`. (us) */
  begin(deviation: number): void {
    if (this.#bend.from > this.#before.from) this.#before = this.#bend;
    this.#wrongMax = Math.max(WRONG_MAX, deviation);
  }

  /** What the bend turned out to be; none where it is undefined or nought. */
  turned(bend: Hinge | undefined): void {
    this.#bend = NO_BEND;
    if (!bend?.ppm) return;
    const at = bend.at * 1_000_000;
    const doubt = Math.max(DOUBT_MIN, bend.doubt) / 1_000_000;
    const gained = Math.abs(bend.ppm) / 1_000_000 + doubt;
    this.#bend = { at, from: at - this.#wrongMax / doubt, gained };
  }

  /** The first slot of the window that counts. `drift`: of the line; `path`: the least round trip of late. (us / us, us) */
  slot(window: ClockWindow, drift: number, path: number): number {
    const { upperAt, upper, lowerAt, lower } = window;
    const from = window.slotAt(Math.max(this.#bend.from, this.#before.from));
    let [above, below] = [Infinity, -Infinity];
    for (let slot = from === 0 ? 0 : window.length; slot > 0; slot--) {
      const seen = lowerAt[slot - 1] as number;
      const apart = above - below - path;
      if (slot <= from && apart <= WORTH * this.#wrongAt(seen)) return slot;
      const height = drift * (upperAt[slot - 1] as number);
      above = Math.min(above, (upper[slot - 1] as number) - height);
      below = Math.max(below, (lower[slot - 1] as number) - drift * seen);
    }
    return 0;
  }

  #wrongAt(seen: number): number {
    const young = this.#bend.gained * Math.max(0, this.#bend.at - seen);
    return Math.max(young, this.#before.gained * Math.max(0, this.#before.at - seen));
  }
}
