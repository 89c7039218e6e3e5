import { expect, test } from "vitest";
import {
  formatAge,
  formatMicros,
  formatMillis,
  formatPpm,
  formatSignedMicros,
  parseDuration,
} from "./quantity.ts";

test.each([
  [0, "0 µs"],
  [-12.4, "-12 µs"],
  [999.4, "999 µs"],
  [999.6, "1.00 ms"],
  [9_996, "10.0 ms"],
  [99_960, "100 ms"],
  [1_234_567, "1.2 s"],
])("%d us is %s", (us, text) => {
  expect(formatMicros(us)).toBe(text);
});

test("signs, tenths, rates, ages", () => {
  expect([12, -12, 0.2].map(formatSignedMicros)).toEqual(["+12 µs", "-12 µs", "0 µs"]);
  expect([12.54, 12, -0.5].map(formatMillis)).toEqual(["12.5 ms", "12 ms", "-0.5 ms"]);
  expect([12.34, -1, 0.01].map(formatPpm)).toEqual(["+12.3 ppm", "-1.0 ppm", "0.0 ppm"]);
  expect([-1, 59, 60, 7_200, 200_000].map(formatAge)).toEqual([
    "0 s",
    "59 s",
    "1 min",
    "2 h",
    "2 d",
  ]);
});

test("durations are read with their units, minutes without", () => {
  expect(["90s", "45m", "1h", "30", " 2 h "].map(parseDuration)).toEqual([
    90, 2_700, 3_600, 1_800, 7_200,
  ]);
  expect(["", "x", "-5m", "1d", "1.5h"].map(parseDuration)).toEqual(Array(5).fill(undefined));
});
