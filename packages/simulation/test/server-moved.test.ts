import { seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

/** Where the link itself holds everything up meanwhile, as long as it may do that once is heard. */
const LINKS = [
  ["lan", 0],
  ["wifi", 0],
  ["busy wifi", 250],
  ["power save", 0],
] as const;

test.each(LINKS)(
  "over %s a server that moves is found before the buffer is played, but for %i ms",
  (link, silenceMs) => {
    const rooms = [
      { link, card: { driftPpm: 25 }, clock: { driftPpm: 5 } },
      { link, card: { driftPpm: -25 }, clock: { driftPpm: -20 } },
    ];
    const house = new House({ seed: 8, rooms });
    const times = [20, 40, 60];
    for (const at of times) {
      house.at(seconds(at), () => {
        for (const room of house.rooms) room.moveServer();
      });
    }
    house.run(seconds(80));
    for (const room of house.report().rooms) {
      expect(room.counts).toMatchObject({ connects: 4, "server moved": times.length });
      expect(room).toMatchObject({ jumps: 0, discontinuities: 0 });
      expect(room.silenceMs).toBeLessThanOrEqual(silenceMs);
    }
  },
);
