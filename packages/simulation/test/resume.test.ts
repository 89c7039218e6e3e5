import { seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

test("a client that slept for a minute is back in step within a fifth of a second", () => {
  const house = new House({
    seed: 13,
    rooms: [{ card: { driftPpm: 25 } }, { card: { driftPpm: -25 }, clock: { driftPpm: 20 } }],
  });
  house.at(seconds(30), () => house.rooms[1]?.suspend(seconds(60)));
  house.run(seconds(150));

  const [awake, slept] = house.report().rooms;
  expect(slept?.counts).toMatchObject({ "clock suspensions": 1, "card underruns": 1, connects: 2 });
  expect(awake).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
  expect(slept?.silenceMs).toBeGreaterThan(59_000);
  expect(slept?.silenceMs).toBeLessThan(60_200);
  // Nothing of what was queued before it slept is heard when it wakes.
  expect(slept?.error.max).toBeLessThan(500);
  const after = house.report(seconds(90.2));
  expect(after.rooms[1]).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
  expect(after.rooms[1]?.error.max).toBeLessThan(500);
  expect(after.pairs[0]?.count).toBeGreaterThan(1_170);
});
