import { localInstant, serverInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { ClockFilter } from "./clock-filter.ts";
import { ClockMean } from "./clock-mean.ts";

/** Evenly spread from 0 up to 1, and the same each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Late by at least `least`, and by some more. (us) */
type Delay = (chance: () => number) => number;

/** How far off a filter is after a minute of five questions a second to a clock that is 1 s ahead. (us) */
function errorAfterAMinute(seed: number, up: Delay, down: Delay): number {
  const chance = random(seed);
  const filter = new ClockFilter();
  let at = 0;
  for (; at < 60e6; at += 200_000) {
    const received = at + up(chance);
    const sent = received + 30;
    filter.learn({
      clientSent: localInstant(at),
      serverReceived: serverInstant(1e6 + received),
      serverSent: serverInstant(1e6 + sent),
      clientReceived: localInstant(sent + down(chance)),
    });
  }
  return Math.abs(filter.offsetAt(localInstant(at)) - 1e6);
}

function middleError(up: Delay, down: Delay): number {
  const errors = Array.from({ length: 15 }, (_, seed) => errorAfterAMinute(seed + 1, up, down));
  return errors.sort((a, b) => a - b)[7] as number;
}

/** A host that is asleep, and now and then, by luck, awake: the quickest of all is not the usual quick one. */
const wired: Delay = (chance) =>
  (chance() < 0.01 ? 60 : 90) - 30 * Math.log(1 - chance()) * chance();

test("on a wire the mean of quick exchanges tells more than the few that were quickest of all", () => {
  // The strip alone: 9.3.
  expect(middleError(wired, wired)).toBeLessThan(8);
});

test("a way that alone takes longer drags no mean: what is believed is the strip", () => {
  const jittery: Delay = (chance) => 100 + 5_000 * chance();
  expect(middleError(jittery, () => 100)).toBeLessThan(60);
});

test("what was seen before a bend counts as if the clock had always run so", () => {
  const mean = new ClockMean();
  const bentAt = 5e6;
  const gained = 500e-6;
  for (let at = 0; at < 10e6; at += 200_000) {
    if (at === bentAt) mean.turn(bentAt, gained);
    mean.note(at, -gained * Math.max(0, at - bentAt), 200);
  }
  const line = { at: 10e6, upper: -2_300, lower: -2_500, drift: -gained };
  const unsure = { variance: 100 ** 2, driftVariance: 1e-10, covariance: 0 };
  const { upper, lower, drift } = mean.mend({ ...line, ...unsure }, 0);
  expect((upper + lower) / 2).toBeCloseTo(-2_500, -1);
  expect(drift * 1e6).toBeCloseTo(-500, 0);
});

test("few exchanges say nothing yet", () => {
  const mean = new ClockMean();
  const line = { at: 1e6, upper: 100, lower: -100, drift: 0 };
  const known = { ...line, variance: 100, driftVariance: 1e-12, covariance: 0 };
  for (let at = 0; at < 7; at++) mean.note(at * 100_000, 50, 200);
  expect(mean.mend(known, 0)).toBe(known);
});
