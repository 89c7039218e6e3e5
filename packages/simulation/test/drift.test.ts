import { seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

test("cards and hosts of different rates stay in step for an hour", () => {
  const house = new House({
    seed: 42,
    rooms: [
      { card: { driftPpm: 0 }, clock: { driftPpm: 5 } },
      { card: { driftPpm: 80 }, clock: { driftPpm: -20 } },
      { card: { driftPpm: -80 }, clock: { driftPpm: 30 } },
    ],
  });
  house.run(seconds(3_600));

  const { rooms, pairs } = house.report();
  const [exact, fast, slow] = rooms;
  expect(
    (fast?.counts["card playedFrames"] ?? 0) - (exact?.counts["card playedFrames"] ?? 0),
  ).toBeGreaterThan(2_200);
  expect(
    (exact?.counts["card playedFrames"] ?? 0) - (slow?.counts["card playedFrames"] ?? 0),
  ).toBeGreaterThan(2_200);
  const [first, second, third] = house.rooms.map(({ clock }) => clock.now - clock.read(0 as never));
  expect((first ?? 0) - (second ?? 0)).toBeGreaterThan(80_000);
  expect((third ?? 0) - (second ?? 0)).toBeGreaterThan(160_000);

  for (const room of rooms) {
    expect(room).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
    expect(room.error.max).toBeLessThan(60);
    expect(room.error.count).toBeGreaterThan(71_000);
  }
  for (const pair of pairs) {
    expect(pair.median).toBeLessThan(15);
    expect(pair.p95).toBeLessThan(30);
    expect(pair.max).toBeLessThan(60);
  }
});
