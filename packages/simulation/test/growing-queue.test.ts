import { expect } from "vitest";
import { byChance, scenarios } from "./scenario.ts";

/** Somebody's uploads and downloads fill the queues most of the time, now one of them, now both. */
const CLOGGED = {
  delayMs: 2,
  jitterMs: 1,
  loss: 0.001,
  rateKbit: 8_000,
  crossTraffic: { everyMs: 1_000, lastsMs: 5_000, queueMs: 600 },
};

const HIDDEN =
  "of 30 s only a few show the path, so the drift stays unknown by 30 ppm and the way by a millisecond";

scenarios(
  [3, 4, 11, 16].map((seed) => ({
    name: `queues that grow just after the start (seed ${seed})`,
    seed,
    house: { rooms: [{}, { link: CLOGGED, clock: { driftPpm: 40 } }] },
    lastsS: 30,
    happened: ({ rooms: [, clogged] }) => {
      const fills = (way: string) => clogged?.counts[`${way} queueFills`] ?? 0;
      expect(fills("in") + fills("out")).toBeGreaterThan(200);
    },
    // A packet that waits for 600 ms may be too late; that it drags the clock is not its fault.
    judged: [
      {
        what: "behind them",
        fromS: 10,
        rooms: [1],
        limits: { errorMaxUs: 600, silenceMs: 2_000 },
        misses: {
          // Of 24 seeds the middle one is at 1.1 ms, the worst at 2.8.
          errorMaxUs: byChance(3_000, HIDDEN),
          jumps: byChance(2, HIDDEN),
          breaks: byChance(2, HIDDEN),
        },
      },
    ],
  })),
);
