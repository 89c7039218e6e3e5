import type { SoundSettings } from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import { Sound, type SoundWish } from "./sound.ts";

const RATE = 48_000;
const STEREO = { rateHz: RATE, channels: 2 };
const FULL: SoundWish = { percent: 100, muted: false, max: 100, curve: "cubic", settings: {} };

const tone = (frames: number, from = 0, hz = 200) =>
  Float32Array.from({ length: frames * 2 }, (_, at) => {
    return 0.5 * Math.sin((2 * Math.PI * hz * (from + Math.floor(at / 2))) / RATE);
  });

/** The largest second difference: what a click is, and a tone of 200 Hz is not. */
function roughness(samples: Float32Array): number {
  let most = 0;
  for (let at = 4; at < samples.length; at++) {
    most = Math.max(most, Math.abs(samples[at]! - 2 * samples[at - 2]! + samples[at - 4]!));
  }
  return most;
}

/** A tone while settings change every 100 ms, in blocks of `frames`. */
function heardWhile(settings: readonly SoundSettings[], frames: number): Float32Array {
  const sound = new Sound();
  const heard: number[] = [];
  let frame = 0;
  for (const each of settings) {
    sound.set({ ...FULL, settings: each }, RATE);
    for (let done = 0; done < RATE / 10; done += frames, frame += frames) {
      const block = tone(frames, frame);
      sound.apply(block, STEREO);
      heard.push(...block);
    }
  }
  return Float32Array.from(heard);
}

test("without settings, at full volume, changes no bit", () => {
  const sound = new Sound();
  sound.set(FULL, RATE);
  const block = tone(1_000);
  sound.apply(block, STEREO);
  expect(block).toEqual(tone(1_000));
});

describe("a change makes no click", () => {
  const peak = (gainDb: number) =>
    ({ equalizer: [{ kind: "peak", hz: 300, gainDb, q: 3 }] }) as const;

  test.each<[string, SoundSettings[]]>([
    ["balance", [{}, { balance: 100 }, { balance: -100 }, {}]],
    ["channels", [{}, { channels: "mono" }, { channels: "sub" }, { channels: "swap" }, {}]],
    ["equaliser", [{}, peak(-12), peak(-6), peak(6), {}]],
    ["loudness", [{}, { loudness: true }, {}]],
  ])("%s", (_, settings) => {
    const plain = roughness(tone(RATE / 10));
    for (const frames of [480, 1_920]) {
      const heard = heardWhile(settings, frames);
      expect(roughness(heard)).toBeLessThan(3 * plain);
    }
  });

  test("which a change without crossing over would", () => {
    const jumping = [...tone(480), ...tone(480, 480).map((sample) => sample * 0.5)];
    const half = Float32Array.from(jumping.map((sample, at) => (at < 700 ? sample : sample * 0.4)));
    expect(roughness(half)).toBeGreaterThan(3 * roughness(tone(RATE / 10)));
  });

  test("volume with loudness, as fast as a hand moves", () => {
    const sound = new Sound();
    const heard: number[] = [];
    for (let step = 0; step < 20; step++) {
      sound.set({ ...FULL, percent: 30 + 3 * step, settings: { loudness: true } }, RATE);
      const block = tone(1_200, step * 1_200);
      sound.apply(block, STEREO);
      heard.push(...block);
    }
    expect(roughness(Float32Array.from(heard))).toBeLessThan(3 * roughness(tone(RATE / 10)));
  });
});

test("the last of several quick changes is what stays", () => {
  const heard = heardWhile([{}, { balance: 100 }], 480);
  expect(Math.abs(heard[heard.length - 2]!)).toBe(0);
  const sound = new Sound();
  for (const balance of [100, -50, 0, -100]) {
    sound.set({ ...FULL, settings: { balance } }, RATE);
    sound.apply(tone(100), STEREO);
  }
  // What came while two crossed over begins with the next block.
  for (let blocks = 0; blocks < 2; blocks++) sound.apply(tone(4_800), STEREO);
  const block = tone(960);
  sound.apply(block, STEREO);
  expect(block.filter((_, at) => at % 2 === 1).every((sample) => sample === 0)).toBe(true);
});

test("a format of the card that changes is followed", () => {
  const sound = new Sound();
  sound.set({ ...FULL, settings: { loudness: true, balance: 100 } }, RATE);
  sound.apply(tone(4_800), STEREO);
  const mono = new Float32Array(4_410).fill(0.1);
  sound.apply(mono, { rateHz: 44_100, channels: 1 });
  expect(mono.every(Number.isFinite)).toBe(true);
});

test("the chime is heard through mute, keeps within bounds and ends by itself", () => {
  const sound = new Sound();
  sound.set({ ...FULL, muted: true }, RATE);
  sound.chime();
  const heard = new Float32Array(2 * 3 * RATE);
  for (let at = 0; at < heard.length; at += 960) sound.apply(heard.subarray(at, at + 960), STEREO);
  const loudest = heard.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  expect(loudest).toBeGreaterThan(0.05);
  expect(loudest).toBeLessThan(0.36);
  expect(roughness(heard)).toBeLessThan(0.02);
  expect(heard.subarray(2 * 2 * RATE).every((sample) => sample === 0)).toBe(true);
});

test("the server's curve goes before the client's own", () => {
  const sound = new Sound();
  sound.set({ ...FULL, percent: 50, settings: { curve: "linear" } }, RATE);
  const block = new Float32Array(8).fill(1);
  sound.apply(block, STEREO);
  expect([...block]).toEqual(Array(8).fill(0.5));
});

describe("a level that somebody else makes", () => {
  const levelAt = (wish: Partial<SoundWish>) => {
    const sound = new Sound();
    sound.set({ ...FULL, ...wish }, RATE);
    const block = tone(480);
    sound.apply(block, STEREO);
    return Math.max(...block) / Math.max(...tone(480));
  };
  test.each([
    [{ percent: 50 }, 0.125],
    [{ percent: 50, mixer: "outside" }, 1],
    [{ percent: 50, mixer: "none" }, 1],
    // A card's control need not reach silence; mute is the player's in any case.
    [{ percent: 0, mixer: "outside" }, 0],
    [{ percent: 0, mixer: "none" }, 1],
    [{ percent: 50, muted: true, mixer: "outside" }, 0],
    [{ percent: 50, muted: true, mixer: "none" }, 0],
  ] as const)("%j", (wish, level) => {
    expect(levelAt(wish)).toBeCloseTo(level, 5);
  });
});
