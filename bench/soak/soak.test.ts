import { expect, test } from "vitest";
import { randomOf } from "../harness/random.ts";
import { slopeOf } from "./memory.ts";
import { isSpared, KINDS, nextFault } from "./plan.ts";

const faults = (seed: number, part: number) => {
  const random = randomOf(seed);
  return Array.from({ length: 500 }, () => nextFault(random, 20, part));
};

test("a seed's faults are the same each time, and all kinds are among them", () => {
  expect(faults(7, 0)).toEqual(faults(7, 0));
  expect(faults(7, 0)).not.toEqual(faults(8, 0));
  expect(new Set(faults(7, 0).map(({ kind }) => kind))).toEqual(new Set(KINDS));
});

test("who is watched for leaks lives long enough", () => {
  expect(faults(3, 0.5).some(({ kind }) => kind === "server killed")).toBe(false);
  const killed = faults(3, 0).filter(({ kind }) => kind === "client killed");
  expect(killed.some((fault) => "client" in fault && isSpared(fault.client))).toBe(false);
});

test("growth is that of each life, not of one after another", () => {
  const life = (pid: number, bornS: number, mib: number) =>
    Array.from({ length: 600 }, (_, at) => ({ pid, atS: bornS + at, mib: mib + at / 360 }));
  expect(slopeOf([...life(1, 0, 100), ...life(2, 600, 50)], 0)).toBeCloseTo(10, 6);
  expect(slopeOf([], 0)).toBeNaN();
});
