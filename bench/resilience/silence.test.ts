import { expect, test } from "vitest";
import type { PairPoint } from "../sync/pair.ts";
import { leftOf, noise, RATE_HZ } from "../sync/signal.ts";
import { originalOf, play, recordingOf } from "../sync/synthetic.ts";
import { trackOf } from "../sync/track.ts";
import { apartS, backAfterS, jumpsOf, lengthS, type Span, silencesOf, without } from "./silence.ts";

const sound = leftOf(noise(5));
const original = originalOf(sound, 1_000_000);
const BEGIN = 5_000;
const WHOLE = { fromUs: 0, toUs: 3e6 };

/** A recording of three seconds: what is heard at each moment of it. (s; frames of the original) */
function record(positionAt: (seconds: number, frame: number) => number | undefined) {
  return recordingOf(play(sound, 3 * RATE_HZ, (frame) => positionAt(frame / RATE_HZ, frame)));
}

const silentFrom = (fromS: number, toS: number) => (seconds: number, frame: number) =>
  seconds >= fromS && seconds < toS ? undefined : BEGIN + frame;

/** Beginnings and lengths in milliseconds. */
const inMs = (spans: readonly Span[]) =>
  spans.map(({ fromUs, toUs }) => [Math.round(fromUs / 1e3), Math.round((toUs - fromUs) / 1e3)]);

test.each([
  ["one within the sound", 1, 1.25, [[1_000, 250]]],
  ["one of two milliseconds", 1, 1.002, [[1_000, 2]]],
  ["one of half a millisecond, which counts for nothing", 1, 1.0005, []],
  ["sound that comes late", 0, 0.5, [[0, 500]]],
  ["sound that does not come back", 2, 3, [[2_000, 1_000]]],
  ["nothing at all", 0, 3, [[0, 3_000]]],
])("silence: %s", (_, fromS, toS, expected) => {
  expect(inMs(silencesOf(record(silentFrom(fromS, toS)), WHOLE))).toEqual(expected);
});

test("of a silence that reaches out of what is looked at the part within counts", () => {
  const recording = record(silentFrom(1, 2));
  const silences = silencesOf(recording, { fromUs: 1.4e6, toUs: 1.7e6 });
  expect(inMs(silences)).toEqual([[1_400, 300]]);
  expect(silencesOf(recording, { fromUs: 2.1e6, toUs: 2.9e6 })).toEqual([]);
});

test("a recording that ends before the run is silent from there on", () => {
  const recording = record((_, frame) => BEGIN + frame);
  expect(lengthS(silencesOf(recording, { fromUs: 0, toUs: 10e6 }))).toBeCloseTo(7);
});

test("what is excused is taken out of silences, at either end and in the middle", () => {
  const span = (fromUs: number, toUs: number) => ({ fromUs, toUs });
  const silences = [span(0, 10), span(20, 30), span(40, 50)];
  expect(without(silences, [span(5, 22), span(44, 46)])).toEqual([
    span(0, 5),
    span(22, 30),
    span(40, 44),
    span(46, 50),
  ]);
  expect(without(silences, [span(0, 60)])).toEqual([]);
  expect(without(silences, [])).toEqual(silences);
});

test.each([
  ["half a second left out", 24_000, 1],
  ["two milliseconds twice", -96, 1],
  ["less than a millisecond", 40, 0],
  ["none", 0, 0],
])("jumps: %s", (_, frames, count) => {
  const recording = record((seconds, frame) => BEGIN + frame + (seconds < 1.3 ? 0 : frames));
  const jumps = jumpsOf(trackOf(recording, original), [], original);
  expect(jumps.length).toBe(count);
  for (const atUs of jumps) expect(Math.abs(atUs - 1.3e6)).toBeLessThan(100_000);
});

test("a jump behind a silence is the silence's", () => {
  const recording = record((seconds, frame) => {
    if (seconds >= 1 && seconds < 1.05) return undefined;
    return BEGIN + frame + (seconds < 1 ? 0 : 4_800);
  });
  const silences = silencesOf(recording, WHOLE);
  expect(silences.length).toBe(1);
  const track = trackOf(recording, original);
  expect(jumpsOf(track, silences, original)).toEqual([]);
  expect(jumpsOf(track, [], original).length).toBe(1);
});

/** A point every 50 ms of ten seconds, with the error at that moment; undefined: one of the rooms is silent. */
function pairOf(errorAtS: (seconds: number) => number | undefined): PairPoint[] {
  return Array.from({ length: 200 }, (_, at) => at / 20).flatMap((seconds) => {
    const errorUs = errorAtS(seconds);
    return errorUs === undefined ? [] : [{ atUs: seconds * 1e6, errorUs }];
  });
}

test.each([
  ["rooms that were never disturbed", () => 20, 0],
  [
    "silence until 0.4 s after the fault",
    (seconds: number) => (seconds < 3.4 ? undefined : 20),
    0.4,
  ],
  [
    "sound out of the buffer, and silence only then",
    (seconds: number) => (seconds > 3.5 && seconds < 4.6 ? undefined : -20),
    1.6,
  ],
  [
    "sound that comes at once, but in one room late",
    (seconds: number) => (seconds < 5 ? 4_000 : 900),
    2,
  ],
  [
    "an error that comes back",
    (seconds: number) => (seconds > 3.9 && seconds < 4.1 ? -2e3 : 5),
    1.1,
  ],
])("back after %s", (_, errorAtS, expected) => {
  expect(backAfterS(pairOf(errorAtS), 3e6)).toBeCloseTo(expected, 1);
});

test("never back: no sound, always apart, or together for less than two seconds", () => {
  expect(backAfterS([], 3e6)).toBeUndefined();
  expect(
    backAfterS(
      pairOf((seconds) => (seconds < 3 ? 0 : undefined)),
      3e6,
    ),
  ).toBeUndefined();
  expect(
    backAfterS(
      pairOf(() => 1_500),
      3e6,
    ),
  ).toBeUndefined();
  expect(
    backAfterS(
      pairOf((seconds) => (seconds < 8.5 ? 1_500 : 0)),
      3e6,
    ),
  ).toBeUndefined();
});

test("apart is where both are heard and more than a millisecond lies between them", () => {
  const points = pairOf((seconds) => {
    if (seconds >= 6) return undefined;
    return seconds >= 2 && seconds < 4 ? -3_000 : 30;
  });
  expect(apartS(points, { fromUs: 0, toUs: 10e6 })).toBeCloseTo(2);
  expect(apartS(points, { fromUs: 3e6, toUs: 10e6 })).toBeCloseTo(1);
});
