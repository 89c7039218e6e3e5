import { expect, test } from "vitest";
import { LineFitter } from "./clock-line.ts";
import { ClockWindow } from "./clock-window.ts";
import { SlotBends } from "./slot-bends.ts";

const END = 200_000_000;
const EVERY = 60_000;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/** What became of the server's clock, and of the way to the client, so long before the end. (us) */
interface Course {
  readonly offset: (before: number) => number;
  readonly queue: (before: number) => number;
}

/** The drift behind a bend that 200 s of exchanges show over a path of 2 ms each way, and 1 ms more on average. (us / us) */
function bendIn({ offset, queue }: Course, seed: number): number | undefined {
  let drawn = seed;
  const delay = () => {
    drawn = (drawn * 48_271) % 2_147_483_647;
    return 2_000 - 1_000 * Math.log(1 - drawn / 2_147_483_648);
  };
  const window = new ClockWindow();
  const fitter = new LineFitter(window);
  for (let at = 0; at < END; at += EVERY) {
    const server = offset(END - at);
    const there = delay();
    const back = delay() + queue(END - at);
    window.take(at, server + there, at + there + back, server - back, 0);
  }
  const line = fitter.fit({ drift: 0, spread: 30e-6, odds: 1 }, 0);
  return new SlotBends(window, fitter).forgetOld(line);
}

const steady = () => 0;
/** Half a second of queue, for the last so many seconds. */
const queueFor = (seconds: number) => (before: number) =>
  Math.max(0, Math.min(600_000, 2 * (seconds * 1e6 - before)));

test.each([8, 16, 20, 24])("a queue that stands for %i s is no bend", (lasts) => {
  const bends = SEEDS.map((seed) => bendIn({ offset: steady, queue: queueFor(lasts) }, seed));
  expect(bends).toEqual(SEEDS.map(() => undefined));
});

test.each([100, -100])("a clock that runs %i ppm faster for 20 s is one, of about that", (ppm) => {
  const offset = (before: number) => (ppm / 1e6) * Math.max(0, 20e6 - before);
  for (const seed of SEEDS) {
    const drift = bendIn({ offset, queue: steady }, seed) ?? 0;
    expect(Math.abs(drift * 1e6 - ppm)).toBeLessThan(30);
  }
});
