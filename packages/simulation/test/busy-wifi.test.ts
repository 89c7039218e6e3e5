import { seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

test("bad radio links delay everything and are not heard", () => {
  const house = new House({
    seed: 11,
    rooms: [
      { card: { driftPpm: 10 } },
      { link: "busy wifi", card: { driftPpm: 50 }, clock: { driftPpm: -25 } },
      { link: "power save", card: { driftPpm: -50 }, clock: { driftPpm: 25 } },
      { link: "bufferbloat", card: { driftPpm: 25 }, clock: { driftPpm: 10 } },
    ],
  });
  house.run(seconds(300));

  const { rooms, pairs } = house.report(seconds(30));
  const [, busy, saving, bloated] = rooms;
  expect(busy?.counts["in stalls"]).toBeGreaterThan(50);
  expect(busy?.counts["tcp retransmissions"]).toBeGreaterThan(50);
  expect(saving?.counts["in beaconWaits"]).toBeGreaterThan(1_000);
  expect(bloated?.counts["in queueFills"]).toBeGreaterThan(1_000);
  for (const room of rooms) expect(room).toMatchObject({ jumps: 0, discontinuities: 0 });
  for (const room of rooms.slice(0, 3)) expect(room.silenceMs).toBe(0);
  // A packet that is lost while 600 ms of somebody's upload queue before it can miss a buffer of a second.
  expect(bloated?.silenceMs).toBeLessThan(200);
  for (const pair of pairs) {
    expect(pair.median).toBeLessThan(100);
    expect(pair.p95).toBeLessThan(300);
    expect(pair.max).toBeLessThan(1_000);
  }
});
