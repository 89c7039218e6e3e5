import { seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House, type RoomOptions } from "../src/index.ts";

const FAST_KBIT = 50_000;
const ROOM = { link: "wifi", card: { driftPpm: 25 }, clock: { driftPpm: 5 } } as const;

/** A house that plays Opus of 192 kbit/s, or down to 32 on slow links. */
function houseOf(adaptive: boolean, rooms: readonly RoomOptions[] = [ROOM]): House {
  const server = { codec: "opus", kbit: 192, ...(adaptive && { ladderFromKbit: 32 }) } as const;
  return new House({ seed: 7, server, rooms });
}

function changes({ server: { counts } }: House): { lowered: number; raised: number } {
  return { lowered: counts["quality lowered"] ?? 0, raised: counts["quality raised"] ?? 0 };
}

/**
 * Nothing that was to be heard was missing. A clock that is asked through a queue that fills and empties is found
 * anew now and then, with a short fade, and jumps by a millisecond or two: that is not of the ladder.
 */
function expectWhole(house: House): void {
  expect(house.server.counts["chunks dropped"] ?? 0).toBe(0);
  for (const { counts, silenceMs } of house.report(seconds(2)).rooms) {
    expect({ dry: counts["ran dry"] ?? 0, late: counts["late chunks"] ?? 0 }).toEqual({
      ...{ dry: 0, late: 0 },
    });
    expect(silenceMs).toBeLessThan(150);
  }
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
  expectWhole(house);
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
  for (let at = 10; at < 300; at += 20) {
    house.at(seconds(at), () => room?.link.limit(150));
    house.at(seconds(at + 10), () => room?.link.limit(FAST_KBIT));
  }
  house.run(seconds(150));
  const early = changes(house);
  house.run(seconds(150));
  const late = changes(house);
  expectWhole(house);
  expect(late.lowered).toBeLessThanOrEqual(8);
  expect(late.lowered - early.lowered).toBeLessThanOrEqual(early.lowered);
});

test("four rooms share 600 kbit/s: less than all ask for, and each gets its part without a break", () => {
  const house = houseOf(true, [
    ROOM,
    { ...ROOM, linkOf: 0 },
    { ...ROOM, linkOf: 0, card: { driftPpm: -40 } },
    { ...ROOM, linkOf: 0, clock: { driftPpm: -20 } },
  ]);
  house.at(seconds(10), () => house.rooms[0]?.link.limit(600));
  house.run(seconds(150));
  const early = changes(house);
  house.run(seconds(150));
  const late = changes(house);
  expectWhole(house);
  expect(early.lowered).toBeGreaterThanOrEqual(4);
  expect(late.lowered - early.lowered).toBeLessThan(early.lowered);
});

test("a link of half a second is long, not slow", () => {
  const link = { delayMs: 250, jitterMs: 5, loss: 0, rateKbit: 20_000 } as const;
  const house = houseOf(true, [{ ...ROOM, link }]);
  // At the start the second that was before comes at once, and nobody knows how long the link is.
  house.run(seconds(10));
  const { lowered } = changes(house);
  house.run(seconds(110));
  expect(changes(house).lowered).toBe(lowered);
});

test.each(["busy wifi", "power save"] as const)("%s carries all", (link) => {
  const house = houseOf(true, [{ ...ROOM, link }]);
  house.run(seconds(200));
  const { stalls, beaconWaits } = house.rooms[0]!.link.toClient.counts;
  expect(stalls + beaconWaits).toBeGreaterThan(10);
  expect(changes(house)).toEqual({ lowered: 0, raised: 0 });
});
