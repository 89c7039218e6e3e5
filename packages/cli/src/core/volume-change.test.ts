import { changeTogether } from "@tutti/protocol";
import { expect, test } from "vitest";
import { parseVolume } from "./volume-change.ts";

test.each([
  ["50", { kind: "to", percent: 50 }],
  ["50%", { kind: "to", percent: 50 }],
  ["100 %", { kind: "to", percent: 100 }],
  ["+5", { kind: "by", percent: 5 }],
  ["-5%", { kind: "by", percent: -5 }],
  ["101", undefined],
  ["5.5", undefined],
  ["", undefined],
  ["--5", undefined],
])("reads '%s'", (text, change) => {
  expect(parseVolume(text)).toEqual(change);
});

test.each([
  { now: [40], change: "+5", result: [45] },
  { now: [98], change: "+5", result: [100] },
  { now: [3], change: "-5", result: [0] },
  // Distances stay as long as nobody is at an end.
  { now: [20, 60], change: "50", result: [30, 70] },
  { now: [20, 60], change: "-10", result: [10, 50] },
  // What one cannot take, the other does.
  { now: [20, 90], change: "75", result: [50, 100] },
  { now: [10, 50], change: "10", result: [0, 20] },
  { now: [0, 0], change: "30", result: [30, 30] },
  { now: [10, 90, 100], change: "100", result: [100, 100, 100] },
  { now: [10, 90], change: "0", result: [0, 0] },
  // Rounding does not move the mean.
  { now: [45, 100], change: "50", result: [23, 77] },
  { now: [], change: "50", result: [] },
])("$now with $change is $result", ({ now, change, result }) => {
  expect(changeTogether(now, parseVolume(change)!)).toEqual(result);
});
