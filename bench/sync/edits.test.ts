import { expect, test } from "vitest";
import { editsOf, gapsOf } from "./edits.ts";
import { leftOf, noise, RATE_HZ } from "./signal.ts";
import { originalOf, play, recordingOf } from "./synthetic.ts";
import { trackOf } from "./track.ts";

const sound = leftOf(noise(6));
const original = originalOf(sound, 1_000_000);
const SECONDS = 3;
const BEGIN = 5_000;

function editsWhen(positionAt: (frame: number) => number | undefined, change = (x: number) => x) {
  const samples = play(sound, SECONDS * RATE_HZ, positionAt).map(change);
  const recording = recordingOf(samples);
  return editsOf(recording, original, trackOf(recording, original)).map(({ atUs, frames }) => ({
    seconds: atUs / 1e6,
    frames,
  }));
}

/** The original jumps by so many frames at each of these. (s) */
function jumps(frames: number, atSeconds: readonly number[]) {
  return (frame: number) =>
    BEGIN + frame + frames * atSeconds.filter((seconds) => frame >= seconds * RATE_HZ).length;
}

test("a wave that goes on has none, at any speed", () => {
  expect(editsWhen((frame) => BEGIN + frame)).toEqual([]);
  expect(editsWhen((frame) => BEGIN + frame * (1 + 300e-6))).toEqual([]);
  // From 0 to 1000 ppm within three seconds.
  const speeding = (frame: number) => (frame ** 2 * 1e-3) / (2 * SECONDS * RATE_HZ);
  expect(editsWhen((frame) => BEGIN + frame + speeding(frame))).toEqual([]);
});

test.each([
  ["dropped frames", 1],
  ["doubled frames", -1],
  ["jumps of half a frame", 0.5],
  ["jumps of two frames back", -2],
  ["jumps of 30 ms", 1_440],
])("%s are found where they are", (_, frames) => {
  const at = [0.5003, 0.6, 1.7771, 2.5];
  const edits = editsWhen(jumps(frames, at));
  expect(edits.length).toBe(at.length);
  for (const [number, edit] of edits.entries()) {
    expect(Math.abs(edit.seconds - at[number]!)).toBeLessThan(0.012);
    expect(Math.abs(edit.frames! - frames)).toBeLessThan(0.1);
  }
});

test("a frame doubled on a card that is followed at 50 ppm", () => {
  const doubled = jumps(-1, [1.2]);
  const edits = editsWhen((frame) => doubled(frame) + frame * 50e-6);
  expect(edits.map(({ frames }) => Math.round(frames!))).toEqual([-1]);
});

test("damage that moves nothing is an edit", () => {
  let at = 0;
  const clipped = (sample: number) => {
    at++;
    return at > 100_000 && at < 100_500 ? Math.sign(sample) * 0.9 : sample;
  };
  const edits = editsWhen((frame) => BEGIN + frame, clipped);
  expect(edits.map(({ frames }) => frames)).toEqual([undefined]);
  expect(edits[0]!.seconds).toBeCloseTo(100_000 / RATE_HZ, 1);
});

test("a gap is a gap and no edit", () => {
  const samples = play(sound, SECONDS * RATE_HZ, (frame) =>
    frame < 1_000 || (frame >= 60_000 && frame < 69_600) ? undefined : BEGIN + frame,
  );
  const recording = recordingOf(samples);
  const gaps = gapsOf(recording);
  expect(gaps.map(({ ms }) => Math.round(ms))).toEqual([200]);
  expect(gaps[0]!.atUs / 1e6).toBeCloseTo(1.25, 3);
  expect(editsOf(recording, original, trackOf(recording, original))).toEqual([]);
});

test("ten frames of silence are no gap but an edit", () => {
  const holes = (frame: number) =>
    frame >= 60_000 && frame < 60_010 ? undefined : BEGIN + frame - (frame >= 60_010 ? 10 : 0);
  const edits = editsWhen(holes);
  expect(edits.map(({ frames }) => Math.round(frames!))).toEqual([-10]);
});
