import { localInstant, millis, seconds } from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import { compareReadings, now } from "./clock.ts";

const before = { monotonic: localInstant(5_000_000), upUs: 1_700_000_000 };
function later(monotonicMs: number, upMs: number) {
  return {
    monotonic: localInstant(before.monotonic + millis(monotonicMs)),
    upUs: before.upUs + millis(upMs),
  };
}

describe("what two readings of the clocks tell", () => {
  test.each([
    ["nothing, when both ran", later(500, 500), []],
    ["nothing, when the timer came a little late", later(580, 580), []],
    ["nothing, when the coarser clock is a step ahead", later(500, 510), []],
    [
      "a sleep, when only the time since the start ran on",
      later(500, 60_500),
      [{ kind: "clock jumped", missing: seconds(60) }],
    ],
    [
      "a stall, when both ran too long",
      later(800, 800),
      [{ kind: "event loop stalled", lasted: millis(300) }],
    ],
  ])("%s", (_, present, events) => {
    expect(compareReadings(before, present, millis(500))).toEqual(events);
  });
});

test("the clock is CLOCK_MONOTONIC in microseconds", () => {
  const earliest = Number(process.hrtime.bigint()) / 1_000;
  const reading = now();
  const latest = Number(process.hrtime.bigint()) / 1_000;
  expect(reading).toBeGreaterThan(earliest - 1);
  expect(reading).toBeLessThan(latest + 1);
});
