import { millis, seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

/** A virtual machine's host runs something else for a while: who writes the music, the server and both rooms stand still. */
function standStill(house: House, ms: number): void {
  const span = millis(ms);
  house.server.source.stall(span);
  house.server.loop.block(span);
  for (const room of house.rooms) {
    room.loop.block(span);
    room.stallCard(span);
  }
}

function live(): House {
  const card = { periodMs: 7.5, periods: 4 };
  return new House({
    seed: 7,
    server: { bufferMs: 60, chunkMs: 10, source: { blockMs: 5 } },
    rooms: [
      { card: { driftPpm: 25, ...card } },
      { card: { driftPpm: -25, ...card }, clock: { driftPpm: 20 } },
    ],
  });
}

test.each([40, 70])(
  "60 ms from recording to hearing stay so where the machine stands still for %i ms",
  (ms) => {
    const house = live();
    for (const atS of [20, 30, 40]) house.at(seconds(atS), () => standStill(house, ms));
    house.run(seconds(60));
    const { rooms, counts } = house.report();
    expect(counts).toMatchObject({ "source stalls": 3, "loop stalls": 3, "stamps restamps": 0 });
    for (const room of rooms) expect(room.silenceMs).toBeLessThan(3 * ms + 3 * 60);
  },
);

test("so they do where the source alone is late by 45 ms, which is heard once", () => {
  const house = live();
  house.at(seconds(20), () => house.server.source.stall(millis(45)));
  house.run(seconds(40));
  const { rooms, counts } = house.report();
  expect(counts).toMatchObject({ "source stalls": 1, "stamps restamps": 0 });
  for (const room of rooms) {
    expect(room.gaps).toBeLessThanOrEqual(1);
    expect(room.silenceMs).toBeLessThan(100);
  }
});
