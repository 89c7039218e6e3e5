import { expect, test } from "vitest";
import { arrivalOf } from "./arrival.ts";

test.each([
  ["a stamp of just now", 4_999_700, 4_999_700],
  ["none", Number.NaN, 5_000_000],
  ["one of a moment that is yet to come", 5_000_001, 5_000_000],
  ["one from before the clock was set", 3_900_000, 5_000_000],
])("%s", (_, stamp, arrival) => {
  expect(arrivalOf(stamp, 5_000_000)).toBe(arrival);
});
