import { millis, seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

const ROOMS = [
  { card: { driftPpm: 25 }, clock: { driftPpm: 5 } },
  { link: "wifi", card: { driftPpm: -25 }, clock: { driftPpm: -20 } },
] as const;

/** What a FIFO of 64 KiB holds in whole blocks of 20 ms. */
const PIPE_MS = 340;

test.each([
  { what: "on the same host", moved: undefined, clocks: 0 },
  {
    what: "on another host, with another clock",
    moved: { startsAt: 5e6, driftPpm: 40 },
    clocks: 1,
  },
])("a server killed and started again $what lacks what its pipe could not keep", (given) => {
  const house = new House({ seed: 9, rooms: ROOMS });
  house.at(seconds(30), () => house.restartServer(millis(500), given.moved));
  house.run(seconds(90));

  const { rooms, pairs, counts } = house.report();
  expect(counts).toMatchObject({ starts: 2, crashes: 1, "client connected": 4 });
  for (const room of rooms) {
    expect(room.counts).toMatchObject({ connects: 2, "tcp breaks": 1 });
    expect(room.counts["clock lost"] ?? 0).toBe(given.clocks);
    expect(room.counts.switched ?? 0).toBe(0);
    expect(room.gaps).toBe(1);
    // It was down for half a second, and what it held back for the next bundle of 100 ms died with it.
    expect(room.silenceMs).toBeLessThan(500 - PIPE_MS + 110);
    expect(room).toMatchObject({ jumps: 0, discontinuities: 0 });
    expect(room.error.max).toBeLessThan(1_000);
  }
  expect(pairs[0]?.p95).toBeLessThan(300);
});

test.each([1_000, 1_250, 1_500, 2_500, 4_000])(
  "a server that was away for %i ms is heard again a buffer after what waited in its pipe was recorded",
  (awayMs) => {
    const house = new House({ seed: awayMs, rooms: [...ROOMS, {}, { link: "wifi" }] });
    house.at(seconds(5), () => house.restartServer(millis(awayMs)));
    house.run(seconds(14));

    // What was in the buffer is heard, then nothing for as long as what was recorded is lost: the pipe keeps the newest.
    const lostMs = awayMs - PIPE_MS;
    for (const room of house.report(seconds(3)).rooms) {
      expect(room.gaps).toBe(1);
      // Of what was kept a card at 25 ppm makes 25 us in a second less.
      expect(room.silenceMs).toBeGreaterThan(lostMs - 20.2);
      // What the server held back for the next bundle of 100 ms died with it.
      expect(room.silenceMs).toBeLessThan(lostMs + 120);
    }
  },
);

/** What a server holds back for the next bundle of 100 ms, and of a chunk, dies with it. (ms) */
const HELD_BACK_MS = 120;

test.each([
  { what: "on the same host", moved: undefined },
  { what: "with another clock", moved: { startsAt: 5e6, driftPpm: 40 } },
])(
  "of a server that is back within the buffer, $what, nothing is heard where the pipe kept all",
  ({ moved }) => {
    const house = new House({ seed: 21, server: { pipeMs: 2_000 }, rooms: [...ROOMS, {}] });
    house.at(seconds(30), () => house.restartServer(millis(500), moved));
    house.run(seconds(60));

    const { rooms, counts } = house.report();
    expect(counts).toMatchObject({ starts: 2, crashes: 1 });
    expect(counts["gap in source"] ?? 0).toBe(0);
    for (const room of rooms) {
      expect(room.counts).toMatchObject({ connects: 2, "tcp breaks": 1 });
      expect(room.silenceMs).toBeLessThan(HELD_BACK_MS);
      expect(room).toMatchObject({ jumps: 0, discontinuities: 0 });
      expect(room.counts["late chunks"] ?? 0).toBe(0);
      // What follows is on the line of what was before.
      expect(room.error.max).toBeLessThan(1_000);
    }
  },
);

test.each([1_000, 1_500, 1_900])(
  "after %i ms without a server, of which the pipe kept all, music is back as soon as the rooms are",
  (awayMs) => {
    const house = new House({ seed: awayMs, server: { pipeMs: 2_000 }, rooms: [...ROOMS, {}] });
    house.at(seconds(10), () => house.restartServer(millis(awayMs)));
    house.run(seconds(30));

    const { rooms, counts } = house.report(seconds(5));
    expect(counts["chunks dropped"] ?? 0).toBe(0);
    for (const room of rooms) {
      // A buffer of a second was heard meanwhile.
      expect(room.silenceMs).toBeLessThan(Math.max(0, awayMs - 1_000) + 450);
      expect(room).toMatchObject({ jumps: 0, discontinuities: 0 });
      expect(room.counts["late chunks"] ?? 0).toBe(0);
    }
  },
);

test("a connection that breaks is made again before the buffer is empty", () => {
  const house = new House({ seed: 10, rooms: ROOMS });
  for (const at of [20, 40, 60]) {
    house.at(seconds(at), () => {
      for (const room of house.rooms) room.breakConnection();
    });
  }
  house.run(seconds(90));
  const { rooms } = house.report();
  for (const room of rooms) {
    expect(room.counts).toMatchObject({ connects: 4, "tcp breaks": 3 });
    expect(room).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
    expect(room.error.max).toBeLessThan(300);
  }
});

test("an outage longer than the buffer is silence for the rest of it", () => {
  const house = new House({ seed: 12, rooms: ROOMS });
  house.at(seconds(30), () => house.rooms[1]?.link.cut(seconds(2)));
  house.run(seconds(90));
  const [untouched, cut] = house.report().rooms;
  expect(cut?.counts["in outages"]).toBe(1);
  expect(untouched).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
  expect(cut?.silenceMs).toBeGreaterThan(800);
  expect(cut?.silenceMs).toBeLessThan(1_500);
  expect(cut?.counts["connection hangs"]).toBe(1);
  expect(cut?.error.max).toBeLessThan(1_000);
});
