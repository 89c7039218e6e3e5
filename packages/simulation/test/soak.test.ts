import { expect, test } from "vitest";
import { liveLong } from "../src/index.ts";

test("an hour with each of its faults is good throughout, and keeps nothing of what is over", () => {
  const told: string[] = [];
  expect(
    liveLong(1, 1, (line) => told.push(line)),
    told.join("\n"),
  ).toBe(0);
  expect(told).toEqual([expect.stringContaining("6 faults so far")]);
});
