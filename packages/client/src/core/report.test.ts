import { localInstant, micros, ppm, seconds } from "@tutti/protocol";
import { parseClientStats } from "@tutti/protocol/control";
import { describe, expect, test } from "vitest";
import { cardReport } from "./card-report.ts";
import { Reporter, reportOf } from "./report.ts";
import type { PlayerStats } from "./stats.ts";

const STATS: PlayerStats = {
  playing: true,
  synchronised: true,
  syncError: micros(-3.4567),
  syncErrorUncertainty: micros(12.34),
  syncErrorMax: micros(40.04),
  offset: micros(1e12 + 0.123),
  offsetErrorMax: micros(30.06),
  drift: ppm(20),
  roundTrip: micros(240.77),
  timeWay: "datagram",
  bufferedMs: 958.123,
  correction: ppm(0.126),
  receivedChunks: 5,
  lateChunks: 1,
  duplicateChunks: 2,
  lostChunks: 3,
  concealedChunks: 0,
  underruns: 4,
  jumps: 6,
};
const SHELL = { cardErrorMax: micros(10), cardRate: ppm(45), queuedMs: 199.99, cardUnderruns: 7 };

describe("a report", () => {
  test("is rounded, and takes the card's rate against the server", () => {
    expect(reportOf(STATS, SHELL)).toMatchObject({
      ...{ syncErrorUs: -3.5, syncErrorUncertaintyUs: 12.3, syncErrorBoundUs: 40 },
      ...{ offsetUs: 1e12 + 0.1, cardPpm: 25 },
      ...{ bufferedMs: 958.1, queuedMs: 200, correctionPpm: 0.13, cardUnderruns: 7 },
    });
  });

  test.each<[string, Partial<PlayerStats>, string[]]>([
    [
      "nothing sounds",
      { playing: false },
      ["syncErrorUs", "syncErrorUncertaintyUs", "syncErrorBoundUs"],
    ],
    ["the error is not known", { syncError: micros(NaN) }, ["syncErrorUs", "syncErrorBoundUs"]],
    ["the card told nothing", { syncErrorMax: micros(Infinity) }, ["syncErrorUs"]],
    ["no clock is known", { synchronised: false }, ["offsetUs", "driftPpm", "cardPpm"]],
  ])("leaves out what cannot be known when %s", (_, change, absent) => {
    const report = reportOf({ ...STATS, ...change }, SHELL);
    for (const key of absent) expect(report).not.toHaveProperty(key);
    expect(report).not.toHaveProperty("realtime");
  });

  test("is one that a server takes", () => {
    const report = reportOf(STATS, SHELL);
    expect(parseClientStats(JSON.parse(JSON.stringify(report)))).toEqual(report);
  });
});

test("who plays reports each time, who does not every fifth second, and the end of playing at once", () => {
  const reporter = new Reporter();
  const wants = (playing: boolean, second: number) =>
    reporter.wants(playing, localInstant(seconds(second)));
  expect([0, 1, 2, 3, 4, 5].map((second) => wants(false, second))).toEqual([
    ...[true, false, false, false, false],
    true,
  ]);
  expect([6, 7, 8].map((second) => wants(true, second))).toEqual([true, true, true]);
  expect([9, 10].map((second) => wants(false, second))).toEqual([true, false]);
  reporter.restart();
  expect(wants(false, 11)).toBe(true);
});

test("the card's delay is measured from the frame it takes next", () => {
  const line = {
    cardRate: ppm(45),
    error: 4,
    at: (frame: number) => localInstant(frame * 20),
  };
  const queue = { writtenFrames: 11_000, takenFrames: 1_400, rateHz: 48_000 };
  expect(cardReport(line, queue, localInstant(7_000))).toEqual({
    queuedMs: 200,
    deviceDelayMs: 21,
    cardRate: 45,
    cardErrorMax: 12,
  });
  const unknown = { ...line, error: Infinity, at: () => undefined };
  expect(cardReport(unknown, queue, localInstant(7_000))).toEqual({
    queuedMs: 200,
    cardErrorMax: Infinity,
  });
});
