import { micros, millis, seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

const ROOMS = [
  { card: { driftPpm: 25 }, clock: { driftPpm: 5 } },
  { card: { driftPpm: -25 }, clock: { driftPpm: -20 } },
] as const;

test.each([
  { by: seconds(100), silenceMs: 1_200 },
  { by: seconds(-100), silenceMs: 1_200 },
  { by: millis(300), silenceMs: 1_200 },
])("a client whose clock is set by $by us is back in step within two seconds", (given) => {
  const house = new House({ seed: 14, rooms: ROOMS });
  house.at(seconds(30), () => house.rooms[1]?.stepClock(given.by));
  house.run(seconds(60));

  const [untouched, stepped] = house.report().rooms;
  expect(stepped?.counts["clock steps"]).toBe(1);
  expect(untouched).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
  expect(stepped?.silenceMs).toBeLessThan(given.silenceMs);
  const after = house.report(seconds(32)).rooms[1];
  expect(after).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
  expect(after?.error.max).toBeLessThan(300);
});

test("a clock that NTP slews costs no silence and little error", () => {
  const house = new House({ seed: 15, rooms: ROOMS });
  house.at(seconds(60), () => house.rooms[1]?.clock.slew(10_000));
  house.run(seconds(180));
  const [untouched, slewed] = house.report(seconds(10)).rooms;
  expect(slewed?.counts["clock slews"]).toBe(1);
  expect(untouched?.error.max).toBeLessThan(100);
  expect(slewed?.silenceMs).toBe(0);
  expect(slewed?.error.max).toBeLessThan(1_500);
  expect(house.report(seconds(120)).rooms[1]?.error.max).toBeLessThan(300);
});

test.each([{ stopped: seconds(3) }, { stopped: seconds(60) }, { stopped: seconds(900) }])(
  "a server process stopped for $stopped us goes on when it is let",
  ({ stopped }) => {
    const house = new House({ seed: 16, rooms: ROOMS });
    house.at(seconds(30), () => {
      house.server.source.gap(stopped);
      house.server.loop.block(stopped);
    });
    house.run(micros(seconds(60) + stopped));
    const { counts } = house.report();
    expect(counts["loop stalls"]).toBe(1);
    const after = house.report(micros(seconds(40) + stopped));
    for (const room of after.rooms) {
      expect(room.error.count).toBeGreaterThan(380);
      expect(room).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
      expect(room.error.max).toBeLessThan(300);
    }
  },
);
