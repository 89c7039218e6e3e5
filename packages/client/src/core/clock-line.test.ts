import { localInstant, serverInstant } from "@tutti/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ClockFilter } from "./clock-filter.ts";

/** One answer, by ways of so long, of a server whose clock shows the same. (us) */
function exchange(sent: number, up: number, down: number) {
  return {
    clientSent: localInstant(sent),
    serverReceived: serverInstant(sent + up),
    serverSent: serverInstant(sent + up),
    clientReceived: localInstant(sent + up + down),
  };
}

test("an answer that took seconds says little, and the next ones where the clock is", () => {
  const filter = new ClockFilter();
  filter.learn(exchange(0, 4_500_000, 500));
  expect(Math.abs(filter.offsetAt(localInstant(4_500_000)))).toBeLessThan(2_300_000);
  for (let index = 0; index < 40; index++) {
    filter.learn(exchange(5_000_000 + index * 50_000, 500, 500));
  }
  expect(Math.abs(filter.offsetAt(localInstant(7_000_000)))).toBeLessThan(50);
});

test("whatever answers take, there is a line", () => {
  const way = fc.oneof(
    fc.double({ min: 0, max: 50_000, noNaN: true }),
    fc.double({ min: 0, max: 5_000_000, noNaN: true }),
  );
  const pause = fc.double({ min: 0, max: 20_000_000, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(pause, way, way), { maxLength: 40 }), (answers) => {
      const filter = new ClockFilter();
      let now = 0;
      for (const [waited, up, down] of answers) {
        now += waited;
        filter.learn(exchange(now, up, down));
        expect(filter.offsetAt(localInstant(now))).not.toBeNaN();
        expect(filter.errorMaxAt(localInstant(now))).not.toBeNaN();
      }
    }),
  );
});
