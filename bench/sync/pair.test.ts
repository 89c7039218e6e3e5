import { expect, test } from "vitest";
import { type PairPoint, quantile, togetherFrom } from "./pair.ts";

const every50ms = (errors: readonly number[]): PairPoint[] =>
  errors.map((errorUs, at) => ({ atUs: at * 50_000, errorUs }));

test("together from the moment on after which nothing is out any more", () => {
  const errors = [500, 90, 200, 80, -70, 60, ...Array.from({ length: 60 }, () => 10), 400];
  const limits = { limitUs: 100, forUs: 3_000_000 };
  expect(togetherFrom(every50ms(errors), 0, limits)).toBe(150_000);
  expect(togetherFrom(every50ms(errors), 200_000, limits)).toBe(200_000);
  expect(togetherFrom(every50ms(errors), 400_000, limits)).toBeUndefined();
  expect(togetherFrom([], 0, limits)).toBeUndefined();
});

test.each([
  [0.5, 3],
  [0, 1],
  [1, 5],
  [0.95, 4.8],
])("quantile %d of one to five is %d", (share, value) => {
  expect(quantile([5, 3, 1, 2, 4], share)).toBeCloseTo(value);
});

test("no values have no quantile", () => {
  expect(quantile([], 0.5)).toBeNaN();
});
