import { describe, expect, test } from "vitest";
import { JitterBuffer } from "./jitter-buffer.ts";
import { Playout } from "./playout.ts";

const RATE = 48_000;
const PERIOD = 1e6 / RATE;
const CHUNK = 960;
const BLOCK = 480;
/** A fade of 6 ms, in frames. */
const FADE = 288;

/** Stereo chunks of a constant, or of what `sample` says of each frame. */
function programme(chunks: number, sample: (frame: number) => number = () => 0.5): JitterBuffer {
  const buffer = new JitterBuffer({ rateHz: RATE, channels: 2, capacityMs: 5_000 });
  for (let n = 0; n < chunks; n++) {
    const samples = Float32Array.from({ length: 2 * CHUNK }, (_, at) =>
      sample(n * CHUNK + (at >> 1)),
    );
    buffer.insert(n * 20_000, samples);
  }
  return buffer;
}

function playing(buffer: JitterBuffer, output = { rateHz: RATE, channels: 2 }): Playout {
  const playout = new Playout(output);
  playout.cue(buffer);
  return playout;
}

/** Renders blocks one after another from `stamp` on; returns the first channel. */
function render(playout: Playout, stamp: number, blocks: number, block = BLOCK, channels = 2) {
  const heard: number[] = [];
  for (let n = 0; n < blocks; n++) {
    const into = new Float32Array(block * channels);
    playout.render(into, stamp + n * block * PERIOD, 0);
    for (let at = 0; at < into.length; at += channels) heard.push(into[at] ?? 0);
  }
  return heard;
}

const steps = (heard: number[]) => heard.slice(1).map((value, at) => Math.abs(value - heard[at]!));
/** Steepest step of a raised cosine over a fade from 0 to 0.5. */
const STEP_MAX = ((0.5 * Math.PI) / (2 * FADE)) * 1.01;

test("what has come is known before the first block of it is rendered, and when the card was emptied", () => {
  const playout = playing(programme(5));
  expect(playout.receivedMs(40_000)).toBeCloseTo(60, 6);
  render(playout, 0, 1);
  playout.restart({ rateHz: RATE, channels: 2 });
  expect(playout.receivedMs(40_000)).toBeCloseTo(60, 6);
});

describe("fades", () => {
  test("in at the start, which is where the programme says", () => {
    const heard = render(playing(programme(10)), -5_000, 4);
    expect(heard.findIndex((value) => value !== 0)).toBe(0.005 * RATE);
    expect(Math.max(...steps(heard))).toBeLessThan(STEP_MAX);
    expect(heard.at(-1)).toBe(0.5);
  });

  test("out before the last frame, not behind it", () => {
    const playout = playing(programme(5));
    const heard = render(playout, 0, 12);
    const silent = heard.lastIndexOf(0.5) + FADE;
    expect(silent).toBeLessThan(5 * CHUNK);
    expect(silent).toBeGreaterThan(5 * CHUNK - 40);
    expect(Math.max(...steps(heard))).toBeLessThan(STEP_MAX);
    expect(playout.events.map(({ kind }) => kind)).toEqual(["started", "ran dry"]);
    expect(playout.sounding).toBe(false);
  });

  test.each([
    ["a second of silence has ended", 1.05, 0, "ended"],
    ["what a codec makes of that has ended", 1.05, 3e-5, "ended"],
    ["a shorter rest ran dry", 0.95, 0, "ran dry"],
    ["a quiet passage ran dry", 1.05, 1e-3, "ran dry"],
  ])("out, and %s", (_, rest, level, kind) => {
    const soundTo = 100 * CHUNK - rest * RATE;
    const music = programme(100, (frame) => (frame < soundTo ? 0.5 : level));
    const playout = playing(music);
    render(playout, 0, 205);
    expect(playout.events.map((event) => event.kind)).toEqual(["started", kind]);
  });

  test("out of the end of another programme, whose silence is its own", () => {
    const playout = playing(programme(60, () => 0));
    render(playout, 0, 110);
    playout.cut(programme(60));
    render(playout, 0, 4);
    playout.cut(programme(5, () => 0));
    render(playout, 0, 14);
    expect(playout.events.at(-1)?.kind).toBe("ran dry");
  });

  test.each([1, 7, 128, 480, 960, 2_000])("alike in blocks of %d frames", (block) => {
    const heard = render(playing(programme(10)), 0, Math.floor(6_000 / block), block);
    expect(heard.slice(FADE, 4_000).every((value) => value === 0.5)).toBe(true);
    expect(Math.max(...steps(heard))).toBeLessThan(STEP_MAX);
  });

  test("out when the moment is not known any more, and in again when it is", () => {
    const playout = playing(programme(50));
    const heard = [
      ...render(playout, 0, 4),
      ...render(playout, Number.NaN, 4),
      ...render(playout, 80_000, 4),
    ];
    expect(heard[2 * 4 * BLOCK - 1]).toBe(0);
    expect(heard.at(-1)).toBe(0.5);
    expect(Math.max(...steps(heard))).toBeLessThan(STEP_MAX);
  });

  test("across to another buffer without losing level", () => {
    const playout = playing(programme(50));
    render(playout, 0, 4);
    playout.cue(programme(50));
    const heard = render(playout, 40_000, 4);
    expect(Math.min(...heard)).toBeCloseTo(0.5, 6);
    expect(Math.max(...heard)).toBeCloseTo(0.5, 6);
  });
});

test("gives the programme bit for bit at nominal speed", () => {
  const noise = (frame: number) => Math.fround(Math.sin(frame * frame) / 2);
  const heard = render(playing(programme(10, noise)), 0, 10);
  const exact = heard.map((_, frame) => noise(frame));
  expect(heard.slice(FADE, 4_000)).toEqual(exact.slice(FADE, 4_000));
});

describe("lateness", () => {
  test("of 8 ms is jumped after three blocks that say so", () => {
    const playout = playing(programme(50));
    render(playout, 0, 4);
    render(playout, 48_000, 2);
    expect(playout.events.map(({ kind }) => kind)).toEqual(["started"]);
    render(playout, 68_000, 2);
    expect(playout.events.map(({ kind }) => kind)).toEqual(["started", "jumped"]);
    expect(playout.lateness).toBeCloseTo(0, 0);
  });

  test("of 8 ms in a single block is taken for a wrong record", () => {
    const playout = playing(programme(50));
    render(playout, 0, 4);
    render(playout, 48_000, 1);
    render(playout, 50_000, 4);
    expect(playout.events.map(({ kind }) => kind)).toEqual(["started"]);
  });

  test("of 0.5 ms is worked off by speed", () => {
    const playout = playing(programme(50));
    render(playout, 0, 4);
    render(playout, 40_500, 1);
    expect(playout.lateness).toBeCloseTo(500, 0);
    expect(playout.correction).toBeGreaterThan(1_000);
    render(playout, 50_500, 40);
    expect(playout.lateness).toBeLessThan(150);
  });

  test("of 4 ms is worked off too, without a cut", () => {
    const playout = playing(programme(200));
    render(playout, 0, 4);
    render(playout, 44_000, 1);
    expect(playout.lateness).toBeCloseTo(4_000, 0);
    render(playout, 54_000, 300);
    expect(playout.lateness).toBeLessThan(200);
    expect(playout.events.map(({ kind }) => kind)).toEqual(["started"]);
  });
});

describe("an output that is not the stream's", () => {
  test("of another rate gets the programme at that rate", () => {
    const tone = (frame: number) => Math.sin((2 * Math.PI * 500 * frame) / RATE);
    const playout = playing(programme(20, tone), { rateHz: 44_100, channels: 2 });
    const into = new Float32Array(2 * 8_820);
    playout.render(into, 0, 0);
    for (let frame = 400; frame < 8_000; frame++) {
      const exact = Math.sin((2 * Math.PI * 500 * frame) / 44_100);
      expect(into[2 * frame]).toBeCloseTo(exact, 4);
    }
  });

  test("of one channel gets the first, of four the two it has", () => {
    expect(
      render(playing(programme(5), { rateHz: RATE, channels: 1 }), 0, 2, BLOCK, 1).at(-1),
    ).toBe(0.5);
    const into = new Float32Array(4 * 960);
    playing(programme(5), { rateHz: RATE, channels: 4 }).render(into, 0, 0);
    expect([...into.subarray(-4)]).toEqual([0.5, 0.5, 0, 0]);
  });
});

test("a restart of the output begins from silence, placed exactly", () => {
  const playout = playing(programme(50));
  render(playout, 0, 4);
  playout.restart({ rateHz: RATE, channels: 2 });
  const heard = render(playout, 100_000, 2);
  expect(heard[0]).toBeLessThan(0.001);
  expect(heard.at(-1)).toBe(0.5);
  expect(playout.lateness).toBeCloseTo(0, 0);
});
