import { millis, seconds } from "@tutti/protocol";
import { expect } from "vitest";
import type { House, HouseReport, ServerHostOptions } from "../src/index.ts";
import { scenarios, settled, start } from "./scenario.ts";

const ROOMS = [
  { card: { driftPpm: 25 }, clock: { driftPpm: 5 } },
  { card: { driftPpm: -25 }, clock: { driftPpm: -20 } },
];

function fed(source: NonNullable<ServerHostOptions["source"]>) {
  return { server: { source }, rooms: ROOMS };
}

scenarios([
  ...[300, -300, 1_000, -1_000].map((driftPpm) => ({
    name: `a source at ${driftPpm} ppm`,
    house: fed({ driftPpm }),
    lastsS: 90,
    happened: ({ counts }: HouseReport) => {
      // 20 ms each; the first is written at once.
      const blocks = 1 + (90 * (1 + driftPpm * 1e-6)) / 0.02;
      expect(Math.abs((counts["source blocks"] ?? 0) - blocks)).toBeLessThanOrEqual(1);
    },
    judged: [start(), settled([15, 30])],
  })),
  {
    name: "a source at 300 ppm, read by a host at -50 ppm",
    house: {
      server: { source: { driftPpm: 300 }, clock: { driftPpm: -50 } },
      rooms: ROOMS,
    },
    lastsS: 90,
    // 27 ms more than 90 s hold: a block of 20 ms more than at the nominal rate, which writes 4501.
    happened: ({ counts }) => expect(counts["source blocks"]).toBe(4_502),
    judged: [
      {
        what: "once settled",
        fromS: 10,
        limits: { errorMaxUs: 200, pairMedianUs: 15, pairP95Us: 30 },
      },
    ],
  },
  {
    name: "a source that writes 200 ms at once",
    house: fed({ blockMs: 200 }),
    lastsS: 60,
    happened: ({ counts }) => expect(counts["source blocks"]).toBe(301),
    judged: [start(), settled([15, 30])],
  },
  {
    name: "a source that writes when it likes, up to 80 ms late",
    house: fed({ unevenMs: 80 }),
    lastsS: 60,
    happened: ({ counts }) => expect(counts["source blocks"]).toBeGreaterThan(2_990),
    judged: [start(), settled([15, 30])],
  },
  {
    name: "a source that pauses for 2 s every 10 s",
    house: fed({}),
    lastsS: 65,
    script: (house: House) => house.every(seconds(10), () => house.server.source.gap(seconds(2))),
    happened: ({ counts }) => expect(counts["source gaps"]).toBe(6),
    judged: [
      {
        what: "all in all",
        fromS: 0,
        limits: { silenceMs: 6 * 2_100, gaps: 6, pairMaxUs: 1_000, errorMaxUs: 1_000 },
      },
      settled([15, 30]),
    ].map((judged) => ({ ...judged, limits: { silenceMs: 6 * 2_100, gaps: 6, ...judged.limits } })),
  },
  {
    name: "a source that pauses for 8 s every 20 s, hosts held up all the time: nobody ran dry",
    house: {
      ...fed({}),
      rooms: [{ loop: { stalls: { everyMs: 1_000, fromMs: 150, upToMs: 150 } } }, {}],
    },
    lastsS: 59,
    script: (house: House) => house.every(seconds(20), () => house.server.source.gap(seconds(8))),
    happened: ({ counts, rooms }) => {
      expect(counts["source gaps"]).toBe(2);
      expect(rooms[0]?.counts["card shortCallbacks"]).toBeGreaterThan(0);
      for (const room of rooms) {
        expect(room.counts).toMatchObject({ ended: 2 });
        expect(room.counts["ran dry"] ?? 0).toBe(0);
        expect(room.counts.underrun ?? 0).toBe(0);
      }
    },
    judged: [
      {
        what: "all in all",
        fromS: 0,
        limits: { silenceMs: 2 * 8_100, gaps: 2, pairMaxUs: 1_000, errorMaxUs: 1_000 },
      },
    ],
  },
  {
    name: "a source that is held up by 120 ms every 5 s",
    house: fed({}),
    lastsS: 62,
    script: (house: House) => house.every(seconds(5), () => house.server.source.stall(millis(120))),
    happened: ({ counts }) => expect(counts["source stalls"]).toBe(12),
    judged: [start(), settled([15, 30])],
  },
]);
