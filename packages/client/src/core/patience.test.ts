import { type LocalInstant, millis } from "@tutti/protocol";
import { expect, test } from "vitest";
import { Patience } from "./patience.ts";

const at = (milliseconds: number) => millis(milliseconds) as number as LocalInstant;
const known = (uncertaintyUs: number) => ({ uncertaintyAt: () => uncertaintyUs });

test.each([
  ["200 ms ahead waits for a bundle", 200, 10, 300],
  ["about a clock that is doubted is asked in its time", 200, 30, 200],
  ["of a burst is asked in its time", 100, 10, 100],
  ["of a group is asked at once", 0, 10, 0],
])("a question %s", (_, askMs, uncertaintyUs, deadlineMs) => {
  const patience = new Patience();
  patience.plan(at(askMs), at(0), known(uncertaintyUs));
  expect(patience.deadline).toBe(millis(deadlineMs));
});

test("it does not grow impatient as the time comes, and is done when nothing is to be asked", () => {
  const patience = new Patience();
  patience.plan(at(200), at(0), known(10));
  patience.plan(at(200), at(190), known(10));
  expect(patience.deadline).toBe(millis(300));
  patience.plan(undefined, at(210), known(10));
  expect(patience.deadline).toBe(Infinity);
});
