import { expect, test } from "vitest";
import { distortionDb } from "./distortion.ts";
import { leftOf, RATE_HZ, TONE_HZ, tone } from "./signal.ts";
import { play } from "./synthetic.ts";

const SECONDS = 4;
const wave = (frame: number, hz = TONE_HZ) => Math.sin((2 * Math.PI * hz * frame) / RATE_HZ);
const made = (at: (frame: number) => number) =>
  Float32Array.from({ length: SECONDS * RATE_HZ }, (_, frame) => at(frame));

test.each([-40, -60, -90, -110])("a third harmonic at %d dB", (db) => {
  const share = 10 ** (db / 20);
  const samples = made((frame) => 0.5 * (wave(frame) + share * wave(frame, 3 * TONE_HZ)));
  expect(distortionDb(samples)).toBeCloseTo(db, 1);
});

test("the tone as 16 bits hold it", () => {
  expect(distortionDb(leftOf(tone(SECONDS)))).toBeLessThan(-95);
});

test("a tone whose speed is corrected by a few parts per million is still the tone", () => {
  const phase = (frame: number) => frame + 0.02 * Math.sin((2 * Math.PI * frame) / RATE_HZ);
  expect(distortionDb(made((frame) => 0.9 * wave(phase(frame))))).toBeLessThan(-110);
});

test("a dropped frame in each second is heard", () => {
  const samples = play(leftOf(tone(SECONDS + 1)), SECONDS * RATE_HZ, (frame) => {
    return frame + Math.floor(frame / RATE_HZ);
  });
  const db = distortionDb(samples);
  expect(db).toBeGreaterThan(-60);
  expect(db).toBeLessThan(-25);
});

test("silence has no tone", () => {
  expect(distortionDb(new Float32Array(SECONDS * RATE_HZ))).toBeNaN();
});
