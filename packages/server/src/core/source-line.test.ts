import { after, between, frames, micros, serverInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { SourceLine } from "./source-line.ts";

const RATE = 48_000;
const START = serverInstant(5_000_000);

/** Frames before `ms` exist `late` us after their time, of a source that is `off` ppm fast from the start on. */
function observe(line: SourceLine, ms: number, late = 0, off = 0): void {
  const at = after(START, micros(ms * 1_000 * (1 - off * 1e-6) + late));
  line.observe(frames((ms * RATE) / 1_000), at);
}

/** Where the line has the frames before `ms`, against a nominal source. (us late) */
function lateness(line: SourceLine, ms: number): number {
  return between(after(START, micros(ms * 1_000)), line.at(frames((ms * RATE) / 1_000)));
}

test("of many late observations the earliest count", () => {
  const line = new SourceLine(RATE);
  for (let i = 0; i < 2_000; i++) observe(line, 5 * i, i % 50 === 7 ? 0 : 500 + (i % 13) * 100);

  expect(line.rate).toBeCloseTo(0, 3);
  expect(lateness(line, 10_000)).toBeCloseTo(0, 3);
});

test("a source that is late by less and less in its first second is not taken for a fast one", () => {
  const line = new SourceLine(RATE);
  let most = 0;
  for (let i = 0; i < 2_000; i++) {
    observe(line, 5 * i, Math.max(0, 800 - 4 * i));
    most = Math.max(most, Math.abs(line.rate));
  }

  expect(most).toBeLessThan(80);
  expect(Math.abs(line.rate)).toBeLessThan(2);
});

test("a rate is believed the more the longer it lasts", () => {
  const line = new SourceLine(RATE);
  const rates = Array.from({ length: 30 * 50 }, (_, i) => {
    observe(line, 20 * i, 0, 100);
    return line.rate;
  });

  expect(rates[49]).toBeLessThan(20);
  expect(rates[149]).toBeGreaterThan(40);
  expect(rates[499]).toBeGreaterThan(90);
  expect(Math.abs((rates.at(-1) ?? 0) - 100)).toBeLessThan(2);
});

test.each([
  ["late, after some seconds", 100_000, 2_000],
  ["early, at once", -100_000, 0],
])("a schedule that has moved is found there, and the rate is kept: %s", (_, moved, within) => {
  const line = new SourceLine(RATE);
  for (let ms = 0; ms < 20_000; ms += 20) observe(line, ms, 0, 50);
  const rates: number[] = [];
  for (let ms = 20_000; ms < 25_000; ms += 20) {
    observe(line, ms, moved, 50);
    rates.push(line.rate);
    if (ms > 20_100 + within) expect(lateness(line, ms)).toBeCloseTo(moved - ms * 0.05, -1);
  }

  expect(Math.min(...rates)).toBeGreaterThan(48);
  expect(Math.max(...rates)).toBeLessThan(52);
});

test("a stall is no move", () => {
  const line = new SourceLine(RATE);
  for (let ms = 0; ms < 60_000; ms += 20) observe(line, ms, ms % 5_000 < 1_500 ? 30_000 : 0);

  expect(line.rate).toBeCloseTo(0, 3);
  expect(lateness(line, 60_000)).toBeCloseTo(0, 3);
});

test("the same source after a pause is expected at its rate, one without any at nominal", () => {
  const line = new SourceLine(RATE);
  for (let ms = 0; ms < 30_000; ms += 20) observe(line, ms, 0, 100);
  line.forget();
  expect(line.known).toBe(false);
  expect(Math.abs(line.rate - 100)).toBeLessThan(2);
  line.reset();
  expect(line.rate).toBeCloseTo(0, 6);
});
