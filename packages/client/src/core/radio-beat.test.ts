import { describe, expect, test } from "vitest";
import { RadioBeat } from "./radio-beat.ts";

/** What answers do that arrive at these moments, the last of them first asked about. (ms) */
function heard(...arrivals: readonly number[]): RadioBeat {
  const beat = new RadioBeat();
  for (const arrival of arrivals) beat.answered(1_000 * arrival);
  return beat;
}

const everyBeacon = Array.from({ length: 7 }, (_, index) => 50 + index * 307.2);

describe("answers keep time", () => {
  test.each([
    ["with each beacon", everyBeacon, true],
    ["in twos and threes", everyBeacon.flatMap((at) => [at, at + 0.3, at + 1]), true],
    ["with some beacons only", [0, 1, 3, 4, 5, 8, 9].map((index) => 102.4 * index), true],
    ["six times, which may be chance", everyBeacon.slice(1), false],
    [
      "as questions do that are asked at varied intervals",
      [0, 180, 395, 560, 800, 965, 1_190],
      false,
    ],
    ["as fast as they are asked", [0, 15, 30, 45, 60, 75, 90], false],
    [
      "but for one that is 4 ms late",
      everyBeacon.map((at, index) => at + (index === 3 ? 4 : 0)),
      false,
    ],
  ] as const)("%s: %#", (_name, arrivals, found) => {
    expect(heard(...arrivals).found).toBe(found);
  });
});

test("five questions go out before each beacon, none too late for it, and then for the next", () => {
  const beat = heard(...everyBeacon);
  const last = 1_000 * (everyBeacon.at(-1) as number);
  const asked: number[] = [];
  for (let now = last + 100; asked.length < 10; ) {
    now = beat.askAt(now, 2_000, 0.9 + 0.02 * asked.length);
    asked.push(now - last);
  }
  const beacon = Math.round(307_200);
  const ahead = asked.map((at) => (Math.ceil(at / beacon) * beacon - at) / 1_000);
  for (const span of ahead) {
    expect(span).toBeGreaterThan(0.9);
    expect(span).toBeLessThan(8);
  }
  expect(Math.max(...asked)).toBeLessThan(3 * beacon);
});

test("as long as no answer was quick, it is looked for as long before", () => {
  const beat = heard(...everyBeacon);
  const last = 1_000 * (everyBeacon.at(-1) as number);
  expect(beat.askAt(last + 1_000, 60_000, 1)).toBeCloseTo(last + 307_200 - 60_000 + 12_000, -1);
});
