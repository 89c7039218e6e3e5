import { type Micros, millis, seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

const ROOMS = [
  { card: { driftPpm: 25 }, clock: { driftPpm: 5 } },
  { link: "wifi", card: { driftPpm: -25 }, clock: { driftPpm: -20 } },
] as const;

function disturbed(disturb: (house: House) => void) {
  const house = new House({ seed: 5, rooms: ROOMS });
  house.at(seconds(30), disturb);
  house.run(seconds(90));
  return house;
}

test.each([150, 380])("a source that is late by %i ms of a second is not heard", (ms) => {
  const { counts, rooms } = disturbed((house) => house.server.source.stall(millis(ms))).report();
  expect(counts).toMatchObject({ "source stalls": 1, "stamps restamps": 0 });
  for (const room of rooms) {
    expect(room).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
    expect(room.error.max).toBeLessThan(300);
  }
});

test("of one that is late by half a second a quarter is heard, and it keeps its time", () => {
  const { counts, rooms } = disturbed((house) => house.server.source.stall(millis(500))).report();
  expect(counts).toMatchObject({ "source stalls": 1, "stamps restamps": 0 });
  for (const room of rooms) {
    expect(room).toMatchObject({ gaps: 1, jumps: 0, discontinuities: 0 });
    expect(room.silenceMs).toBeLessThan(200);
    expect(room.error.max).toBeLessThan(300);
  }
});

test.each([
  { what: "half a second", span: millis(500) },
  { what: "five seconds", span: seconds(5) },
  { what: "two minutes", span: seconds(120) },
])("a source that pauses for $what is silent for as long, then in step", ({ span }) => {
  const house = new House({ seed: 5, rooms: ROOMS });
  house.at(seconds(30), () => house.server.source.gap(span));
  house.run((seconds(60) + span) as Micros);
  const { counts, rooms, pairs } = house.report();
  expect(counts["source gaps"]).toBe(1);
  for (const room of rooms) {
    expect(room.gaps).toBe(1);
    expect(room.silenceMs).toBeGreaterThan(span / 1_000 - 50);
    expect(room.silenceMs).toBeLessThan(span / 1_000 + 250);
    expect(room).toMatchObject({ jumps: 0, discontinuities: 0 });
    expect(room.error.max).toBeLessThan(1_000);
  }
  expect(pairs[0]?.p99).toBeLessThan(300);
});

test("a source of another rate than the server's is followed", () => {
  const house = new House({ seed: 6, server: { source: { driftPpm: 120 } }, rooms: ROOMS });
  house.run(seconds(180));
  const { counts, rooms, pairs } = house.report(seconds(30));
  const nominal = (180 * 8_000) / 160;
  expect(counts["source blocks"]).toBeGreaterThan(nominal + 1);
  expect(counts["stamps restamps"]).toBe(0);
  for (const room of rooms) {
    expect(room).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
  }
  expect(pairs[0]?.p95).toBeLessThan(150);
});
