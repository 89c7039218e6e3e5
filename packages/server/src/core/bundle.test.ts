import { serverInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { Bundle } from "./bundle.ts";

/** Adds chunks of 20 ms for a while; returns of each send at which chunk it was and of how many. */
function sends(bundle: Bundle, chunks: number, from = 0): [at: number, count: number][] {
  return Array.from({ length: chunks }, (_, index): [number, number] => {
    const recordedAt = serverInstant((from + index) * 20_000);
    const message = { recordedAt, bytes: new Uint8Array(1) };
    return [from + index, bundle.add(message, recordedAt).length];
  }).filter(([, count]) => count > 0);
}

function bundle(wishMs: number, { phase = 0, bufferMs = 1_000 } = {}): Bundle {
  const made = new Bundle(phase);
  made.bufferMs = bufferMs;
  made.wishMs = wishMs;
  return made;
}

test("without a wish each chunk goes out as it comes", () => {
  expect(sends(bundle(0), 3)).toEqual([
    [0, 1],
    [1, 1],
    [2, 1],
  ]);
});

test("chunks of 100 ms go out together, none is lost, the first at once", () => {
  expect(sends(bundle(100), 16)).toEqual([
    [0, 1],
    [5, 5],
    [10, 5],
    [15, 5],
  ]);
});

test("another phase is another moment", () => {
  expect(sends(bundle(100, { phase: 0.5 }), 10)).toEqual([
    [0, 1],
    [3, 3],
    [8, 5],
  ]);
});

test("no wish holds back more than a fifth of the buffer, and a short one nothing", () => {
  const [, [, count] = [0, 0]] = sends(bundle(10_000, { phase: 0.5 }), 30).slice(-2);
  expect(count).toBe(10);
  expect(sends(bundle(10_000, { bufferMs: 60 }), 4)).toHaveLength(4);
});

test("a wish that ends sends what was held", () => {
  const held = bundle(100);
  sends(held, 8);
  held.wishMs = 0;
  expect(sends(held, 2, 8)).toEqual([
    [8, 3],
    [9, 1],
  ]);
});

test("what is held is there to be taken at any moment, once", () => {
  const held = bundle(100);
  sends(held, 8);
  expect(held.take()).toHaveLength(2);
  expect(held.take()).toEqual([]);
});

test("what is held when the source ends goes out late, not never; what is cleared never", () => {
  const held = bundle(100);
  sends(held, 8);
  expect(held.takeOverdue(serverInstant(200_000))).toEqual([]);
  expect(held.takeOverdue(serverInstant(221_000))).toHaveLength(2);
  sends(held, 2, 11);
  held.clear();
  expect(held.takeOverdue(serverInstant(9_000_000))).toEqual([]);
});
