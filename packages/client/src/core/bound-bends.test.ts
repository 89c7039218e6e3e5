import { describe, expect, test } from "vitest";
import { BoundBends } from "./bound-bends.ts";
import { LineFitter, NO_LINE } from "./clock-line.ts";
import { ClockWindow } from "./clock-window.ts";

const SLEWED_AT = 60_000_000;
const SLEW = 500e-6;

/** Exchanges each 50 ms over a path of 0 to 10 ms each way, evenly, with a server that is slewed from the minute on. */
class Exchanges {
  readonly window = new ClockWindow();
  #at = 0;
  #drawn = 1;

  until(end: number): void {
    for (; this.#at < end; this.#at += 50_000) {
      const offset = SLEW * Math.max(0, this.#at - SLEWED_AT);
      const [there, back] = [this.#delay(), this.#delay()];
      this.window.take(this.#at, offset + there, this.#at + there + back, offset - back, 0);
    }
  }

  #delay(): number {
    this.#drawn = (this.#drawn * 48_271) % 2_147_483_647;
    return (this.#drawn / 2_147_483_647) * 10_000;
  }
}

test("the drift before a slew is what was seen before it, not what the line has become since", () => {
  const exchanges = new Exchanges();
  const fitter = new LineFitter(exchanges.window);
  const bends = new BoundBends(exchanges.window, fitter);
  const prior = { drift: 0, spread: 30e-6, odds: 1 };
  const now = SLEWED_AT + 8_000_000;
  exchanges.until(SLEWED_AT);
  fitter.fit(prior, 0);
  exchanges.until(now);
  const bend = bends.look(now, { drift: 15e-6, prior, from: 0, suspects: [] });
  expect(bend?.drift).toBeGreaterThan(0.8 * SLEW);
  expect(bends.slewedFrom).toBeCloseTo(0, 5);
});

describe("a clock that was slewed", () => {
  test.each([
    // what, drift and its deviation ppm, ended
    ["that has its own drift again is slewed no more", -15, 25, true],
    ["that runs as it was slewed still is", 446, 25, false],
    ["whose drift nobody knows may still be", -50, 60, false],
  ] as const)("%s", (_what, ppm, deviationPpm, ended) => {
    const window = new ClockWindow();
    const bends = new BoundBends(window, new LineFitter(window));
    bends.slewedFrom = -53e-6;
    const prior = bends.ended({
      ...NO_LINE,
      drift: ppm / 1e6,
      driftVariance: (deviationPpm / 1e6) ** 2,
    });
    expect(prior?.drift).toBe(ended ? -53e-6 : undefined);
    expect(bends.slewedFrom).toBe(ended ? undefined : -53e-6);
  });
});
