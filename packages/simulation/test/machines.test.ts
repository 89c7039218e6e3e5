import { millis, seconds } from "@tutti/protocol";
import { expect } from "vitest";
import type { House, HouseReport, ServerHostOptions } from "../src/index.ts";
import { byChance, scenarios, settled, start } from "./scenario.ts";

const CARDS = [{ card: { driftPpm: 25 } }, { card: { driftPpm: -25 }, clock: { driftPpm: -20 } }];
/** Live: what is recorded is heard 60 ms later. */
const LIVE: ServerHostOptions = { bufferMs: 60, chunkMs: 10, source: { blockMs: 5 } };
const LIVE_CARD = { periodMs: 5, periods: 2 };

/** A network that carries little more than the codec needs. */
function narrow(rateKbit: number) {
  return { delayMs: 1, jitterMs: 1, loss: 0.001, rateKbit };
}

const CLOGGED = "the backlog of a start hides the clock on a narrow link";

scenarios([
  {
    name: "JavaScript that is held up for 150 ms every second",
    house: {
      rooms: CARDS.map((room) => ({
        ...room,
        loop: { stalls: { everyMs: 1_000, fromMs: 150, upToMs: 150 } },
      })),
    },
    lastsS: 60,
    happened: ({ rooms }) => {
      for (const { counts } of rooms) expect(counts["loop stalls"]).toBeGreaterThan(40);
    },
    judged: [start(), settled([15, 30])],
  },
  ...[500, 2_000].map((costUs) => ({
    name: `weak boards: each handler costs ${costUs} us`,
    house: { rooms: CARDS.map((room) => ({ ...room, loop: { costUs } })) },
    lastsS: 60,
    happened: ({ rooms }: HouseReport) => {
      for (const { counts } of rooms) {
        expect(counts["loop handlers"]).toBeGreaterThan(60 * 50);
        expect(counts["loop busyMs"]).toBeGreaterThan(
          (0.9 * costUs * (counts["loop handlers"] ?? 0)) / 1_000,
        );
      }
    },
    judged: [start(), settled([15, 30])],
  })),
  {
    name: "a weak server: each handler costs 500 us, ten rooms",
    house: {
      server: { loop: { costUs: 500 } },
      rooms: Array.from({ length: 10 }, (_, index) => ({ card: { driftPpm: 10 * index - 50 } })),
    },
    lastsS: 60,
    happened: ({ counts }) => expect(counts["loop busyMs"]).toBeGreaterThan(5_000),
    judged: [start(), settled([20, 40])],
  },
  {
    name: "a client that sleeps for a minute",
    house: { rooms: CARDS },
    lastsS: 120,
    script: (house: House) => house.at(seconds(20), () => house.rooms[1]?.suspend(seconds(60))),
    happened: ({ rooms }) => expect(rooms[1]?.counts["clock suspensions"]).toBe(1),
    judged: [
      { what: "the one awake", fromS: 0, rooms: [0], limits: { errorMaxUs: 100 } },
      {
        what: "half a second after it wakes",
        fromS: 80.5,
        limits: { errorMaxUs: 1_000, underruns: 1 },
      },
      {
        what: "ten seconds later",
        fromS: 90,
        limits: { pairMedianUs: 15, pairP95Us: 30, underruns: 1 },
      },
    ],
  },
  {
    name: "live: 60 ms from recording to hearing on a wire",
    house: {
      server: LIVE,
      rooms: CARDS.map((room) => ({ ...room, card: { ...room.card, ...LIVE_CARD } })),
    },
    lastsS: 120,
    happened: ({ rooms }) => {
      for (const { firstSoundMs } of rooms) expect(firstSoundMs).toBeLessThan(150);
    },
    judged: [start({ firstSoundMs: 300 }), settled([15, 30])],
  },
  {
    name: "Opus at 128 kbit/s through 200 kbit/s",
    house: {
      server: { codec: "opus" },
      rooms: CARDS.map((room) => ({ ...room, link: narrow(200) })),
    },
    lastsS: 60,
    happened: ({ rooms }) => {
      for (const { counts } of rooms) expect(counts["in bytes"]).toBeGreaterThan(60 * 16_000);
    },
    judged: [
      start({}, { errorMaxUs: byChance(1_300, CLOGGED) }),
      settled([100, 250], {
        pairMedianUs: byChance(190, CLOGGED),
        pairP95Us: byChance(970, CLOGGED),
      }),
    ],
  },
  {
    name: "FLAC through a radio that stalls",
    house: {
      server: { codec: "flac" },
      rooms: CARDS.map((room) => ({ ...room, link: "busy wifi" as const })),
    },
    lastsS: 60,
    happened: ({ rooms }) => {
      for (const { counts } of rooms) {
        expect(counts["in bytes"]).toBeGreaterThan(60 * 90_000);
        expect(counts["in stalls"]).toBeGreaterThan(8);
      }
    },
    judged: [start({ firstSoundMs: 2_500 }), settled([100, 250])],
  },
  {
    name: "a server held up for 150 ms every second",
    house: {
      server: { loop: { stalls: { everyMs: 1_000, fromMs: 150, upToMs: 150 } } },
      rooms: CARDS,
    },
    lastsS: 60,
    happened: ({ counts }) => expect(counts["loop stalls"]).toBeGreaterThan(40),
    judged: [start(), settled([15, 30])],
  },
  {
    name: "a card that is pulled out of its sleep: 150 ms without callback every 20 s",
    house: { rooms: CARDS },
    lastsS: 70,
    script: (house: House) =>
      house.every(seconds(20), () => house.rooms[1]?.stallCard(millis(150))),
    happened: ({ rooms }) => expect(rooms[1]?.counts["card underruns"]).toBe(3),
    judged: [
      { what: "the other", fromS: 0, rooms: [0], limits: { errorMaxUs: 100 } },
      {
        what: "all in all",
        fromS: 10,
        rooms: [1],
        limits: { errorMaxUs: 1_000, silenceMs: 3 * 400, gaps: 3, underruns: 3 },
      },
    ],
  },
]);
