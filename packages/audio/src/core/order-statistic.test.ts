import { expect, test } from "vitest";
import { smallest } from "./order-statistic.ts";

test.each([
  ["one", [3]],
  ["in order", [1, 2, 3, 4, 5]],
  ["backwards", [5, 4, 3, 2, 1]],
  ["all alike", [2, 2, 2, 2]],
  ["some alike", [7, 0, 7, 3, 0, 3, 7, 1]],
] as const)("%s: every rank is what sorting finds, and the smaller ones lie in front", (_, row) => {
  const sorted = Float64Array.from(row).sort();
  for (let rank = 0; rank < row.length; rank++) {
    // What lies behind the length is not looked at.
    const numbers = Float64Array.from([...row, -1]);
    expect(smallest(numbers, row.length, rank)).toBe(sorted[rank]);
    expect(Math.max(...numbers.subarray(0, rank + 1))).toBe(sorted[rank]);
  }
});
