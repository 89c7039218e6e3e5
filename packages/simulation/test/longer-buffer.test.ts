import { millis, seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House, type RoomOptions } from "../src/index.ts";

/** Somebody downloads through a router that lets packets wait for a second. */
const BLOATED = {
  ...{ delayMs: 5, jitterMs: 1, loss: 0, inOrder: true, rateKbit: 4_000 },
  crossTraffic: { everyMs: 20_000, lastsMs: 10_000, queueMs: 1_000 },
};
const { crossTraffic: _, ...UP } = BLOATED;
const ROOM = { card: { driftPpm: 25 }, clock: { driftPpm: 5 } } as const;
const ROOMS: readonly RoomOptions[] = [
  { ...ROOM, name: "near", link: "wifi" },
  { ...ROOM, name: "far", link: { toClient: BLOATED, toServer: UP } },
];

/** By then the first download has been met. */
const MET = seconds(20);

/** Two minutes of music with a buffer of a second, or up to so much. */
function played(bufferMaxMs?: number): House {
  const server = {
    ...({ codec: "opus", kbit: 192, ladderFromKbit: 32 } as const),
    ...(bufferMaxMs !== undefined && { bufferMaxMs }),
  };
  const house = new House({ seed: 6, server, rooms: ROOMS });
  house.run(seconds(120));
  const [, far] = house.report(MET).rooms;
  expect(far?.counts["in queueFills"]).toBeGreaterThan(300);
  return house;
}

test("with a second's buffer each download is heard in the room that downloads", () => {
  const [near, far] = played().report(MET).rooms;
  expect(near?.silenceMs).toBe(0);
  expect(far?.silenceMs).toBeGreaterThan(20_000);
});

/** Two minutes in which the far room's link is cut at these moments. */
function cut(cutsS: readonly number[], ms: number): House {
  const rooms = ROOMS.map((room) => ({ ...room, link: "wifi" }) as const);
  const server = { codec: "opus", kbit: 192, ladderFromKbit: 32, bufferMaxMs: 2_500 } as const;
  const house = new House({ seed: 3, server, rooms });
  for (const at of cutsS) house.at(seconds(at), () => house.rooms[1]?.link.cut(millis(ms)));
  house.run(seconds(120));
  return house;
}

test("a room that is away for 2 s again and again costs every room a pause, and is not silent any more", () => {
  const house = cut([20, 50, 80, 110], 2_000);
  const { rooms, counts } = house.report(seconds(2));
  expect(counts["buffer lengthened"]).toBe(1);
  expect(rooms[0]?.gaps).toBe(1);
  expect(rooms[0]?.silenceMs).toBeLessThan(1_600);
  expect(rooms[1]?.silenceMs).toBeGreaterThan(2_000);
  for (const { gaps, silenceMs } of house.report(seconds(60)).rooms) {
    expect({ gaps, silenceMs }).toEqual({ gaps: 0, silenceMs: 0 });
  }
});

test.each([
  ["is away for 2 s once", [20], 2_000],
  ["is switched off", [20], 100_000],
])("a room that %s moves nobody", (_, cutsS, ms) => {
  const { rooms: heard, counts } = cut(cutsS, ms).report(seconds(2));
  expect(heard[1]?.silenceMs).toBeGreaterThan(1_000);
  expect(counts["buffer lengthened"] ?? 0).toBe(0);
  expect(heard[0]?.silenceMs).toBe(0);
});

test("one that grows costs every room a pause, and none is silent any more", () => {
  const house = played(2_500);
  const { rooms, counts } = house.report(seconds(2));
  expect(counts["buffer lengthened"]).toBe(1);
  expect(rooms[0]?.gaps).toBe(1);
  expect(rooms[0]?.silenceMs).toBeLessThan(1_600);
  // The download is heard for two seconds before the server is sure, and then the pause.
  expect(rooms[1]?.silenceMs).toBeLessThan(4_500);
  for (const { gaps, silenceMs } of house.report(MET).rooms) {
    expect({ gaps, silenceMs }).toEqual({ gaps: 0, silenceMs: 0 });
  }
});
