import { expect, test } from "vitest";
import { DemoMusic } from "./demo-music.ts";

const format = { rateHz: 16_000, bits: 16, channels: 2 } as const;

/** The second round: the first one starts out of silence. */
function round(music: DemoMusic): Int16Array {
  music.read(music.frames);
  return samplesOf(music.read(music.frames));
}

function samplesOf(bytes: Uint8Array): Int16Array {
  return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
}

function rms(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

const loop = round(new DemoMusic(format));

test("lasts between 20 and 40 seconds and stays under 8 MB at the usual rates", () => {
  for (const rateHz of [44_100, 48_000]) {
    const { frames } = new DemoMusic({ ...format, rateHz });
    expect(frames / rateHz).toBeGreaterThan(20);
    expect(frames / rateHz).toBeLessThan(40);
    expect(frames * 4).toBeLessThan(8_000_000);
  }
  expect(new DemoMusic({ ...format, rateHz: 192_000 }).frames * 4).toBeLessThan(8_000_000);
});

test("comes round without a seam: every later round is the same, and the step at its start is small", () => {
  const music = new DemoMusic(format);
  round(music);
  expect(Buffer.from(music.read(music.frames)).equals(Buffer.from(loop.buffer))).toBe(true);
  const stepAt = (frame: number) =>
    Math.abs((loop[2 * frame] ?? 0) - (loop.at(2 * frame - 2) ?? 0));
  const steps = Array.from({ length: music.frames }, (_, frame) => stepAt(frame));
  const usual = steps.toSorted((a, b) => a - b)[Math.floor(0.999 * steps.length)] ?? 0;
  expect(stepAt(0)).toBeLessThan(usual);
});

test("the seam carries the tail of the last notes, which the first start has not", () => {
  const fromSilence = samplesOf(new DemoMusic(format).read(800));
  expect(fromSilence).not.toEqual(loop.subarray(0, 1600));
});

test("is about as loud as music, peaks near -6 dBFS and never above", () => {
  const peak = loop.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0) / 32_768;
  expect(20 * Math.log10(peak)).toBeGreaterThan(-9);
  expect(20 * Math.log10(peak)).toBeLessThan(-6);
  const level = 20 * Math.log10(rms(loop) / 32_768);
  expect(level).toBeGreaterThan(-26);
  expect(level).toBeLessThan(-17);
});

test("never falls silent and keeps no direct current", () => {
  for (let from = 0; from < loop.length; from += 16_000) {
    expect(rms(loop.subarray(from, from + 16_000))).toBeGreaterThan(300);
  }
  const mean = loop.reduce((sum, sample) => sum + sample, 0) / loop.length;
  expect(Math.abs(mean)).toBeLessThan(20);
});

test("is no test tone: its sides differ, its chords move, drums stand out of the tones", () => {
  const side = Int16Array.from({ length: loop.length / 2 }, (_, frame) =>
    Math.round(((loop[2 * frame] ?? 0) - (loop[2 * frame + 1] ?? 0)) / 2),
  );
  expect(rms(side)).toBeGreaterThan(0.1 * rms(loop));
  // A tone is itself again one period later (1.0); music of many parts never quite, at any lag.
  const mono = Float64Array.from({ length: 16_000 }, (_, frame) => loop[2 * (frame + 40_000)] ?? 0);
  const energy = mono.subarray(0, 12_000).reduce((sum, sample) => sum + sample * sample, 0);
  let best = 0;
  for (let lag = 150; lag < 4000; lag++) {
    let likeness = 0;
    for (let at = 0; at < 12_000; at++) likeness += (mono[at] ?? 0) * (mono[at + lag] ?? 0);
    best = Math.max(best, likeness / energy);
  }
  expect(best).toBeLessThan(0.95);
  // The shaker's noise: second differences are large where it strikes, small between.
  const roughness = Array.from({ length: 100 }, (_, slot) => {
    const part = loop.subarray(slot * 1600, slot * 1600 + 1600);
    return rms(part.map((sample, at) => sample - 2 * (part[at + 2] ?? 0) + (part[at + 4] ?? 0)));
  }).toSorted((a, b) => a - b);
  expect(roughness[95] ?? 0).toBeGreaterThan(2 * (roughness[20] ?? 0));
});

test("is the same at every start, however it is read", () => {
  const whole = new DemoMusic(format).read(50_000);
  const music = new DemoMusic(format);
  const pieces = [1, 959, 9040, 40_000].map((frames) => music.read(frames));
  expect(Buffer.concat(pieces).equals(whole)).toBe(true);
});

test.each([
  { bits: 8, channels: 2, bytes: 2 },
  { bits: 24, channels: 2, bytes: 8 },
  { bits: 32, channels: 2, bytes: 8 },
  { bits: 16, channels: 1, bytes: 2 },
  { bits: 16, channels: 6, bytes: 12 },
] as const)(
  "is the same music in $bits bits and $channels channels",
  ({ bits, channels, bytes }) => {
    const other = new DemoMusic({ rateHz: 16_000, bits, channels }).read(4000);
    expect(other.length).toBe(4000 * bytes);
    const reference = samplesOf(new DemoMusic(format).read(4000));
    const view = new DataView(other.buffer);
    for (const frame of [0, 100, 3999]) {
      const [left = 0, right = 0] = reference.subarray(2 * frame, 2 * frame + 2);
      const expected = channels === 1 ? (left + right) >> 1 : left;
      const at = frame * bytes;
      const found = {
        8: () => view.getInt8(at),
        16: () => view.getInt16(at, true),
        24: () => view.getInt32(at, true) >> 8,
        32: () => view.getInt32(at, true) >> 16,
      }[bits]();
      expect(found).toBe(bits === 8 ? expected >> 8 : expected);
    }
  },
);
