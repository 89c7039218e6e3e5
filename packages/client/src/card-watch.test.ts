import { expect, test } from "vitest";
import { levelIn } from "./card-watch.ts";

test.each([
  ["  Mono: Playback 80 [40%] [on]", { percent: 40, on: true }],
  ["  Mono: Playback 80 [40%] [-12.00dB] [off]", { percent: 40, on: false }],
  [
    "  Mono:\n  Front Left: Playback 5 [10%] [off]\n  Front Right: Playback 9 [30%] [on]",
    { percent: 30, on: true },
  ],
  ["  Front Left: Playback 87 [69%]\n  Front Right: Playback 87 [69%]", { percent: 69, on: true }],
  ["  Mono: 3 [7%]", { percent: 7, on: true }],
  ["  Front Left: Playback 31 [100%] [on] Capture 0 [0%] [off]", { percent: 100, on: true }],
  [
    "  Front Left: Capture 80 [100%] [off]\n  Mono: Playback 2 [20%] [on]",
    { percent: 20, on: true },
  ],
  ["  Limits: Playback 0 - 200", undefined],
])("%j says %j", (text, level) => {
  expect(levelIn(text)).toEqual(level);
});
