import { localInstant, seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House, type LinkProfile } from "../src/index.ts";

const jitter: LinkProfile = { delayMs: 1, jitterMs: 5, loss: 0, rateKbit: 20_000 };
const noisy: LinkProfile = { delayMs: 1, jitterMs: 20, loss: 0.01, rateKbit: 20_000 };

/** Each second from the second one on: whether the truth lies within the stated bound. */
test.each([
  ["lan", 0],
  ["wifi", 20],
  ["busy wifi", 500],
  [jitter, 500],
  [noisy, 1_000],
] as const)("on %o the server's clock lies within the stated bound", (link, stretched) => {
  const house = new House({
    seed: 71,
    server: { clock: { driftPpm: 50 } },
    rooms: [{ link, clock: { driftPpm: -50 } }],
  });
  const outside: number[] = [];
  let known = 0;
  let widest = 0;
  for (let second = 2; second < 120; second++) {
    house.at(seconds(second), () => {
      const room = house.rooms[0];
      const now = localInstant(room?.clock.now ?? 0);
      const stats = room?.player?.stats(now);
      if (!stats?.synchronised) return;
      known++;
      const error = stats.offset - (house.server.clock.now - now);
      widest = Math.max(widest, stats.roundTrip);
      if (Math.abs(error) > stats.offsetErrorMax) outside.push(second);
    });
  }
  house.run(seconds(120));
  expect(known).toBeGreaterThan(110);
  // The fault: a way that is not a wire's.
  expect(widest).toBeGreaterThan(stretched);
  expect(outside).toEqual([]);
});
