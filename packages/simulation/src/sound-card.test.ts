import { TIMING_RECORD_NUMBERS } from "@tutti/audio";
import { millis, seconds } from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import { HostClock } from "./host-clock.ts";
import { later, Simulation, trueTime } from "./simulation.ts";
import { type CardOptions, type Heard, SoundCard } from "./sound-card.ts";

const RATE = 8_000;

/** A card that plays frames numbered from 1 in its left channel. */
function playing(options: CardOptions) {
  const simulation = new Simulation(7);
  const clock = new HostClock(simulation, "test", { startsAt: 0 });
  const heard: { frame: number; at: number }[] = [];
  const note = ({ samples, at, frameUs }: Heard) => {
    for (let index = 0; index < samples.length / 2; index++) {
      const frame = samples[2 * index] ?? 0;
      if (frame > 0) heard.push({ frame, at: at + index * frameUs });
    }
  };
  const machine = { simulation, clock, name: "test" };
  const card = new SoundCard(machine, { rateHz: RATE, channels: 2 }, options, note);
  let written = 0;
  const write = (frames: number) => {
    const block = Float32Array.from({ length: 2 * frames }, (_, at) => written + 1 + (at >> 1));
    written += card.write(block);
  };
  const records = () => {
    const into = new Float64Array(4_096);
    const count = card.takeTiming(into);
    return Array.from({ length: count }, (_, index) => {
      const at = index * TIMING_RECORD_NUMBERS;
      const [frame = 0, when = 0, cardFrame = 0, run = 0] = into.subarray(at, at + 4);
      return { frame, at: when, cardFrame, run };
    });
  };
  return { simulation, card, heard, write, records };
}

describe("a sound card", () => {
  test("lets frames out at its own crystal's rate", () => {
    const { simulation, card, heard, write } = playing({ driftPpm: 100, queueMs: 3_000 });
    write(16_000);
    simulation.run(trueTime(seconds(1.5)));
    const first = heard[0];
    const last = heard.at(-1);
    if (!first || !last) throw new Error("nothing was heard");
    const nominal = ((last.frame - first.frame) * 1e6) / RATE;
    expect(nominal / (last.at - first.at)).toBeCloseTo(1.0001, 8);
    expect(heard.map(({ frame }) => frame)).toEqual(heard.map((_, index) => index + 1));
    expect(card.counters()).toMatchObject({ underruns: 0, silentFrames: 0 });
  });

  test.each([
    { granularityFrames: 1, recordLateUs: 0, latest: 130 },
    { granularityFrames: 48, recordLateUs: 0, latest: 6_010 },
    { granularityFrames: 1, recordLateUs: 50, latest: 800 },
  ])("tells when a frame leaves, late only: %o", ({ latest, ...options }) => {
    const { simulation, heard, write, records } = playing({ ...options, queueMs: 3_000 });
    write(16_000);
    simulation.run(trueTime(seconds(1.5)));
    const errors = records()
      .slice(1)
      .flatMap(({ frame, at }) => {
        const left = heard[frame];
        return left ? [at - left.at] : [];
      });
    expect(errors.length).toBeGreaterThan(100);
    expect(Math.min(...errors)).toBeGreaterThan(-0.001);
    expect(Math.max(...errors)).toBeLessThan(latest);
    expect(Math.max(...errors)).toBeGreaterThan(0.1 * latest);
  });

  test("plays silence when nothing is queued, and counts it", () => {
    const { simulation, card, heard, write } = playing({});
    write(400);
    simulation.run(trueTime(millis(300)));
    write(400);
    simulation.run(trueTime(millis(600)));
    const { silentFrames, playedFrames } = card.counters();
    expect(playedFrames).toBe(800);
    expect(silentFrames).toBeGreaterThan(1_500);
    const before = heard[399]?.at ?? 0;
    expect(heard[400]?.at ?? 0).toBeGreaterThan(before + millis(200));
  });

  test("runs dry when its thread is held up, and starts over: frames stay, time does not", () => {
    const { simulation, card, heard, write, records } = playing({ queueMs: 3_000 });
    write(16_000);
    simulation.at(trueTime(seconds(1)), () => card.stall(millis(80)));
    simulation.run(trueTime(seconds(1.8)));
    expect(card.counters().underruns).toBe(1);
    expect(new Set(records().map(({ run }) => run))).toEqual(new Set([0, 1]));
    const steps = heard.slice(1).map(({ at }, index) => at - (heard[index]?.at ?? 0));
    expect(steps.filter((step) => step > 200)).toHaveLength(1);
    expect(Math.max(...steps)).toBeGreaterThan(millis(30));
  });

  test("forgets what it holds when the host falls asleep", () => {
    const { simulation, card, heard, write } = playing({ queueMs: 3_000 });
    write(16_000);
    simulation.run(trueTime(seconds(1)));
    card.suspend();
    const heardUntil = heard.at(-1)?.at ?? 0;
    expect(heardUntil).toBeLessThan(later(trueTime(seconds(1)), millis(11)));
    simulation.run(trueTime(seconds(5)));
    expect(heard.at(-1)?.at).toBe(heardUntil);
    card.resume();
    simulation.run(trueTime(seconds(5.5)));
    expect(card.counters().underruns).toBe(1);
    expect(heard.at(-1)?.at ?? 0).toBeGreaterThan(seconds(5));
  });
});
