import { frames } from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import type { ClockBend } from "./clock-bend.ts";
import { TimingLine } from "./timing-line.ts";

const RATE_HZ = 48_000;
const PERIOD_S = 0.01;
const CARD_PPM = 40;

/** A stretch of a host's clock: for so many seconds it gains `ppm` against true time. */
type Stretch = readonly [seconds: number, ppm: number];

interface Told {
  readonly seconds: number;
  readonly bend: ClockBend;
}

/** Plays a card's records to a line, by a host's clock that changes its rate. */
function listen(stretches: readonly Stretch[], late: () => number) {
  const line = new TimingLine(RATE_HZ);
  const told: Told[] = [];
  let clockUs = 7e9;
  let seconds = 0;
  for (const [lasts, ppm] of stretches) {
    for (const end = seconds + lasts; seconds < end; seconds += PERIOD_S) {
      clockUs += PERIOD_S * (1e6 + ppm);
      const frame = Math.floor(seconds * RATE_HZ * (1 + CARD_PPM * 1e-6));
      const at = 7e9 + (frame / RATE_HZ / (1 + CARD_PPM * 1e-6)) * 1e6;
      const passes = clockUs + (at - 7e9 - seconds * 1e6) + late();
      line.learn(Float64Array.of(frame, passes, frame, 0), 1);
      told.push(...line.bends.splice(0).map((bend) => ({ seconds, bend })));
    }
  }
  const next = Math.round(seconds * RATE_HZ * (1 + CARD_PPM * 1e-6));
  const due = clockUs + PERIOD_S * 1e6;
  return { line, told, lateness: (line.at(frames(next)) ?? Number.NaN) - due };
}

/** Evenly spread from 0 up to 1, and the same each time. */
function random(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const next = random();
/** What makes records late. (us) */
const noises: Record<string, () => number> = {
  "no noise": () => 0,
  "whole frames of 8 kHz": () => 125 * next(),
  "a busy machine": () => -30 * Math.log(1 - next()),
  "threads that are held up": () => 5_000 * next() ** 40,
  "threads that are held up between clock and card": () => (next() < 0.003 ? -1_000 : 20) * next(),
};

describe.each(Object.entries(noises))("by records with %s", (_, late) => {
  test.each([500, -500, 200])("a clock slewed by %d ppm is noticed and turned by that", (ppm) => {
    const { told, line, lateness } = listen(
      [
        [20, 5],
        [6, 5 + ppm],
      ],
      late,
    );
    expect(told[0]?.seconds).toBeLessThan(20 + 250 / Math.abs(ppm));
    const last = told.at(-1)?.bend;
    expect(Math.abs((last?.ppm ?? 0) - ppm)).toBeLessThan(8);
    expect(Math.abs((last?.at ?? 0) - 7e9 - 20e6)).toBeLessThan(60_000);
    expect(Math.abs(line.cardRate + (5 + ppm) - CARD_PPM)).toBeLessThan(8);
    expect(Math.abs(lateness)).toBeLessThan(30);
  });

  test("each guess takes back the one before it", () => {
    const { told } = listen(
      [
        [20, 0],
        [20, 500],
        [20, 0],
      ],
      late,
    );
    let sum = 0;
    for (const { bend } of told) sum += bend.ppm - (bend.replaces?.ppm ?? 0);
    expect(Math.abs(sum)).toBeLessThan(12);
    expect(told.filter(({ bend }) => !bend.replaces).length).toBeGreaterThanOrEqual(2);
  });

  test("a clock that runs evenly is never said to bend", () => {
    const { told } = listen([[600, 20]], late);
    expect(told.filter(({ bend }) => bend.ppm !== 0)).toEqual([]);
  });
});

// With 17 seeds of 40 bends of 31 to 67 ppm stayed.
test("a machine that is busy for a second every ten is not a bend that stays", () => {
  let index = 0;
  const next = random(8);
  const { told } = listen([[300, 0]], () =>
    index++ % 1_000 < 100 ? 50 + 100 * next() : 10 * next(),
  );
  expect(told.at(-1)?.bend.ppm ?? 0).toBe(0);
});

test.each([7_000, -7_000])("%d ppm is no bend: no clock is slewed by that", (ppm) => {
  const { told } = listen(
    [
      [20, 5],
      [1, ppm],
    ],
    () => 0,
  );
  expect(told).toEqual([]);
});
