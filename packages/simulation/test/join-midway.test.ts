import { seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

test.each([
  { link: "lan", soundMs: 150, errorUs: 100 },
  { link: "wifi", soundMs: 200, errorUs: 1_000 },
] as const)("a room switched on while music plays sounds soon and in step on $link", (given) => {
  const house = new House({
    seed: 7,
    rooms: [
      { card: { driftPpm: 20 } },
      {
        link: given.link,
        card: { driftPpm: -60 },
        clock: { driftPpm: 15 },
        switchedOnAfter: seconds(30),
      },
    ],
  });
  house.run(seconds(90));

  const { rooms, pairs, counts } = house.report(seconds(0));
  const [before, joined] = rooms;
  expect(counts["client connected"]).toBe(2);
  expect(before).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
  expect(joined).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
  expect(joined?.firstSoundMs).toBeLessThan(given.soundMs);
  expect(joined?.error.max).toBeLessThan(given.errorUs);
  expect(joined?.syncedMs).toBeLessThan(5_000);
  expect(pairs[0]?.count).toBeGreaterThan(1_190);
});
