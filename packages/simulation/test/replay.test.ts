import { millis, seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

function live(seed: number) {
  const house = new House({
    seed,
    server: { loop: { stalls: { everyMs: 3_000, upToMs: 30 } }, source: { driftPpm: -30 } },
    rooms: [
      { link: "busy wifi", card: { driftPpm: 40, stalls: { everyMs: 5_000, upToMs: 60 } } },
      { link: "bufferbloat", clock: { driftPpm: -30, wanderPpm: 1 }, card: { wanderPpm: 2 } },
    ],
  });
  house.at(seconds(20), () => house.restartServer(millis(300), { driftPpm: 10 }));
  house.at(seconds(40), () => house.rooms[1]?.suspend(seconds(5)));
  house.run(seconds(60));
  return house.report(seconds(0));
}

test("a run is a function of its seed, to the last digit", () => {
  const report = live(21);
  expect(live(21)).toEqual(report);
  expect(live(22)).not.toEqual(report);
});
