import { seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

/** At 8 kHz: every frame, a millisecond, and a whole period. */
const GRANULARITIES = [1, 8, 80];
const DRIFTS = [-200, -100, 0, 100, 200];

test("whatever a card's rate and the steps of its pointer, it is in step from the first frame on", () => {
  const rooms = DRIFTS.flatMap((driftPpm) =>
    GRANULARITIES.map((granularityFrames) => ({ card: { driftPpm, granularityFrames } })),
  );
  const house = new House({ seed: 31, rooms });
  house.run(seconds(40));

  const counts = house.rooms.map(({ cardCounters }) => cardCounters?.playedFrames ?? 0);
  expect(Math.max(...counts) - Math.min(...counts)).toBeGreaterThan(8_000 * 40 * 350e-6);
  const worst = (from: number, to: number) =>
    Math.max(...house.report(seconds(from), seconds(to)).rooms.map(({ error }) => error.max));
  expect(worst(0, 2)).toBeLessThan(150);
  expect(worst(2, 20)).toBeLessThan(100);
  expect(worst(20, 40)).toBeLessThan(50);
  const { rooms: reports, pairs } = house.report(seconds(20));
  for (const room of reports) expect(room).toMatchObject({ gaps: 0, jumps: 0, discontinuities: 0 });
  for (const pair of pairs) {
    expect(pair.median).toBeLessThan(30);
    expect(pair.p95).toBeLessThan(50);
  }
});
