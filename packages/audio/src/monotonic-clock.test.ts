import { expect, test } from "vitest";
import { learnProcessStart, monotonicUs } from "./monotonic-clock.ts";

test("a slow first reading does not shift the clock", () => {
  let at = 1_000_000;
  let calls = 0;
  const monotonic = () => {
    at += 0.1;
    return at;
  };
  const sinceStart = () => {
    const reading = at - 400_000;
    at += calls++ === 0 ? 500 : 0.1;
    return reading;
  };
  expect(learnProcessStart(monotonic, sinceStart)).toBeCloseTo(400_000, 0);
});

test("it reads the host's monotonic clock", () => {
  const before = Number(process.hrtime.bigint()) / 1_000;
  const reading = monotonicUs();
  const after = Number(process.hrtime.bigint()) / 1_000;
  expect(reading).toBeGreaterThan(before - 1);
  expect(reading).toBeLessThan(after + 1);
});
