import { frames } from "@tutti/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TIMING_RECORD_NUMBERS } from "./port.ts";
import { TimingLine } from "./timing-line.ts";

const RATE_HZ = 48_000;
const PERIOD = 480;
const START_US = 5_000_000_000;

/** A card with a crystal of its own, and what its records say. */
class FakeCard {
  readonly #ppm: number;
  readonly #late: (index: number) => number;
  #startUs = START_US;
  #startFrame = 0;
  #run = 0;
  #index = 0;
  /** The card's count, and frames of silence among it. */
  cardFrame = 0;
  silent = 0;

  constructor(ppm: number, late: (index: number) => number) {
    this.#ppm = ppm;
    this.#late = late;
  }

  truth(cardFrame: number): number {
    const rate = RATE_HZ * (1 + this.#ppm * 1e-6);
    return this.#startUs + ((cardFrame - this.#startFrame) * 1e6) / rate;
  }

  records(count: number): Float64Array {
    const records = new Float64Array(count * TIMING_RECORD_NUMBERS);
    for (let k = 0; k < count; k++, this.cardFrame += PERIOD, this.#index++) {
      const at = this.truth(this.cardFrame) + this.#late(this.#index);
      records.set([this.cardFrame - this.silent, at, this.cardFrame, this.#run], k * 4);
    }
    return records;
  }

  /** It stops for a while and goes on, telling so or not. */
  breakOff(spanUs: number, told: boolean): void {
    this.#startUs = this.truth(this.cardFrame) + spanUs;
    this.#startFrame = this.cardFrame;
    if (told) this.#run++;
  }
}

/** Evenly spread from 0 up to 1, and the same each time. */
function random(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** How late the line is for the next frame after so many seconds of records. (us) */
function lateness(card: FakeCard, line: TimingLine, seconds: number): number {
  for (let k = 0; k < seconds * 10; k++) line.learn(card.records(10), 10);
  const at = line.at(frames(card.cardFrame - card.silent));
  return (at ?? Number.NaN) - card.truth(card.cardFrame);
}

const next = random();
const noises: Record<string, (index: number) => number> = {
  none: () => 0,
  "whole frames": () => (next() * 1e6) / RATE_HZ,
  "held-up threads": () => 5_000 * next() ** 40,
  "a busy machine": () => -30 * Math.log(1 - next()),
};

describe.each(Object.keys(noises))("with noise of %s", (name) => {
  const noise = noises[name] as (index: number) => number;

  test.each([-200, -25, 0, 25, 200])("a card at %s ppm is known after 10 s", (ppm) => {
    const line = new TimingLine(RATE_HZ);
    expect(Math.abs(lateness(new FakeCard(ppm, noise), line, 10))).toBeLessThan(5);
    expect(Math.abs(line.cardRate - ppm)).toBeLessThan(3);
    expect(line.error).toBeLessThan(5);
  });

  test("a second is enough for 30 us", () => {
    const line = new TimingLine(RATE_HZ);
    expect(Math.abs(lateness(new FakeCard(100, noise), line, 1))).toBeLessThan(30);
  });
});

test("a card that tells whole milliseconds is known to some 100 us", () => {
  const line = new TimingLine(RATE_HZ);
  const card = new FakeCard(30, (index) => (index * 137.3) % 1_000);
  expect(Math.abs(lateness(card, line, 10))).toBeLessThan(100);
});

test("nothing is known before the first record, and the rest of a period after it", () => {
  const line = new TimingLine(RATE_HZ);
  expect(line.at(frames(0))).toBeUndefined();
  expect(line.error).toBe(Infinity);
  const card = new FakeCard(0, () => 0);
  line.learn(card.records(1), 1);
  expect(line.at(frames(480))).toBeCloseTo(card.truth(480), 3);
});

test("a frame that is given a place has it at once, and records in which none has a place leave it there", () => {
  const line = new TimingLine(RATE_HZ);
  const card = new FakeCard(0, () => 0);
  line.learn(card.records(1), 1);
  line.place(frames(100), 2_000);
  expect(line.at(frames(100))).toBeCloseTo(card.truth(2_000), 3);
  const placeless = card.records(1);
  placeless[0] = Number.NaN;
  line.learn(placeless, 1);
  expect(line.at(frames(100))).toBeCloseTo(card.truth(2_000), 3);
  expect(line.cardFrameAt(2_000)).toBe(line.at(frames(100)));
});

test("records beyond the count are not read", () => {
  const line = new TimingLine(RATE_HZ);
  line.learn(new Float64Array(40), 0);
  expect(line.at(frames(0))).toBeUndefined();
});

test("silence moves frames, not the line", () => {
  const line = new TimingLine(RATE_HZ);
  const card = new FakeCard(50, () => 0);
  lateness(card, line, 5);
  card.silent += 30; // 0.6 ms
  line.learn(card.records(1), 1);
  const frame = card.cardFrame - card.silent;
  expect(Math.abs((line.at(frames(frame)) ?? 0) - card.truth(card.cardFrame))).toBeLessThan(1);
});

test.each([
  ["an underrun of 0.5 ms", 500, true],
  ["an underrun of 100 ms", 100_000, true],
  ["a restart that nobody tells", 5_000, false],
  ["a jump ahead", -5_000, false],
])("after %s the line starts anew and keeps its slope", (_, span, told) => {
  const line = new TimingLine(RATE_HZ);
  const card = new FakeCard(100, () => (next() * 1e6) / RATE_HZ);
  lateness(card, line, 10);
  card.breakOff(span, told);
  expect(Math.abs(lateness(card, line, 1))).toBeLessThan(12);
  expect(Math.abs(line.cardRate - 100)).toBeLessThan(5);
});

test("callbacks held up by 20 ms now and then are no jump", () => {
  const line = new TimingLine(RATE_HZ);
  const card = new FakeCard(0, (index) => (index % 50 < 25 ? 20_000 : 0));
  expect(Math.abs(lateness(card, line, 10))).toBeLessThan(1);
});

// As measured on a machine that stood still now and then: the clock had been asked already, the card had not.
test.each([-90, -1_950, -20_000])("one record of %d us does not move the line", (early) => {
  let heldUp = false;
  const line = new TimingLine(RATE_HZ);
  const card = new FakeCard(25, () => (heldUp ? early : (next() * 1e6) / RATE_HZ));
  lateness(card, line, 10);
  heldUp = true;
  line.learn(card.records(1), 1);
  heldUp = false;
  for (let tenths = 0; tenths < 100; tenths++) {
    expect(Math.abs(lateness(card, line, 0.1))).toBeLessThan(5);
  }
});

test("records early by some now and then do not move the line", () => {
  const line = new TimingLine(RATE_HZ);
  const card = new FakeCard(-25, () => (next() < 0.005 ? -1_000 : 20) * next());
  lateness(card, line, 10);
  for (let tenths = 0; tenths < 200; tenths++) {
    expect(Math.abs(lateness(card, line, 0.1))).toBeLessThan(10);
  }
});

test("the device's own delay is reckoned at the card's rate", () => {
  const line = new TimingLine(RATE_HZ, 30);
  const card = new FakeCard(100, () => 30_000 * 100e-6); // counted at the nominal rate
  expect(Math.abs(lateness(card, line, 10))).toBeLessThan(1);
});

test("a crystal that warms up is followed", () => {
  const line = new TimingLine(RATE_HZ);
  // A parabola: 1 ppm faster every 10 s.
  const card = new FakeCard(0, (index) => -0.05 * (index / 100) ** 2 + 5);
  expect(Math.abs(lateness(card, line, 60) + 0.05 * 60 ** 2 - 5)).toBeLessThan(5);
});

test("whatever the records say, the line stays a number", () => {
  const record = fc.tuple(
    fc.integer({ min: 0, max: 2 ** 40 }),
    fc.double({ min: 0, max: 1e15, noNaN: true }),
    fc.integer({ min: 0, max: 2 ** 40 }),
    fc.integer({ min: 0, max: 3 }),
  );
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 200 }), (records) => {
      const line = new TimingLine(RATE_HZ);
      line.learn(Float64Array.from(records.flat()), records.length);
      expect(line.at(frames(1_000))).not.toBeNaN();
      expect(line.cardRate).not.toBeNaN();
    }),
  );
});
