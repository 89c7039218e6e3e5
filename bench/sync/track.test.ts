import { expect, test } from "vitest";
import { pairErrors } from "./pair.ts";
import { leftOf, noise, RATE_HZ } from "./signal.ts";
import { originalOf, play, recordingOf } from "./synthetic.ts";
import { latencyUs, trackOf } from "./track.ts";

const sound = leftOf(noise(6));
const BEFORE_US = 1_000_000;
const original = originalOf(sound, BEFORE_US);
const SECONDS = 2;
/** Two thousandths of a frame, in the short windows of the beginning; the long ones are ten times as exact. */
const EXACT_US = 0.05;

function trackAt(positionAt: (frame: number) => number | undefined, ppm = 0) {
  const samples = play(sound, SECONDS * RATE_HZ, positionAt);
  return trackOf(recordingOf(samples, ppm), original);
}

test.each([0, 0.25, 0.5, 0.9])("a shift by 1234 frames and %d is found", (fraction) => {
  const track = trackAt((frame) => frame + 1_234 + fraction);
  expect(track.length).toBeGreaterThan(60);
  for (const point of track) {
    const expected = BEFORE_US - ((1_234 + fraction) * 1e6) / RATE_HZ;
    expect(Math.abs(latencyUs(point, original) - expected)).toBeLessThan(EXACT_US);
    expect(point.likeness).toBeGreaterThan(0.999);
  }
});

test("a player that makes up for its card's 100 ppm is where it should be all the time", () => {
  const track = trackAt((frame) => 2_000 + frame / (1 + 100e-6), 100);
  for (const point of track) {
    const expected = BEFORE_US - (2_000 * 1e6) / RATE_HZ;
    // Over a window 100 ppm are 0.4 frames, and its loudest moment need not be its middle.
    expect(Math.abs(latencyUs(point, original) - expected)).toBeLessThan(0.2);
  }
});

test("two rooms, one 37 us behind on a card of another speed and from later on", () => {
  const one = trackAt((frame) => (frame < 20_000 ? undefined : 3_000 + frame / (1 - 25e-6)), -25);
  const behindFrames = (37 * RATE_HZ) / 1e6;
  const other = trackAt((frame) => (frame < 50_000 ? undefined : 3_000 - behindFrames + frame));
  for (const [points, sign] of [
    [pairErrors(one, other, original), -1],
    [pairErrors(other, one, original), 1],
  ] as const) {
    expect(points.length).toBeGreaterThan(40);
    expect(points[0]!.atUs).toBeLessThan(((50_000 + 1_500) * 1e6) / RATE_HZ);
    for (const { errorUs } of points) expect(Math.abs(errorUs - sign * 37)).toBeLessThan(0.2);
  }
});

test("a room that is found again after half a second of silence and a jump", () => {
  const track = trackAt((frame) => {
    if (frame < RATE_HZ / 2) return frame + 10_000;
    return frame < RATE_HZ ? undefined : frame + 40_000;
  });
  const ahead = track.map(({ position, cardFrame }) => position - cardFrame);
  for (const each of ahead) {
    const nearest = Math.abs(each - 10_000) < Math.abs(each - 40_000) ? 10_000 : 40_000;
    expect(Math.abs(each - nearest)).toBeLessThan(0.001);
  }
  expect(track.filter(({ cardFrame }) => cardFrame > RATE_HZ / 2 && cardFrame < RATE_HZ)).toEqual(
    [],
  );
  expect(track.at(-1)!.position - track.at(-1)!.cardFrame).toBeCloseTo(40_000, 2);
});

test("what is not in the original is nowhere", () => {
  const other = leftOf(noise(0.3, 99));
  expect(trackOf(recordingOf(other), original)).toEqual([]);
});

test("sixteen bits and half the loudness change nothing", () => {
  const samples = play(sound, RATE_HZ, (frame) => frame + 777.3);
  const rounded = samples.map((sample) => Math.round(sample * 16_384) / 32_768);
  for (const point of trackOf(recordingOf(rounded), original)) {
    expect(point.position - point.cardFrame).toBeCloseTo(777.3, 2);
  }
});
