import { localInstant, micros } from "@tutti/protocol";
import { expect, test } from "vitest";
import { QuietWish } from "./quiet-wish.ts";

type Heard = { readonly spans: number[]; readonly limits: number[] };

/** What is told the server while the air is so, asked each 100 ms. */
function told(
  wish: QuietWish,
  { uncertainty, variation }: { uncertainty: number; variation: number },
  { from, seconds = 1 }: { from: number; seconds?: number },
): Heard {
  const air = { uncertainty: micros(uncertainty), variation: micros(variation) };
  const heard: Heard = { spans: [], limits: [] };
  for (let now = from; now < from + seconds * 1e6; now += 100_000) {
    const { spanMs, kbitMax } = wish.wish(air, 1_000, localInstant(now));
    if (spanMs !== undefined) heard.spans.push(spanMs);
    if (kbitMax !== undefined) heard.limits.push(kbitMax);
  }
  return heard;
}

function wishes(wish: QuietWish, uncertainty: number, variation: number, from: number) {
  return told(wish, { uncertainty, variation }, { from }).spans;
}

test("a tenth of the buffer is wished, once", () => {
  const wish = new QuietWish();
  expect(wishes(wish, 10, 100, 0)).toEqual([100]);
  expect(wishes(wish, 10, 100, 1e6)).toEqual([]);
});

test("twice that while the clock is unsure on a path that varies much, until it is sure", () => {
  const wish = new QuietWish();
  expect(wishes(wish, 500, 40_000, 0)).toEqual([100, 200]);
  expect(wishes(wish, 30, 40_000, 1e6)).toEqual([]);
  expect(wishes(wish, 20, 40_000, 2e6)).toEqual([100]);
});

test("on a path that varies little the quiet is long enough", () => {
  expect(wishes(new QuietWish(), 500, 10_000, 0)).toEqual([100]);
});

test("nor does a path that varies by seconds get longer ones: there is no quiet to be had", () => {
  expect(wishes(new QuietWish(), 500, 400_000, 0)).toEqual([100]);
});

test("another server is told anew", () => {
  const wish = new QuietWish();
  wishes(wish, 10, 100, 0);
  wish.restart();
  expect(wishes(wish, 10, 100, 1e6)).toEqual([100]);
});

const NOISY = 40_000;

test("audio is to be light while the clock is much in doubt on such a path, and what it was when that is over", () => {
  const wish = new QuietWish();
  const limits = (uncertainty: number, from: number) =>
    told(wish, { uncertainty, variation: NOISY }, { from }).limits;
  expect(limits(500, 0)).toEqual([256]);
  expect(limits(60, 1e6)).toEqual([]);
  expect(limits(40, 2e6)).toEqual([0]);
  expect(limits(90, 3e6)).toEqual([]);
  expect(limits(110, 4e6)).toEqual([256]);
});

test("it stays light when that makes the path better, and is not light on one that is good enough", () => {
  const wish = new QuietWish();
  const limits = (variation: number, from: number) =>
    told(wish, { uncertainty: 500, variation }, { from }).limits;
  expect(limits(10_000, 0)).toEqual([]);
  expect(limits(17_000, 1e6)).toEqual([256]);
  expect(limits(10_000, 2e6)).toEqual([]);
});

test("a clock that is in doubt after a minute does not cost the music more than that", () => {
  const wish = new QuietWish();
  const limits = (uncertainty: number, from: number, seconds: number) =>
    told(wish, { uncertainty, variation: NOISY }, { from, seconds }).limits;
  expect(limits(500, 0, 60)).toEqual([256]);
  expect(limits(500, 60e6, 600)).toEqual([0]);
  expect(limits(40, 660e6, 1)).toEqual([]);
  expect(limits(500, 661e6, 1)).toEqual([256]);
});

test("what a new connection knows of the clock is not yet worth a wish, nor does it go on with the one before", () => {
  const wish = new QuietWish();
  const noisy = { uncertainty: micros(500), variation: micros(NOISY) };
  expect(wish.wish(noisy, 1_000, localInstant(0))).toEqual({ spanMs: 100 });
  expect(wish.wish(noisy, 1_000, localInstant(1e6))).toEqual({ spanMs: 200, kbitMax: 256 });
  wish.restart();
  expect(told(wish, { uncertainty: 60, variation: NOISY }, { from: 2e6 }).limits).toEqual([]);
});
