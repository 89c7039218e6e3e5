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

const HIDDEN = "a queue that grows both ways hides the clock, and its line is believed";

/** Since TCP's window grows: by 105 and 13 ms. */
const DRAGGED: readonly number[] = [4, 11];

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
          errorMaxUs: byChance(160_000, HIDDEN),
          jumps: byChance(15, HIDDEN),
          breaks: byChance(15, HIDDEN),
        },
      },
      // A clock that is dragged goes off by tens of milliseconds.
      {
        what: "behind them, dragged or not,",
        fromS: 10,
        rooms: [1],
        limits: { errorMaxUs: 2_000, silenceMs: 2_000, jumps: Infinity, breaks: Infinity },
        misses: DRAGGED.includes(seed) ? { errorMaxUs: byChance(160_000, HIDDEN) } : {},
      },
    ],
  })),
);
