import { seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

test("cards and hosts of different rates stay in step for five minutes", () => {
  const house = new House({
    seed: 42,
    rooms: [
      { card: { driftPpm: 0 }, clock: { driftPpm: 5 } },
      { card: { driftPpm: 80 }, clock: { driftPpm: -20 } },
      { card: { driftPpm: -80 }, clock: { driftPpm: 30 } },
    ],
  });
  house.run(seconds(300));

  const { rooms, pairs } = house.report();
  const [exact, fast, slow] = rooms;
  expect(
    (fast?.counts["card playedFrames"] ?? 0) - (exact?.counts["card playedFrames"] ?? 0),
  ).toBeGreaterThan(150);
  expect(
    (exact?.counts["card playedFrames"] ?? 0) - (slow?.counts["card playedFrames"] ?? 0),
  ).toBeGreaterThan(150);
  const [first, second, third] = house.rooms.map(({ clock }) => clock.now - clock.read(0 as never));
  expect((first ?? 0) - (second ?? 0)).toBeGreaterThan(7_450);
  expect((third ?? 0) - (second ?? 0)).toBeGreaterThan(14_950);

  for (const room of rooms) {
    expect(room).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
    expect(room.error.max).toBeLessThan(60);
    expect(room.error.count).toBeGreaterThan(5_750);
  }
  for (const pair of pairs) {
    expect(pair.median).toBeLessThan(15);
    expect(pair.p95).toBeLessThan(30);
    expect(pair.max).toBeLessThan(60);
  }
});
