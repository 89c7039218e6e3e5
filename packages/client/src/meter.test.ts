import { expect, test } from "vitest";
import { Meter, meterLine } from "./meter.ts";

test("peak and RMS of each channel", () => {
  const meter = new Meter();
  const sine = (at: number) => Math.sin((at * Math.PI) / 24);
  meter.hear(
    Float32Array.from({ length: 960 }, (_, at) => (at % 2 ? 0.5 : sine(at >> 1))),
    2,
  );
  const [left, right] = meter.take();
  expect(left?.peakDb).toBeCloseTo(0);
  expect(left?.rmsDb).toBeCloseTo(-3.01);
  expect(right).toEqual({ peakDb: 20 * Math.log10(0.5), rmsDb: 20 * Math.log10(0.5) });
});

test("looking starts it over, and another number of channels too", () => {
  const meter = new Meter();
  meter.hear(Float32Array.of(1, 1), 2);
  meter.take();
  expect(meter.take()).toEqual([
    { peakDb: -Infinity, rmsDb: -Infinity },
    { peakDb: -Infinity, rmsDb: -Infinity },
  ]);
  meter.hear(Float32Array.of(1), 1);
  expect(meter.take()).toEqual([{ peakDb: 0, rmsDb: 0 }]);
});

const silence = { peakDb: -Infinity, rmsDb: -Infinity };
test.each([
  ["silence", [silence], 33, "L ···················· -60.0 dB"],
  ["full scale", [{ peakDb: 0, rmsDb: 0 }], 33, "L ████████████████████   0.0 dB"],
  ["half way, peak above", [{ peakDb: -15, rmsDb: -30 }], 33, "L ██████████····│····· -15.0 dB"],
  ["a narrow terminal", [silence, silence], 24, "L -60.0 dB  R -60.0 dB"],
  ["more than stereo", [silence, silence, silence], 0, "L -60.0 dB  R -60.0 dB  3 -60.0 dB"],
])("line: %s", (_, levels, columns, line) => {
  expect(meterLine(levels, columns)).toBe(line);
});

test.each([20, 40, 80, 200])("never longer than %i columns", (columns) => {
  const levels = [{ peakDb: -3, rmsDb: -10 }, silence];
  expect(meterLine(levels, columns).length).toBeLessThanOrEqual(Math.max(columns, 24));
});
