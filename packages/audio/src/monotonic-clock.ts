/**
 * This host's CLOCK_MONOTONIC, the clock that timing records are on.
 *
 * `performance.now()` is the same clock counted from the start of the process, and costs no BigInt.
 * The difference is learnt once, from the tightest of several brackets: a first call of either function
 * takes half a millisecond, which would be an error of that size in everything that is timed.
 */

const BRACKETS = 32;

/** What to add to `performance.now()`. (us) */
export function learnProcessStart(monotonicUs: () => number, sinceStartUs: () => number): number {
  let tightest = Number.POSITIVE_INFINITY;
  let start = 0;
  for (let round = 0; round < BRACKETS; round++) {
    const before = monotonicUs();
    const between = sinceStartUs();
    const after = monotonicUs();
    if (after - before >= tightest) continue;
    tightest = after - before;
    start = (before + after) / 2 - between;
  }
  return start;
}

const PROCESS_START_US = learnProcessStart(
  () => Number(process.hrtime.bigint()) / 1_000,
  () => performance.now() * 1_000,
);

/** Microseconds, with fractions. Allocates nothing. */
export function monotonicUs(): number {
  return PROCESS_START_US + performance.now() * 1_000;
}
