import { frames, localInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { TIMING_RECORD_NUMBERS } from "./core/port.ts";
import { TimingLine } from "./core/timing-line.ts";
import { PacedOutput } from "./paced-output.ts";

const format = { rateHz: 1_000, channels: 2 };
const START_US = 1_000_000;

/** An output at 1 kHz, so that a period of 10 ms is 10 frames, and what it played. */
function outputAt() {
  const played: number[] = [];
  const clock = { us: START_US };
  const sink = {
    play: (samples: Float32Array) => played.push(...samples),
    close: () => Promise.resolve(),
  };
  const output = new PacedOutput({ format, now: () => localInstant(clock.us) }, sink);
  return { output, played, clock };
}

/** Frames that carry their own number. */
function numbered(first: number, count: number): Float32Array {
  return Float32Array.from({ length: 2 * count }, (_, index) => first + (index >> 1));
}

test("what is written is played in time, silence after it once it cannot be waited for any more", () => {
  const { output, played, clock } = outputAt();
  expect(output.write(numbered(1, 25))).toBe(25);
  clock.us += 9_999;
  expect(output.counters().playedFrames).toBe(0);
  clock.us += 46_250;
  expect(output.counters()).toMatchObject({ playedFrames: 20, silentFrames: 0 });
  clock.us += 2;
  expect(output.counters()).toEqual({
    writtenFrames: 25,
    playedFrames: 25,
    clearedFrames: 0,
    silentFrames: 25,
    shortCallbacks: 3,
    underruns: 0,
  });
  expect(played).toEqual([...numbered(1, 25), ...new Float32Array(50)]);
});

test("what comes late, but before the last of what went before is out, follows it", () => {
  const { output, played, clock } = outputAt();
  output.write(numbered(1, 25));
  clock.us += 56_000;
  output.write(numbered(26, 25));
  expect(output.counters()).toMatchObject({ playedFrames: 50, silentFrames: 0 });
  expect(played).toEqual([...numbered(1, 50)]);
});

test("silence before the first write is none that anybody misses", () => {
  const { output, clock } = outputAt();
  clock.us += 100_000;
  expect(output.counters()).toMatchObject({ silentFrames: 0, shortCallbacks: 0 });
});

test("the queue has an end", () => {
  const { output, clock } = outputAt();
  expect(output.capacityFrames).toBe(1_000);
  expect(output.write(numbered(0, 1_200))).toBe(1_000);
  expect(output.write(numbered(0, 1))).toBe(0);
  clock.us += 10_000;
  expect(output.write(numbered(0, 20))).toBe(10);
});

test("a stall plays what was queued, not what is written after it", () => {
  const { output, played, clock } = outputAt();
  output.write(numbered(1, 10));
  clock.us += 50_000;
  output.write(numbered(100, 10));
  clock.us += 10_000;
  output.counters();
  expect(played.filter((_, index) => index % 20 === 0)).toEqual([1, 0, 0, 0, 0, 100]);
});

test("clear fades out of what waits and throws it away; frames keep their numbers", () => {
  const { output, played, clock } = outputAt();
  output.write(numbered(1, 30));
  clock.us += 10_000;
  output.clear();
  output.write(numbered(100, 10));
  clock.us += 10_000;
  expect(output.counters()).toMatchObject({
    writtenFrames: 40,
    playedFrames: 20,
    clearedFrames: 15,
    silentFrames: 0,
  });
  const left = played.filter((_, index) => index % 2 === 0).slice(10);
  expect(left[0]).toBe(11);
  for (let at = 1; at < 5; at++) expect(left[at]).toBeLessThan(left[at - 1] as number);
  expect(left.slice(5)).toEqual([100, 101, 102, 103, 104]);
  const records = new Float64Array(10 * TIMING_RECORD_NUMBERS);
  expect(output.takeTiming(records)).toBe(2);
  expect(records[TIMING_RECORD_NUMBERS]).toBe(25);
});

test("its records lie on a line, exactly", () => {
  const { output, clock } = outputAt();
  const line = new TimingLine(format.rateHz, output.latencyMs);
  const records = new Float64Array(64 * TIMING_RECORD_NUMBERS);
  for (let k = 0; k < 100; k++, clock.us += 10_000) {
    output.write(numbered(k * 10, 10));
    line.learn(records, output.takeTiming(records));
  }
  expect(line.at(frames(1_000))).toBeCloseTo(START_US + 1e6 + output.latencyMs * 1e3, 3);
  expect(line.cardRate).toBeCloseTo(0, 6);
});

test("takes no more records than there is room for", () => {
  const { output, clock } = outputAt();
  clock.us += 100_000;
  expect(output.takeTiming(new Float64Array(3 * TIMING_RECORD_NUMBERS + 1))).toBe(3);
  expect(output.takeTiming(new Float64Array(32 * TIMING_RECORD_NUMBERS))).toBe(7);
});
