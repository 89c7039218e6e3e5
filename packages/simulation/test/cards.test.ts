import { expect } from "vitest";
import type { RoomOptions } from "../src/index.ts";
import { type Scenario, scenarios, settled, start } from "./scenario.ts";

/** The second card and those after it let out so many frames less than the first, as their crystals ask for. */
function apart(lastsS: number, firstPpm: number, ...othersPpm: number[]): Scenario["happened"] {
  return ({ rooms }) => {
    const [first = 0, ...others] = rooms.map(({ counts }) => counts["card heardFrames"] ?? 0);
    for (const [index, ppm] of othersPpm.entries()) {
      const expected = (firstPpm - ppm) * 1e-6 * lastsS * 8_000;
      expect(Math.abs(first - (others[index] ?? 0) - expected)).toBeLessThan(2);
    }
  };
}

function pair(fast: RoomOptions["card"], slow: RoomOptions["card"]) {
  return { rooms: [{ card: { driftPpm: 25, ...fast } }, { card: { driftPpm: -25, ...slow } }] };
}

/** Their records told of a pointer that stood still. */
const stale: Scenario["happened"] = ({ rooms }) => {
  for (const { counts } of rooms) expect(counts["card staleRecords"]).toBeGreaterThan(1_000);
};

/**
 * A card at 48 kHz counts six times finer than our music: whole frames of 8 kHz beat with the packets of a bus
 * that runs at nearly the same rate, for half a minute and by 125 us.
 */
const FINE = { granularityFrames: 1 / 6 };

/** Both cards behave so, at +25 and -25 ppm. */
function both(card: RoomOptions["card"]) {
  return pair(card, card);
}

scenarios([
  {
    name: "cards at +25 and -25 ppm",
    house: pair({}, {}),
    lastsS: 60,
    happened: apart(60, 25, -25),
    judged: [start(), settled([15, 30])],
  },
  {
    name: "cards at +100 and -100 ppm",
    house: pair({ driftPpm: 100 }, { driftPpm: -100 }),
    lastsS: 60,
    happened: apart(60, 100, -100),
    judged: [start(), settled([20, 40])],
  },
  {
    name: "cards at +200 and -200 ppm",
    house: pair({ driftPpm: 200 }, { driftPpm: -200 }),
    lastsS: 120,
    happened: apart(120, 200, -200),
    judged: [start(), settled([20, 40])],
  },
  {
    name: "four cards at +25, -25, +10 and -60 ppm",
    house: { rooms: [25, -25, 10, -60].map((driftPpm) => ({ card: { driftPpm } })) },
    lastsS: 60,
    happened: apart(60, 25, -25, 10, -60),
    judged: [start(), settled([15, 30])],
  },
  {
    name: "a pointer in steps of 1 ms, with periods that are no multiple of it",
    house: both({ granularityFrames: 8, periodMs: 10.625 }),
    lastsS: 60,
    happened: stale,
    judged: [start(), settled([60, 120])],
  },
  {
    name: "a pointer in steps of 10 ms, seen every 5 ms",
    house: both({ granularityFrames: 80, periodMs: 5, periods: 6 }),
    lastsS: 60,
    happened: stale,
    judged: [start(), settled([60, 120])],
  },
  {
    name: "a pointer in steps of 10 ms, with periods of 21.25 ms",
    house: both({ granularityFrames: 80, periodMs: 21.25 }),
    lastsS: 60,
    happened: stale,
    judged: [start(), settled([60, 120])],
  },
  {
    name: "USB cards that move with their bus, packet by packet",
    house: pair(
      { ...FINE, usb: { packetsMs: 1, busPpm: 30 } },
      { ...FINE, usb: { packetsMs: 1, busPpm: -45 } },
    ),
    lastsS: 60,
    happened: apart(60, 25, -25),
    judged: [start(), settled([60, 120])],
  },
  {
    name: "USB cards that move with their bus, eight packets at once",
    house: pair(
      { ...FINE, usb: { packetsMs: 8, busPpm: 30 } },
      { ...FINE, usb: { packetsMs: 8, busPpm: -45 } },
    ),
    lastsS: 120,
    happened: apart(120, 25, -25),
    judged: [start(), settled([60, 120])],
  },
  {
    name: "records that are late by 50 us on average",
    house: both({ recordLateUs: 50 }),
    lastsS: 60,
    happened: ({ rooms }) => {
      for (const { counts } of rooms) {
        const mean = (counts["card recordsLateUs"] ?? 0) / (counts["card records"] ?? 0);
        expect(Math.abs(mean - 50)).toBeLessThan(3);
      }
    },
    judged: [start(), settled([15, 30])],
  },
  {
    name: "periods of 5, 20 and 40 ms in one house",
    house: {
      rooms: [
        { card: { driftPpm: 25, periodMs: 5 } },
        { card: { driftPpm: -25, periodMs: 20 } },
        { card: { driftPpm: 10, periodMs: 40 } },
      ],
    },
    lastsS: 60,
    happened: ({ rooms }) => {
      const records = rooms.map(({ counts }) => counts["card records"] ?? 0);
      for (const [index, periodMs] of [5, 20, 40].entries()) {
        expect(Math.abs((records[index] ?? 0) - 60_000 / periodMs)).toBeLessThan(10);
      }
    },
    judged: [start(), settled([15, 30])],
  },
  {
    name: "crystals that wander by 20 ppm an hour",
    house: both({ wanderPpm: 20 }),
    lastsS: 120,
    happened: ({ rooms }) => {
      for (const { counts } of rooms) expect(counts["card rateChanges"]).toBeGreaterThan(10);
    },
    judged: [start(), settled([15, 30])],
  },
  {
    name: "a callback that is held up, but less than the card holds",
    house: both({ stalls: { everyMs: 1_000, upToMs: 15 } }),
    lastsS: 60,
    happened: ({ rooms }) => {
      for (const { counts } of rooms) expect(counts["card heldUp"]).toBeGreaterThan(50);
    },
    judged: [start(), settled([15, 30])],
  },
]);
