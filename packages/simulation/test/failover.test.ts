import { seconds } from "@tutti/protocol";
import { expect } from "vitest";
import type { House, RoomOptions } from "../src/index.ts";
import { scenarios } from "./scenario.ts";

const ROOMS: readonly RoomOptions[] = [
  { card: { driftPpm: 25 }, clock: { driftPpm: 5 } },
  { link: "wifi", card: { driftPpm: -25 }, clock: { driftPpm: -20 } },
];
/** Another clock, and another music than the first server's. */
const SPARE = { clock: { startsAt: 9e6, driftPpm: -30 }, source: { driftPpm: 40 } };
const [FIRST, SECOND] = [0, 1];

/** Whose music was heard one after the other, by room. */
function heard(house: House): number[][] {
  return house.rooms.map(({ ear }) => ear.changes.map(({ server }) => server));
}

/** A room is heard again so long after it may look for a server: a pause between two attempts, and the first answers. */
const COMES_MS = 500 + 200;

scenarios([
  {
    name: "the first of two servers dies under music, is back on another clock, and the music pauses later",
    house: { rooms: ROOMS, spares: [SPARE] },
    lastsS: 90,
    script: (house) => {
      house.at(seconds(20), () => {
        house.restartServer(seconds(20), { startsAt: 3e6, driftPpm: 20 });
      });
      house.at(seconds(60), () => house.spares[0]?.source.gap(seconds(6)));
    },
    happened: ({ counts }, house) => {
      expect(counts).toMatchObject({ starts: 2, crashes: 1 });
      expect(heard(house)).toEqual(ROOMS.map(() => [FIRST, SECOND, FIRST]));
    },
    judged: [
      {
        // For 1.5 s it may be a restart, of which a second is in the buffer.
        what: "when it dies",
        fromS: 10,
        toS: 30,
        limits: { silenceMs: 500 + COMES_MS, gaps: 1, errorMaxUs: 1_000 },
      },
      {
        what: "as the music goes on",
        fromS: 30,
        toS: 60,
        limits: { pairMedianUs: 25, pairP95Us: 60 },
      },
      {
        // Nothing for 2 s is a pause, looked for twice a second; the first's clock is a new one.
        what: "in the pause",
        fromS: 60,
        toS: 70,
        limits: { silenceMs: 2_000 + 500 + 2 * COMES_MS, gaps: 1, errorMaxUs: 1_000 },
      },
      { what: "back with the first", fromS: 75, limits: { pairMedianUs: 25, pairP95Us: 60 } },
    ],
  },
  {
    name: "the first of two servers hangs for 20 s under music, as its kernel goes on to answer",
    house: { rooms: ROOMS, spares: [SPARE] },
    lastsS: 60,
    script: (house) => house.at(seconds(20), () => house.server.loop.block(seconds(20))),
    happened: ({ counts }, house) => {
      expect(counts["loop stalls"]).toBe(1);
      expect(heard(house)).toEqual(ROOMS.map(() => [FIRST, SECOND]));
    },
    judged: [
      {
        // One that lives says something every two seconds: after three it is left.
        what: "all in all",
        fromS: 10,
        limits: { silenceMs: 2_000 + COMES_MS, gaps: 1, errorMaxUs: 1_000 },
      },
      { what: "with the second", fromS: 35, limits: { pairMedianUs: 25, pairP95Us: 60 } },
    ],
  },
  {
    name: "one room is cut off from both servers for 4 s, and meets the second one first",
    house: { rooms: ROOMS, spares: [SPARE] },
    lastsS: 60,
    script: (house) => house.at(seconds(20), () => house.rooms[1]?.link.cut(seconds(4))),
    happened: ({ rooms }, house) => {
      expect(rooms[1]?.counts["in outages"]).toBe(1);
      expect(heard(house)).toEqual([[FIRST], [FIRST, SECOND, FIRST]]);
    },
    judged: [
      { what: "the other room", fromS: 0, rooms: [0], limits: { errorMaxUs: 100 } },
      {
        // The first was never gone, so it is not left alone for the second's music.
        what: "the room that was cut off",
        fromS: 10,
        toS: 28,
        rooms: [1],
        limits: { silenceMs: 3_000 + COMES_MS, gaps: 1, errorMaxUs: 1_000 },
      },
      { what: "together again", fromS: 35, limits: { pairMedianUs: 25, pairP95Us: 60 } },
    ],
  },
]);
