import { describe, expect, test } from "vitest";
import { Resampler } from "./resampler.ts";
import { ResamplerKernel } from "./resampler-kernel.ts";

const RATE = 48_000;

/** A sine of `hz` on every channel, long enough for what the tests read. */
function tone(hz: number, frames: number, channels: number, rateHz = RATE): Float32Array {
  return Float32Array.from({ length: frames * channels }, (_, at) =>
    Math.sin((2 * Math.PI * hz * Math.floor(at / channels)) / rateHz),
  );
}

/** What remains of channel 0 after taking out the best sine of `hz`, against that sine. (dB) */
function residualDb(samples: Float32Array, channels: number, hz: number): number {
  const count = samples.length / channels;
  let [cc, ss, cs, yc, ys] = [0, 0, 0, 0, 0];
  for (let n = 0; n < count; n++) {
    const c = Math.cos((2 * Math.PI * hz * n) / RATE);
    const s = Math.sin((2 * Math.PI * hz * n) / RATE);
    const y = samples[n * channels] ?? 0;
    cc += c * c;
    ss += s * s;
    cs += c * s;
    yc += y * c;
    ys += y * s;
  }
  const determinant = cc * ss - cs * cs;
  const a = (yc * ss - ys * cs) / determinant;
  const b = (ys * cc - yc * cs) / determinant;
  let noise = 0;
  for (let n = 0; n < count; n++) {
    const angle = (2 * Math.PI * hz * n) / RATE;
    noise += ((samples[n * channels] ?? 0) - a * Math.cos(angle) - b * Math.sin(angle)) ** 2;
  }
  return 10 * Math.log10(noise / count / ((a * a + b * b) / 2));
}

/** Resamples block by block with continuous position, as the player does. */
function resample(
  source: Float32Array,
  channels: number,
  step: number,
  frames: number,
  start = 100,
) {
  const resampler = new Resampler();
  const out = new Float32Array(frames * channels);
  for (let at = 0; at < frames; at += 480) {
    const count = Math.min(480, frames - at);
    const block = new Float32Array(count * channels);
    resampler.run(source, channels, start + at * step, step, block, count);
    out.set(block, at * channels);
  }
  return out;
}

describe("leaves nothing but the tone", () => {
  test.each([
    [50, 100, -120],
    [997, 100, -115],
    [997, -2_000, -115],
    [5_000, 37, -110],
    [10_000, 100, -105],
    [15_000, -300, -100],
    [20_000, 100, -100],
  ])("%d Hz at %d ppm: all else below %d dB", (hz, ppm, limit) => {
    const step = 1 + ppm / 1e6;
    const out = resample(tone(hz, 50_000, 2), 2, step, 48_000);
    expect(residualDb(out, 2, hz * step)).toBeLessThan(limit);
  });

  test("from 44.1 to 48 kHz, 10 kHz: all else below -100 dB", () => {
    const out = resample(tone(10_000, 46_000, 2, 44_100), 2, 44_100 / RATE, 48_000);
    expect(residualDb(out, 2, 10_000)).toBeLessThan(-100);
  });

  test("from 96 to 48 kHz, 30 kHz does not come back as 18 kHz: below -100 dB", () => {
    const resampler = new Resampler(2);
    const out = new Float32Array(2 * 4_800);
    resampler.run(tone(30_000, 12_000, 2, 96_000), 2, 200.3, 2, out, 4_800);
    const peak = out.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    expect(20 * Math.log10(peak)).toBeLessThan(-100);
  });
});

describe("changes nothing at nominal speed on a whole frame", () => {
  test.each([1, 2, 3, 4])("%d channels, bit for bit", (channels) => {
    const source = tone(1_234, 1_000, channels);
    const exact = Float32Array.from(source);
    const out = resample(source, channels, 1, 800);
    expect(out).toEqual(exact.subarray(100 * channels, 900 * channels));
  });
});

// With 32 bits two weights that add up to one do so within their last bits, 140 dB down.
test.each([
  [1, 1e-9],
  [2, 1.2e-7],
])("passes DC of %d channels at every phase within %d", (channels, apart) => {
  const out = new Float32Array(1_000 * channels);
  const source = new Float32Array(2_000 * channels).fill(0.5);
  new Resampler().run(source, channels, 100, 1 + 1 / 1_001, out, 1_000);
  for (const sample of out) expect(Math.abs(sample - 0.5)).toBeLessThanOrEqual(apart);
});

test("a delay of any fraction is that fraction: within a thousandth of a frame", () => {
  const source = tone(1_000, 500, 1);
  const resampler = new Resampler();
  const out = new Float32Array(1);
  for (let fraction = 0; fraction < 1; fraction += 0.013) {
    resampler.run(source, 1, 240 + fraction, 1, out, 1);
    const exact = Math.sin((2 * Math.PI * 1_000 * (240 + fraction)) / RATE);
    const slope = (2 * Math.PI * 1_000) / RATE;
    expect(Math.abs((out[0] ?? 0) - exact) / slope).toBeLessThan(1e-3);
  }
});

test("stereo goes through the kernel, and here there is one", () => {
  expect(ResamplerKernel.make(24, 100, 100)).toBeDefined();
});

// In one block longer than the kernel's own, at speeds where frames share rows and where none do.
test.each([1.0001, 0.9997, 44_100 / RATE, 1.5])(
  "each channel of many is its own, at speed %d",
  (step) => {
    const [low, high] = [tone(3_000, 5_000, 1), tone(7_000, 5_000, 1)];
    const frames = 3_000;
    const alone = [low, high].map((mono) => {
      const out = new Float32Array(frames);
      new Resampler(step).run(mono, 1, 300.4, step, out, frames);
      return out;
    });
    for (const channels of [2, 5]) {
      const source = Float32Array.from({ length: 5_000 * channels }, (_, at) => {
        const mono = at % channels === 0 ? low : high;
        return mono[Math.floor(at / channels)] ?? 0;
      });
      const out = new Float32Array(frames * channels);
      new Resampler(step).run(source, channels, 300.4, step, out, frames);
      const worst = out.reduce((most, sample, at) => {
        const expected = alone[at % channels === 0 ? 0 : 1]?.[Math.floor(at / channels)] ?? 0;
        return Math.max(most, Math.abs(sample - expected));
      }, 0);
      expect(worst).toBeLessThan(1e-6);
    }
  },
);
