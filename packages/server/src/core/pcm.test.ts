import { frames, type SampleBits, type SampleFormat } from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import { decayFrom, fadeIn, fadeOut, silentBytes, startsWithStep } from "./pcm.ts";

const ALL_BITS: readonly SampleBits[] = [8, 16, 24, 32];

function format(bits: SampleBits): SampleFormat {
  return { rateHz: 48_000, bits, channels: 2 };
}

/** Stereo of one level, as a share of full scale. */
function level(share: number, count: number, bits: SampleBits): Uint8Array {
  const value = Math.round(share * (2 ** (bits - 1) - 1));
  const samples = new Array<number>(2 * count).fill(value);
  if (bits === 8) return new Uint8Array(Int8Array.from(samples).buffer);
  if (bits === 16) return new Uint8Array(Int16Array.from(samples).buffer);
  return new Uint8Array(Int32Array.from(samples).buffer);
}

function shares(pcm: Uint8Array, bits: SampleBits): number[] {
  const full = 2 ** (bits - 1) - 1;
  const { buffer } = pcm.slice();
  const samples =
    bits === 8
      ? new Int8Array(buffer)
      : bits === 16
        ? new Int16Array(buffer)
        : new Int32Array(buffer);
  return Array.from(samples, (sample) => sample / full);
}

describe.each(ALL_BITS)("of %i bits", (bits) => {
  test("a fade in rises from nothing to the whole, in any number of pieces", () => {
    const whole = level(-0.8, 480, bits);
    fadeIn(whole, format(bits), { done: 0, length: frames(480) });
    const pieces = [0, 100, 300].map((done, i) => {
      const piece = level(-0.8, [100, 200, 180][i] ?? 0, bits);
      fadeIn(piece, format(bits), { done, length: frames(480) });
      return shares(piece, bits);
    });

    const faded = shares(whole, bits);
    expect(faded[0]).toBeCloseTo(0, 2);
    expect(faded.at(-1)).toBeCloseTo(-0.8, 2);
    expect(faded.every((share, i) => share <= (faded[i - 1] ?? 0) + 1e-9)).toBe(true);
    expect(pieces.flat()).toEqual(faded);
  });

  test("a fade out ends in nothing", () => {
    const pcm = level(0.8, 480, bits);
    fadeOut(pcm, format(bits));

    expect(shares(pcm, bits)[0]).toBeCloseTo(0.8, 1);
    expect(shares(pcm, bits).at(-1)).toBe(0);
  });

  test("a decay begins where the sound broke off", () => {
    const decay = shares(decayFrom(level(-0.5, 7, bits), frames(480), format(bits)), bits);

    expect(decay).toHaveLength(960);
    expect(decay[0]).toBeCloseTo(-0.5, 1);
    expect(decay.at(-1)).toBeCloseTo(0, 9);
  });

  test("finds where sound begins, at a frame's edge", () => {
    const frameBytes = level(0, 1, bits).length;
    const pcm = new Uint8Array([...level(0, 10, bits), ...level(0.1, 1, bits)]);
    pcm[10 * frameBytes] = 0;

    expect(silentBytes(level(0, 10, bits), format(bits))).toBe(10 * frameBytes);
    expect(silentBytes(pcm, format(bits))).toBe(10 * frameBytes);
  });

  test("tells a step that is heard from one that is not", () => {
    expect(startsWithStep(level(-0.05, 1, bits), format(bits))).toBe(true);
    expect(startsWithStep(level(0.005, 1, bits), format(bits))).toBe(false);
  });
});
