import { seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

const FAST_KBIT = 50_000;
const ROOM = { link: "wifi", card: { driftPpm: 25 }, clock: { driftPpm: 5 } } as const;

/** A house with one room that gets Opus of 192 kbit/s, or down to 32 on a slow link. */
function houseOf(adaptive: boolean, rooms: number = 1): House {
  const server = { codec: "opus", kbit: 192, ...(adaptive && { ladderFromKbit: 32 }) } as const;
  return new House({ seed: 7, server, rooms: Array.from({ length: rooms }, () => ROOM) });
}

function changes({ server: { counts } }: House): { lowered: number; raised: number } {
  return { lowered: counts["quality lowered"] ?? 0, raised: counts["quality raised"] ?? 0 };
}

function fallAndRecover(house: House): void {
  const [room] = house.rooms;
  house.at(seconds(20), () => room?.link.limit(150));
  house.at(seconds(80), () => room?.link.limit(FAST_KBIT));
  house.run(seconds(140));
}

test("a link falls from 50 Mbit/s to 150 kbit/s and recovers: less is sent, then all again, and nothing breaks off", () => {
  const house = houseOf(true);
  fallAndRecover(house);
  expect(house.report(seconds(2)).rooms[0]).toMatchObject({
    ...{ silenceMs: 0, gaps: 0, jumps: 0, discontinuities: 0 },
  });
  const { lowered, raised } = changes(house);
  expect(lowered).toBeGreaterThan(0);
  expect(lowered).toBeLessThanOrEqual(3);
  expect(raised).toBeGreaterThanOrEqual(2);
});

test("the same with one coding only breaks off", () => {
  const house = houseOf(false);
  fallAndRecover(house);
  expect(changes(house)).toEqual({ lowered: 0, raised: 0 });
  expect(house.report(seconds(2)).rooms[0]?.silenceMs).toBeGreaterThan(5_000);
});

test("a link that comes and goes every ten seconds: ever fewer tries, and nothing breaks off", () => {
  const house = houseOf(true);
  const [room] = house.rooms;
  for (let at = 10; at < 600; at += 20) {
    house.at(seconds(at), () => room?.link.limit(150));
    house.at(seconds(at + 10), () => room?.link.limit(FAST_KBIT));
  }
  house.run(seconds(300));
  const early = changes(house);
  house.run(seconds(300));
  const late = changes(house);
  expect(house.report(seconds(2)).rooms[0]).toMatchObject({
    ...{ silenceMs: 0, gaps: 0, jumps: 0, discontinuities: 0 },
  });
  expect(late.lowered).toBeLessThanOrEqual(12);
  expect(late.lowered - early.lowered).toBeLessThanOrEqual(early.lowered);
});
