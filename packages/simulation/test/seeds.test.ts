import { expect, test } from "vitest";
import { tryHouse } from "../src/index.ts";

/** Every seed of the swarm that ever failed, and why. */
const SEEDS: readonly { readonly seed: number; readonly minutes: number; readonly why: string }[] =
  [
    {
      seed: 37,
      minutes: 4,
      why: "a pump that trusted a record of an empty queue was a period off after each underrun",
    },
    { seed: 91, minutes: 2, why: "the same on a LAN, with a period of 5 ms" },
    { seed: 130, minutes: 1, why: "an upload that outlasted the time to settle: the link's fault" },
  ];

test.each(SEEDS)("seed $seed passes: $why", ({ seed, minutes }) => {
  expect(tryHouse(seed, minutes).complaints).toEqual([]);
});
