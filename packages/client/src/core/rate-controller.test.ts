import { describe, expect, test } from "vitest";
import { RateController } from "./rate-controller.ts";

const BLOCK_SECONDS = 0.01;

/** Plays `seconds` with an unknown rate error and returns the lateness after each block. (us) */
function play(controller: RateController, lateness: number, driftPpm: number, seconds: number) {
  const heard: number[] = [];
  let late = lateness;
  for (let t = 0; t < seconds; t += BLOCK_SECONDS) {
    controller.update(late, BLOCK_SECONDS, 0);
    late += (driftPpm - controller.speed) * BLOCK_SECONDS;
    heard.push(late);
  }
  return heard;
}

const worst = (values: number[]) => Math.max(...values.map(Math.abs));

describe("a fresh start", () => {
  test.each([
    [900, 0],
    [-900, 0],
    [300, 100],
    [0, -200],
  ])("%d us late at %d ppm: below 100 us in 2 s, below 5 us in 15 s", (late, drift) => {
    const heard = play(new RateController(), late, drift, 20);
    expect(worst(heard.slice(200))).toBeLessThan(100);
    expect(worst(heard.slice(1_500))).toBeLessThan(5);
    expect(worst(heard)).toBeLessThan(Math.max(Math.abs(late), 60) + 1);
  });

  test("never plays faster than 2000 ppm, and after the first seconds never than 1200", () => {
    const controller = new RateController();
    const correctionFor = (lateness: number) => {
      controller.update(lateness, BLOCK_SECONDS, 0);
      return controller.correction;
    };
    expect(correctionFor(10_000)).toBe(2_000);
    expect(correctionFor(-10_000)).toBe(-2_000);
    play(controller, 0, 0, 5);
    expect(correctionFor(10_000)).toBe(1_200);
  });
});

describe("in the steady state", () => {
  const settled = (driftPpm: number) => {
    const controller = new RateController();
    play(controller, 0, driftPpm, 60);
    return controller;
  };

  test("has learned a rate nobody told it of, to within 1 ppm", () => {
    expect(settled(80).correction).toBeCloseTo(80, 0);
  });

  test("a source 1000 ppm off is followed for good", () => {
    const heard = play(settled(1_000), 0, 1_000, 30);
    expect(worst(heard)).toBeLessThan(1);
  });

  test.each([50, -50])(
    "a source that is %d ppm off from now on: below 60 us, in 10 s below 25",
    (ppm) => {
      const heard = play(settled(0), 0, ppm, 30);
      expect(worst(heard)).toBeLessThan(60);
      expect(worst(heard.slice(1_000))).toBeLessThan(25);
      expect(worst(heard.slice(2_000))).toBeLessThan(5);
    },
  );

  test("works off a step of 0.9 ms without overshooting by more than a twentieth", () => {
    const heard = play(settled(0), 900, 0, 30);
    expect(Math.min(...heard)).toBeGreaterThan(-45);
    expect(worst(heard.slice(1_000))).toBeLessThan(50);
  });

  test("turns 20 us of jitter in the clock into less than 1 ppm, and a step into no step of speed", () => {
    const controller = settled(0);
    let most = 0;
    for (let n = 0; n < 1_000; n++) {
      controller.update(n % 2 ? 20 : -20, BLOCK_SECONDS, 0);
      most = Math.max(most, Math.abs(controller.speed));
    }
    expect(most).toBeLessThan(1);
    const before = controller.speed;
    controller.update(0, BLOCK_SECONDS, 10);
    expect(Math.abs(controller.speed - before)).toBeLessThan(0.5);
  });

  test("keeps what it learned over a restart, and forgets it for another source", () => {
    const controller = settled(80);
    controller.restart(0);
    expect(controller.correction).toBeCloseTo(80, 0);
    controller.forget(7);
    expect(controller.correction).toBe(0);
    expect(controller.speed).toBe(7);
  });
});
