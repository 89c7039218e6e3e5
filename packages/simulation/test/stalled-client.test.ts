import { millis, seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

const ROOMS = [
  { card: { driftPpm: 25 } },
  { card: { driftPpm: -25, periodMs: 5 }, clock: { driftPpm: -20 } },
  { card: { driftPpm: 60, periodMs: 20 } },
];

test("JavaScript held up for 150 ms each second is not heard", () => {
  const loop = { stalls: { everyMs: 1_000, upToMs: 150 } };
  const house = new House({ seed: 18, rooms: ROOMS.map((room) => ({ ...room, loop })) });
  house.run(seconds(120));
  const { rooms, pairs } = house.report();
  for (const room of rooms) {
    expect(room.counts["loop stalls"]).toBeGreaterThan(100);
    expect(room).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
    expect(room.error.max).toBeLessThan(300);
  }
  for (const pair of pairs) expect(pair.p95).toBeLessThan(100);
});

test("JavaScript held up for 200 ms is not heard, whenever that begins", () => {
  const house = new House({
    seed: 21,
    rooms: [{ card: { driftPpm: 25 } }, { card: { driftPpm: -25 } }],
  });
  for (let time = 0; time < 100; time++) {
    // A bundle of chunks comes each 100 ms, a callback each 25.
    house.at(seconds(20 + 0.5037 * time), () => {
      for (const room of house.rooms) room.loop.block(millis(200));
    });
  }
  house.run(seconds(75));
  for (const room of house.report().rooms) {
    expect(room.counts["loop stalls"]).toBe(100);
    expect(room).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
    expect(room.counts["card shortCallbacks"] ?? 0).toBe(0);
  }
});

test("JavaScript held up for longer than the queue is silence once, and nothing after", () => {
  const house = new House({ seed: 19, rooms: ROOMS });
  for (const at of [20, 30, 40, 50]) {
    house.at(seconds(at + 0.001 * at), () => {
      for (const room of house.rooms) room.loop.block(millis(300));
    });
  }
  house.run(seconds(60));
  for (const room of house.report().rooms) {
    expect(room.counts["loop stalls"]).toBe(4);
    expect(room.counts["card silentFrames"]).toBeGreaterThan(0);
    expect(room.counts["card shortCallbacks"]).toBe(4);
    // The ear overhears those of a few milliseconds.
    expect(room.gaps).toBeLessThanOrEqual(4);
    expect(room.silenceMs).toBeLessThan(4 * 70);
    expect(room).toMatchObject({ jumps: 0, discontinuities: 0 });
    expect(room.error.max).toBeLessThan(300);
  }
});

test("a card that runs dry plays nothing at the wrong moment, and is in step at once", () => {
  const rooms = ROOMS.map((room) => ({ ...room, card: { ...room.card, periods: 3 } }));
  const house = new House({ seed: 20, rooms });
  for (const at of [20, 30, 40, 50]) {
    house.at(seconds(at), () => {
      for (const room of house.rooms) room.stallCard(millis(100));
    });
  }
  house.run(seconds(60));
  for (const room of house.report().rooms) {
    expect(room.counts["card underruns"]).toBe(4);
    expect(room.gaps).toBe(4);
    expect(room.silenceMs).toBeGreaterThan(4 * 40);
    expect(room.silenceMs).toBeLessThan(4 * 125);
    expect(room.error.max).toBeLessThan(300);
    expect(room).toMatchObject({ discontinuities: 0 });
  }
});

test.each([
  ["its thread", false],
  ["the whole machine", true],
])(
  "a card that ran dry as %s stood still is not left to silence until JavaScript's rest is over",
  (_, all) => {
    const periods = 3;
    const times = 20;
    const rooms = ROOMS.map((room) => ({ ...room, card: { ...room.card, periods } }));
    const house = new House({ seed: 20, rooms });
    for (let time = 0; time < times; time++) {
      // A bundle of chunks comes each 100 ms, a callback each 5 to 25.
      house.at(seconds(20 + 2.0137 * time), () => {
        for (const room of house.rooms) {
          room.stallCard(millis(100));
          if (all) room.loop.block(millis(100));
        }
      });
    }
    house.run(seconds(65));
    for (const [index, room] of house.report().rooms.entries()) {
      const { periodMs = 25 } = rooms[index]?.card ?? {};
      expect(room.counts["card underruns"]).toBe(times);
      // What it held at least takes off, and what it takes to begin anew adds to what it stood still.
      expect(room.silenceMs / times).toBeLessThan(100 - (periods - 1) * periodMs + 20);
      expect(room.error.max).toBeLessThan(300);
      expect(room).toMatchObject({ gaps: times, discontinuities: 0 });
    }
  },
);
