import type { Band, SoundSettings } from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import { coefficientsOf, responseAt } from "./biquad.ts";
import { isPlain, SoundChain } from "./sound-chain.ts";

const RATE = 48_000;
const STEREO = { rateHz: RATE, channels: 2 };

/** Interleaved tones, one for each channel; 0 Hz is silence. */
function tones(hz: readonly number[], frames: number, amplitude = 0.5): Float32Array {
  return Float32Array.from({ length: frames * hz.length }, (_, at) => {
    const frame = Math.floor(at / hz.length);
    return amplitude * Math.sin((2 * Math.PI * hz[at % hz.length]! * frame) / RATE);
  });
}

/** Amplitude of a tone in one channel, over whole periods of 10 Hz, after filters have settled. */
function amplitudeOf(samples: Float32Array, channel: number, hz: number): number {
  const frames = 4 * 4_800;
  const from = samples.length / 2 - frames;
  let [re, im] = [0, 0];
  for (let frame = 0; frame < frames; frame++) {
    const sample = samples[(from + frame) * 2 + channel]!;
    re += sample * Math.cos((2 * Math.PI * hz * frame) / RATE);
    im += sample * Math.sin((2 * Math.PI * hz * frame) / RATE);
  }
  return (2 * Math.hypot(re, im)) / frames;
}

/** What comes out for a tone in each channel. (dB against what went in) */
function gainsDb(settings: SoundSettings, hz: number, gain = 1): number[] {
  const samples = tones([hz, hz], RATE);
  new SoundChain(settings, gain, STEREO).apply(samples);
  return [0, 1].map((channel) => 20 * Math.log10(amplitudeOf(samples, channel, hz) / 0.5));
}

const band = (set: Partial<Band>): Band => ({
  kind: "peak",
  hz: 1_000,
  gainDb: 0,
  q: Math.SQRT1_2,
  ...set,
});

describe("filters, measured with tones", () => {
  test.each<[Band, number, number]>([
    [band({ gainDb: -6, q: 2 }), 1_000, -6],
    [band({ gainDb: -6, q: 2 }), 100, 0],
    [band({ kind: "lowShelf", hz: 200, gainDb: -9 }), 20, -9],
    [band({ kind: "lowShelf", hz: 200, gainDb: -9 }), 200, -4.5],
    [band({ kind: "lowShelf", hz: 200, gainDb: -9 }), 10_000, 0],
    [band({ kind: "highShelf", hz: 5_000, gainDb: -8 }), 20_000, -8],
    [band({ kind: "highShelf", hz: 5_000, gainDb: -8 }), 5_000, -4],
    [band({ kind: "highShelf", hz: 5_000, gainDb: -8 }), 100, 0],
    [band({ kind: "lowPass", hz: 1_000 }), 1_000, -3.01],
    [band({ kind: "lowPass", hz: 1_000 }), 100, 0],
    [band({ kind: "highPass", hz: 1_000 }), 1_000, -3.01],
    [band({ kind: "highPass", hz: 1_000 }), 100, -40],
  ])("%j at %d Hz: %d dB", (filter, hz, db) => {
    const [left, right] = gainsDb({ equalizer: [filter] }, hz);
    expect(left).toBeCloseTo(db, 0);
    expect(right).toBeCloseTo(left!, 3);
    // What the formula of the response says is what a tone sees.
    const said = 20 * Math.log10(responseAt(coefficientsOf(filter, RATE), hz, RATE));
    expect(left).toBeCloseTo(said, 2);
  });

  test("a corner beyond what samples can say does no harm", () => {
    const [left] = gainsDb({ equalizer: [band({ kind: "lowPass", hz: 22_000 })] }, 1_000);
    expect(left).toBeCloseTo(0, 1);
    const low = new SoundChain({ equalizer: [band({ hz: 22_000 })] }, 1, {
      rateHz: 8_000,
      channels: 2,
    });
    const samples = tones([100, 100], 8_000);
    low.apply(samples);
    expect(samples.every(Number.isFinite)).toBe(true);
  });

  test("a boost is made up for, so that nothing becomes louder than full scale", () => {
    const equalizer = [band({ gainDb: 9, q: 1 }), band({ hz: 80, kind: "lowShelf", gainDb: 6 })];
    for (const hz of [20, 80, 500, 1_000, 5_000]) {
      // The loudest place lies between two of those that were looked at.
      expect(gainsDb({ equalizer }, hz)[0]).toBeLessThan(0.05);
    }
    expect(gainsDb({ equalizer }, 1_000)[0]! - gainsDb({ equalizer }, 15_000)[0]!).toBeCloseTo(
      9,
      0,
    );
  });

  test("run on over blocks of any size", () => {
    const settings = { equalizer: [band({ gainDb: -6 })], balance: 10 };
    const whole = tones([440, 660], 4_000);
    const cut = whole.slice();
    new SoundChain(settings, 1, STEREO).apply(whole);
    const chain = new SoundChain(settings, 1, STEREO);
    for (const [from, to] of [
      [0, 1],
      [1, 700],
      [700, 4_000],
    ] as const) {
      chain.apply(cut.subarray(2 * from, 2 * to));
    }
    expect(cut).toEqual(whole);
  });
});

describe("channels", () => {
  const heard = (settings: SoundSettings) => {
    const samples = tones([400, 3_000], RATE);
    new SoundChain(settings, 1, STEREO).apply(samples);
    const levels = [400, 3_000].map((hz) =>
      [0, 1].map((side) => amplitudeOf(samples, side, hz) / 0.5),
    );
    return levels.flat().map((level) => Math.round(level * 1_000) / 1_000);
  };

  // Left tone in left and right, right tone in left and right.
  test.each<[SoundSettings, number[]]>([
    [{ channels: "stereo" }, [1, 0, 0, 1]],
    [{ channels: "left" }, [1, 1, 0, 0]],
    [{ channels: "right" }, [0, 0, 1, 1]],
    [{ channels: "swap" }, [0, 1, 1, 0]],
    [{ channels: "mono" }, [0.5, 0.5, 0.5, 0.5]],
    [{ balance: -100 }, [1, 0, 0, 0]],
    [{ balance: 50 }, [0.5, 0, 0, 1]],
  ])("%j: %j", (settings, expected) => {
    expect(heard(settings)).toEqual(expected);
  });

  test("a subwoofer gets the bass of both", () => {
    expect(gainsDb({ channels: "sub" }, 30)[0]).toBeCloseTo(0, 0);
    expect(gainsDb({ channels: "sub" }, 120)[0]).toBeCloseTo(-6, 0);
    expect(gainsDb({ channels: "sub" }, 480)[0]).toBeLessThan(-45);
  });

  test("of a card with one channel are left alone, but not the filters", () => {
    const chain = new SoundChain({ channels: "left", balance: -30 }, 1, {
      rateHz: RATE,
      channels: 1,
    });
    const samples = tones([100], 100);
    const before = samples.slice();
    chain.apply(samples);
    expect(samples).toEqual(before);
  });
});

describe("loudness", () => {
  test("does nothing at full volume, and lifts bass more than treble below", () => {
    const at = (gain: number) =>
      [30, 1_000, 16_000].map((hz) => gainsDb({ loudness: true }, hz, gain)[0]!);
    expect(at(1).every((db) => Math.abs(db) < 0.01)).toBe(true);
    const [bass, middle, treble] = at(0.1) as [number, number, number];
    expect(bass).toBeCloseTo(7, 0);
    expect(Math.abs(middle)).toBeLessThan(0.5);
    expect(treble).toBeCloseTo(2.3, 0);
  });

  test("never adds more than the volume takes away", () => {
    for (const gain of [0.9, 0.5, 0.2, 0.01, 0]) {
      const taken = gain === 0 ? Infinity : -20 * Math.log10(gain);
      expect(gainsDb({ loudness: true }, 30, gain)[0]).toBeLessThan(Math.min(12.1, taken + 0.01));
    }
  });
});

test("settings that change nothing are plain", () => {
  const plain: SoundSettings[] = [{}, { balance: 0 }, { channels: "stereo" }, { equalizer: [] }];
  expect(plain.every(isPlain)).toBe(true);
  expect([{ balance: 1 }, { loudness: true }, { channels: "mono" } as const].some(isPlain)).toBe(
    false,
  );
});
