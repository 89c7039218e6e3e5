import { localInstant, micros } from "@tutti/protocol";
import { expect, test } from "vitest";
import { BundleWish } from "./bundle-wish.ts";

/** What is wished each 100 ms while the air is so. */
function wishes(wish: BundleWish, uncertainty: number, variation: number, from: number) {
  const air = { uncertainty: micros(uncertainty), variation: micros(variation) };
  return Array.from({ length: 10 }, (_, turn) =>
    wish.wish(air, 1_000, localInstant(from + turn * 100_000)),
  ).filter((each) => each !== undefined);
}

test("a tenth of the buffer is wished, once", () => {
  const wish = new BundleWish();
  expect(wishes(wish, 10, 100, 0)).toEqual([100]);
  expect(wishes(wish, 10, 100, 1e6)).toEqual([]);
});

test("twice that while the clock is unsure on a path that varies much, until it is sure", () => {
  const wish = new BundleWish();
  expect(wishes(wish, 500, 40_000, 0)).toEqual([100, 200]);
  expect(wishes(wish, 30, 40_000, 1e6)).toEqual([]);
  expect(wishes(wish, 20, 40_000, 2e6)).toEqual([100]);
});

test("on a path that varies little the quiet is long enough", () => {
  expect(wishes(new BundleWish(), 500, 10_000, 0)).toEqual([100]);
});

test("nor does a path that varies by seconds get longer ones: there is no quiet to be had", () => {
  expect(wishes(new BundleWish(), 500, 400_000, 0)).toEqual([100]);
});

test("another server is told anew", () => {
  const wish = new BundleWish();
  wishes(wish, 10, 100, 0);
  wish.restart();
  expect(wishes(wish, 10, 100, 1e6)).toEqual([100]);
});
