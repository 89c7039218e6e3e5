import { millis, seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House, type LinkProfile } from "../src/index.ts";

/** What the server's uplink is like: packets for which it has no room are lost. */
const NARROW: LinkProfile = {
  ...{ delayMs: 2, jitterMs: 0.1, inOrder: true, loss: 0 },
  ...{ rateKbit: 600, queueMs: 300 },
};
const ROOM = { card: { driftPpm: 25 }, clock: { driftPpm: 5 } } as const;
const STARTED_S = 3;
/** By then each has a coding that fits. */
const SETTLED_S = STARTED_S + 10;

test.each([1, 2])("four rooms begin behind one narrow way and go on whole (seed %i)", (seed) => {
  const server = { codec: "opus", kbit: 192, ladderFromKbit: 32 } as const;
  const rooms = [0, 1, 2, 3].map((at) => ({
    ...ROOM,
    ...(at === 0 ? { link: NARROW } : { linkOf: 0 }),
    switchedOnAfter: millis(700 * at),
  }));
  const house = new House({ seed, server, rooms });
  house.run(seconds(80));
  const { rooms: heard, counts } = house.report(seconds(SETTLED_S));
  expect(heard[0]?.counts["in overflows"]).toBeGreaterThan(10);
  expect(heard.map(({ silenceMs, gaps }) => ({ silenceMs, gaps }))).toEqual(
    heard.map(() => ({ silenceMs: 0, gaps: 0 })),
  );
  // They go on trying.
  expect(counts["quality raised"]).toBeGreaterThan(3);
});
