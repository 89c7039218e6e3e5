import { seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

/** Somebody's uploads and downloads fill the queues most of the time, now one of them, now both. */
const CLOGGED = {
  delayMs: 2,
  jitterMs: 1,
  loss: 0.001,
  rateKbit: 8_000,
  crossTraffic: { everyMs: 1_000, lastsMs: 5_000, queueMs: 600 },
};

test.each([{ seed: 3 }, { seed: 4 }, { seed: 11 }, { seed: 16 }])(
  "queues that grow just after the start do not drag the clock (seed $seed)",
  ({ seed }) => {
    const house = new House({ seed, rooms: [{}, { link: CLOGGED, clock: { driftPpm: 40 } }] });
    house.run(seconds(4));
    const early = house.report().rooms[1]?.counts;
    expect((early?.["in queueFills"] ?? 0) + (early?.["out queueFills"] ?? 0)).toBeGreaterThan(20);
    house.run(seconds(26));
    const [, clogged] = house.report().rooms;
    expect(clogged).toMatchObject({ jumps: 0, discontinuities: 0 });
    expect(clogged?.error.max).toBeLessThan(600);
  },
);
