import { millis, seconds } from "@tutti/protocol";
import { expect } from "vitest";
import type { House } from "../src/index.ts";
import { scenarios } from "./scenario.ts";

const ROOMS = [
  { card: { driftPpm: 25 }, clock: { driftPpm: 5 } },
  { link: "wifi" as const, card: { driftPpm: -25 }, clock: { driftPpm: -20 } },
];

scenarios([
  {
    name: "the server is killed every 20 s and back 300 ms later",
    house: { rooms: ROOMS },
    lastsS: 70,
    script: (house: House) => house.every(seconds(20), () => house.restartServer(millis(300))),
    happened: ({ counts }) => expect(counts).toMatchObject({ starts: 4, crashes: 3 }),
    judged: [
      // The pipe holds what the source wrote meanwhile for nobody: as much is missing.
      {
        what: "all in all",
        fromS: 10,
        limits: { silenceMs: 3 * 500, gaps: 3, errorMaxUs: 1_000, pairMaxUs: 1_000 },
      },
    ],
  },
  {
    name: "the server is killed and back after 5 s on another clock",
    house: { rooms: ROOMS },
    lastsS: 80,
    script: (house: House) =>
      house.at(seconds(30), () => house.restartServer(seconds(5), { startsAt: 7e6, driftPpm: 30 })),
    happened: ({ counts }) => expect(counts).toMatchObject({ starts: 2, crashes: 1 }),
    judged: [
      // What the buffer holds plays out; sound shall be back within a second of the server, and a buffer is filled in it.
      {
        what: "all in all",
        fromS: 10,
        limits: { silenceMs: 5_000 + 1_000, gaps: 1, errorMaxUs: 1_000, pairMaxUs: 1_000 },
      },
      {
        what: "after ten seconds",
        fromS: 45,
        limits: { pairMedianUs: 25, pairP95Us: 60 },
      },
    ],
  },
  {
    name: "nobody reaches the server for 10 s",
    house: { rooms: ROOMS },
    lastsS: 80,
    script: (house: House) =>
      house.at(seconds(30), () => {
        for (const room of house.rooms) room.link.cut(seconds(10));
      }),
    happened: ({ rooms }) => {
      for (const room of rooms) expect(room.counts["in outages"]).toBe(1);
    },
    judged: [
      { what: "until it is reached", fromS: 10, toS: 40, limits: { silenceMs: 9_100, gaps: 1 } },
      {
        what: "half a second later",
        fromS: 40.5,
        limits: { errorMaxUs: 1_000, pairMaxUs: 1_000 },
      },
      {
        what: "after ten seconds",
        fromS: 50,
        limits: { pairMedianUs: 25, pairP95Us: 60 },
      },
    ],
  },
]);
