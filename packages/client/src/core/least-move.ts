import type { Bounds } from "./bound-bends.ts";
import type { ClockWindow } from "./clock-window.ts";

/*
 * Answers that show the old line wrong say how far at least the clock has moved: one of their bounds has crossed it. The other bound tells
 * how far at most, and a queue holds that back for as long as it stands, in all answers alike. Midway between both, the clock
 * of a room behind half a second of queue was found a quarter of a second off, for a crossing of one millisecond.
 *
 * What crosses was not held up. So where the bounds lie apart by far more than path and crossing explain, the clock is taken to have
 * moved no further than it must have. If it has, the first answers that are quick again contradict, and the line is drawn by those.
 */

/** By how many crossings the bounds lie further apart than the path explains, where a queue is at work. */
const QUEUED = 4;

/** What was believed of the clock. */
export interface Belief {
  /** Midway between the lines at the moment of the window's newest bounds. (us) */
  readonly offset: number;
  /** us / us */
  readonly drift: number;
  /** The least round trip. (us) */
  readonly path: number;
}

/**
 * Bounds as of one more answer, as quick as the path allows: those that lie nearest to what was believed among all that the window's
 * allow. Undefined where those say enough themselves. `moved`: by how much the old line is wrong, at least. (us)
 */
export function leastMove(window: ClockWindow, belief: Belief, moved: number): Bounds | undefined {
  const { drift, path, offset } = belief;
  const at = window.newest;
  let [above, below] = [Infinity, -Infinity];
  for (let slot = 0; slot < window.length; slot++) {
    const upperAge = at - (window.upperAt[slot] as number);
    const lowerAge = at - (window.lowerAt[slot] as number);
    above = Math.min(above, (window.upper[slot] as number) + drift * upperAge);
    below = Math.max(below, (window.lower[slot] as number) + drift * lowerAge);
  }
  if (!(above - below - path > QUEUED * Math.abs(moved))) return undefined;
  const middle = Math.max(below + path / 2, Math.min(above - path / 2, offset));
  return { upperAt: at, upper: middle + path / 2, lowerAt: at, lower: middle - path / 2 };
}
