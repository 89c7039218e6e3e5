import { describe, expect, test } from "vitest";
import { makeSignal, modulo, readSignal, SIGNAL_FRAMES, unwrap } from "./signal.ts";

const pcm = new Int16Array(makeSignal().buffer);

describe("a position read back from the signal", () => {
  test.each([5, 6, 17, 1_000, 12_345, 40_960, SIGNAL_FRAMES - 6])(
    "is that of frame %i",
    (frame) => {
      const reading = readSignal(pcm, frame, 32_768);
      expect(Math.abs(reading.position - frame)).toBeLessThan(0.002);
      expect(reading.mismatch).toBeLessThan(2);
      expect(reading.level).toBeCloseTo(1, 3);
    },
  );

  test.each([
    { gain: 0.1, speed: 1, ramp: 0 },
    { gain: 1, speed: 1.002, ramp: 0 },
    { gain: 0.5, speed: 0.9995, ramp: 0.01 },
  ])("survives gain $gain, speed $speed, ramp $ramp of the gain in each frame", (change) => {
    for (let start = 100; start < 60_000; start += 4_321.37) {
      const samples = resample(start, change);
      const reading = readSignal(samples, 20);
      expect(Math.abs(reading.position - (start + 20 * change.speed))).toBeLessThan(0.01);
    }
  });

  test("is nearest to what is expected when it is unwrapped", () => {
    expect(unwrap(10, 5 * SIGNAL_FRAMES)).toBe(5 * SIGNAL_FRAMES + 10);
    expect(unwrap(SIGNAL_FRAMES - 10, 5 * SIGNAL_FRAMES)).toBe(5 * SIGNAL_FRAMES - 10);
    expect(modulo(-3, 20)).toBe(17);
  });

  test("mismatches where it is not the signal", () => {
    const tone = Float64Array.from({ length: 400 }, (_, at) => Math.sin(0.2 * (at >> 1)));
    const mismatches = Array.from({ length: 150 }, (_, at) => readSignal(tone, at + 10).mismatch);
    expect(Math.max(...mismatches)).toBeGreaterThan(3);
  });
});

/** The signal as an ideal resampler plays it: computed anew at fractional positions. */
function resample(
  start: number,
  { gain, speed, ramp }: { gain: number; speed: number; ramp: number },
) {
  const samples = new Float64Array(80);
  for (let frame = 0; frame < 40; frame++) {
    const turn = 2 * Math.PI * (start + frame * speed);
    const level = 0.5 * gain * (1 + ramp * (frame - 20));
    samples[2 * frame] = level * Math.cos(turn / 20);
    samples[2 * frame + 1] = level * Math.cos(turn / 20 + turn / SIGNAL_FRAMES);
  }
  return samples;
}
