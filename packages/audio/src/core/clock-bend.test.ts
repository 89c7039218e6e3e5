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
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Of each noise there are so many draws, and of those so many keep the limits: one draw's luck is not the point. */
const DRAWS = Array.from({ length: 12 }, (_, draw) => 7919 * (draw + 1));
const KEEPING = 0.9;

/** What nine of ten do not exceed. */
function usualMost(values: readonly number[]): number {
  const sorted = values.map((value) => Math.abs(value)).sort((a, b) => a - b);
  return sorted[Math.floor(KEEPING * (sorted.length - 1))] ?? Number.NaN;
}

type Draw = () => number;
/** What makes records late (us), out of what is drawn. */
const noises: Record<string, (next: Draw) => Draw> = {
  "no noise": () => () => 0,
  "whole frames of 8 kHz": (next) => () => 125 * next(),
  "a busy machine": (next) => () => -30 * Math.log(1 - next()),
  "threads that are held up": (next) => () => 5_000 * next() ** 40,
  "threads that are held up between clock and card": (next) => () =>
    (next() < 0.003 ? -1_000 : 20) * next(),
};

describe.each(Object.entries(noises))("by records with %s", (_, noise) => {
  const listenEach = (...stretches: Stretch[]) =>
    DRAWS.map((seed) => listen(stretches, noise(random(seed))));

  test.each([500, -500, 200])("a clock slewed by %d ppm is noticed and turned by that", (ppm) => {
    const heard = listenEach([20, 5], [6, 5 + ppm]);
    const behind = ({ told }: (typeof heard)[number]) => told.filter(({ seconds }) => seconds > 20);
    const last = heard.map(({ told }) => told.at(-1)?.bend);
    const noticedAfter = heard.map((each) => (behind(each)[0]?.seconds ?? Infinity) - 20);
    expect(usualMost(noticedAfter)).toBeLessThan(250 / Math.abs(ppm));
    expect(usualMost(last.map((bend) => (bend?.ppm ?? 0) - ppm))).toBeLessThan(8);
    expect(usualMost(last.map((bend) => (bend?.at ?? 0) - 7e9 - 20e6))).toBeLessThan(60_000);
    expect(usualMost(heard.map(({ line }) => line.cardRate + (5 + ppm) - CARD_PPM))).toBeLessThan(
      8,
    );
    expect(usualMost(heard.map(({ lateness }) => lateness))).toBeLessThan(30);
  });

  test("each guess takes back the one before it", () => {
    const heard = listenEach([20, 0], [20, 500], [20, 0]);
    const sums = heard.map(({ told }) =>
      told.reduce((sum, { bend }) => sum + bend.ppm - (bend.replaces?.ppm ?? 0), 0),
    );
    expect(usualMost(sums)).toBeLessThan(12);
    for (const { told } of heard) {
      expect(told.filter(({ bend }) => !bend.replaces).length).toBeGreaterThanOrEqual(2);
    }
  });

  test("a clock that runs evenly is hardly ever said to bend, and not for long", () => {
    // Twenty minutes of each noise.
    const heard = listenEach([100, 20]).map(({ told }) => told);
    expect(heard.flat().filter(({ bend }) => !bend.replaces).length).toBeLessThanOrEqual(2);
    for (const told of heard) {
      for (const { seconds } of told.filter(({ bend }) => bend.ppm !== 0)) {
        const withdrawn = told.find((later) => later.seconds > seconds && later.bend.ppm === 0);
        expect((withdrawn?.seconds ?? Infinity) - seconds).toBeLessThan(0.25);
      }
    }
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
