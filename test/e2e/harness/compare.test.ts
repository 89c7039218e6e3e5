import { expect, test } from "vitest";
import { channelOf, gaps, locate, locateAll } from "./compare.ts";
import { music, RATE_HZ } from "./music.ts";

const original = channelOf(music(4), 0);

test("finds a stretch to a hundredth of a frame", () => {
  const stretch = original.slice(70_000, 80_000);
  const { position, correlation } = locate(original, stretch);
  expect(position).toBeCloseTo(70_000, 2);
  expect(correlation).toBeGreaterThan(0.99999);
});

test("finds half a frame", () => {
  // Linear between two samples is half a frame, and dull only where this music has nothing.
  const stretch = Float32Array.from({ length: 9_600 }, (_, at) => {
    return (original[50_000 + at]! + original[50_001 + at]!) / 2;
  });
  expect(locate(original, stretch).position).toBeCloseTo(50_000.5, 1);
});

test("other music does not match", () => {
  const other = channelOf(music(1, 99), 0);
  expect(locate(original, other).correlation).toBeLessThan(0.6);
});

test("a hole and what comes after it", () => {
  const recording = original.slice(0, RATE_HZ * 2);
  recording.fill(0, 30_000, 31_000);
  expect(gaps(recording, 100)).toEqual([1_000]);
  const positions = locateAll(original, recording, 9_600).map(
    (match) => match.position - match.frame,
  );
  for (const shift of positions) expect(shift).toBeCloseTo(0, 1);
});

test("a quiet stretch beside a loud one is found where it is", () => {
  const uneven = original.slice(0, RATE_HZ);
  uneven.fill(0, 20_000, 20_100);
  for (let at = 24_000; at < uneven.length; at++) uneven[at]! *= 5;
  const stretch = uneven.slice(19_000, 23_800);
  expect(locate(uneven, stretch).position).toBeCloseTo(19_000, 1);
});
