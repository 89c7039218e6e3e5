import { localInstant, ppm } from "@tutti/protocol";
import { expect, test } from "vitest";
import { Preroll } from "./preroll.ts";
import type { Rendering } from "./pump.ts";

const RATE_HZ = 48_000;
const CHANNELS = 2;

/** Says in each sample at which moment it is heard, in seconds. */
const moments: Rendering = {
  render(into, heardAt) {
    for (let at = 0; at < into.length; at++) {
      into[at] = heardAt / 1e6 + Math.floor(at / CHANNELS) / RATE_HZ;
    }
  },
  clockBent() {},
  outputRestarted() {},
  receivedMs: () => 1_000,
  sounding: true,
  waitMs: 1_000,
};

/** One second in blocks of 20 ms, heard from `from` on. (s) */
function second(preroll: Preroll, from: number): Float32Array {
  const heard = new Float32Array(RATE_HZ * CHANNELS);
  const block = heard.length / 50;
  for (let at = 0; at < 50; at++) {
    const into = heard.subarray(at * block, (at + 1) * block);
    preroll.render(into, localInstant((from + at / 50) * 1e6), ppm(0));
  }
  return heard;
}

function at(heard: Float32Array, seconds: number): number {
  return heard[Math.round(seconds * RATE_HZ) * CHANNELS] ?? Number.NaN;
}

test("silent while the amplifier starts, then what is due, neither later nor earlier", () => {
  const preroll = new Preroll(moments, 300);
  preroll.outputRestarted({ rateHz: RATE_HZ, channels: CHANNELS });
  preroll.begin(localInstant(10e6));
  const heard = second(preroll, 10);
  expect(heard.subarray(0, 0.3 * RATE_HZ * CHANNELS).every((sample) => sample === 0)).toBe(true);
  expect(at(heard, 0.303)).toBeCloseTo(10.303 / 2, 3);
  expect(at(heard, 0.307)).toBeCloseTo(10.307, 4);
  expect(at(heard, 0.9)).toBeCloseTo(10.9, 4);
});

test("what is heard after it is left alone, and so is all before the first", () => {
  const preroll = new Preroll(moments, 300);
  preroll.outputRestarted({ rateHz: RATE_HZ, channels: CHANNELS });
  expect(at(second(preroll, 5), 0)).toBeCloseTo(5, 4);
  preroll.begin(localInstant(10e6));
  expect(at(second(preroll, 11), 0)).toBeCloseTo(11, 4);
});
