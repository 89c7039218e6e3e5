import { expect, test } from "vitest";
import { selfReportsOf } from "./self-report.ts";
import { RATE_HZ } from "./signal.ts";
import type { TrackPoint } from "./track.ts";

const original = { flat: new Float32Array(0), fedAtUs: 0 };

/** Ten seconds of a room that is always that late. */
function trackOf(lateUs: number): TrackPoint[] {
  return Array.from({ length: 200 }, (_, at) => {
    const atUs = 1e6 + at * 50_000;
    const position = ((atUs - 1e6 - lateUs) * RATE_HZ) / 1e6;
    return { cardFrame: 0, atUs, position, likeness: 1 };
  });
}

const rooms = [12, -30].map((lateUs) => ({ track: trackOf(lateUs), settledUs: 3e6 }));

function say(room: number, errorUs: number, boundUs: number, fromS = 1) {
  return Array.from({ length: 9 }, (_, at) => {
    return { id: `room-${room}`, atUs: (fromS + at + 0.2 * room) * 1e6, errorUs, boundUs };
  });
}

test("clients that know exactly how late they are", () => {
  const found = selfReportsOf([...say(1, 12, 5), ...say(2, -30, 5)], rooms, original);
  expect(found.selfReportUs).toBeCloseTo(0, 3);
  expect(found.selfBoundShare).toBe(1);
});

test.each([
  [20, 8, 1],
  [23, 11, 0],
  [-10, 22, 0],
])("a client that says %d is off by %d", (errorUs, offUs, share) => {
  const found = selfReportsOf([...say(1, errorUs, 5), ...say(2, -30, 5)], rooms, original);
  expect(found.selfReportUs).toBeCloseTo(offUs, 3);
  expect(found.selfBoundShare).toBe(share);
});

test.each([
  ["nothing", []],
  ["one client only", say(1, 12, 5)],
  ["times before they had settled", [...say(1, 12, 5, -8), ...say(2, -30, 5, -8)]],
])("no figure for what was said by %s", (_, reports) => {
  const none = { selfReportUs: null, selfBoundShare: null };
  expect(selfReportsOf(reports, rooms, original)).toEqual(none);
});
