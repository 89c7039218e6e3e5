import { seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

/** What a client asks a card for when 60 ms lie between recording and hearing: 12 ms. */
const CARD = { periodMs: 4, periods: 3 };
/** Collections of garbage. */
const LOOP = { stalls: { everyMs: 1_000, upToMs: 8 } };

test.each([
  { chunkMs: 5, seed: 5 },
  { chunkMs: 10, seed: 6 },
])(
  "60 ms from recording to hearing, in chunks of $chunkMs ms, for two minutes (seed $seed)",
  ({ chunkMs, seed }) => {
    const house = new House({
      seed,
      server: { bufferMs: 60, chunkMs },
      rooms: [
        { loop: LOOP, card: { driftPpm: 25, ...CARD } },
        { loop: LOOP, card: { driftPpm: -25, ...CARD }, clock: { driftPpm: 20 } },
      ],
    });
    house.run(seconds(130));
    const { rooms, pairs } = house.report();
    for (const room of rooms) {
      expect(room.counts["loop stalls"]).toBeGreaterThan(100);
      expect(room.firstSoundMs).toBeLessThan(100);
      expect(room).toMatchObject({ silenceMs: 0, gaps: 0, jumps: 0, discontinuities: 0 });
    }
    for (const pair of pairs) expect(pair.max).toBeLessThan(60);
  },
);
