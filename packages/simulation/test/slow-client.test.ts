import { seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

/** 16 bits, two channels, 8000 Hz, and the chunks' headers. (kbit/s) */
const NEEDED_KBIT = 271;

test("a room whose link is half as fast as needed disturbs nobody and comes back", () => {
  const house = new House({
    seed: 17,
    rooms: [
      { card: { driftPpm: 25 }, clock: { driftPpm: 5 } },
      { link: "wifi", card: { driftPpm: -25 }, clock: { driftPpm: -20 } },
      { link: "wifi", card: { driftPpm: 50 } },
    ],
  });
  const slow = house.rooms[2];
  house.at(seconds(20), () => slow?.link.limit(NEEDED_KBIT / 2));
  house.at(seconds(80), () => slow?.link.limit(20_000));
  house.run(seconds(120));

  const { rooms, pairs, counts } = house.report();
  expect(counts["chunks dropped"]).toBeGreaterThan(0);
  expect(rooms[2]?.silenceMs).toBeGreaterThan(1_000);
  // Of 60 s that carry a little less than half: 30 s at the least, the seconds until the link counts as
  // slow, in which all comes too late, and two fades and half a chunk in each run. Five seeds make 35 to 39 s.
  expect(rooms[2]?.silenceMs).toBeLessThan(42_000);
  for (const room of rooms.slice(0, 2)) {
    expect(room).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
    expect(room.error.max).toBeLessThan(300);
  }
  expect(pairs[0]?.p95).toBeLessThan(150);
  const after = house.report(seconds(90)).rooms[2];
  expect(after?.silenceMs).toBe(0);
  expect(after?.error.max).toBeLessThan(1_000);
});
