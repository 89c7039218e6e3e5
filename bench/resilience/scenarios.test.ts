import { expect, test } from "vitest";
import { faultTimesS, SCENARIOS } from "./scenarios.ts";

function timesOf(name: string, seconds: number): number[] {
  return faultTimesS(SCENARIOS.find((scenario) => scenario.name === name)!, seconds);
}

test.each([
  ["clean", 90, []],
  ["outage", 90, [20, 50, 80]],
  ["outage", 89, [20, 50]],
  ["server killed", 600, [20, 50]],
  ["suspended", 50, [20]],
  ["suspended", 47, []],
])("faults of %s in %d s", (name, seconds, expected) => {
  expect(timesOf(name, seconds)).toEqual(expected);
});

test("each scenario names what should cover it, and proves what it does", () => {
  for (const { cover, doubt, fault } of SCENARIOS) {
    expect(cover).not.toBe("");
    expect(doubt ?? fault).toBeDefined();
  }
});
