import { TIMING_RECORD_NUMBERS } from "@tutti/audio/core";
import { millis, seconds } from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import type { CardOptions } from "./card-options.ts";
import { HostClock } from "./host-clock.ts";
import { later, Simulation, trueTime } from "./simulation.ts";
import { type Heard, SoundCard } from "./sound-card.ts";

const RATE = 8_000;
const SHORT = { periodMs: 10, periods: 3 };

/** A card that plays frames numbered from 1 in its left channel. */
function playing(options: CardOptions) {
  const simulation = new Simulation(7);
  const clock = new HostClock(simulation, "test", { startsAt: 0 });
  const heard: { frame: number; at: number }[] = [];
  const onHeard = ({ samples, at, frameUs }: Heard) => {
    for (let index = 0; index < samples.length / 2; index++) {
      const frame = samples[2 * index] ?? 0;
      if (frame > 0) heard.push({ frame, at: at + index * frameUs });
    }
  };
  const machine = { simulation, clock, name: "test" };
  const card = new SoundCard(
    machine,
    { rateHz: RATE, channels: 2 },
    { ...SHORT, ...options },
    { onHeard },
  );
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

  test("plays silence when nothing is queued, and counts it, and nothing until that was noticed", () => {
    const { simulation, card, heard, write } = playing({});
    write(400);
    simulation.run(trueTime(millis(300)));
    write(400);
    simulation.run(trueTime(millis(400)));
    expect(card.counters()).toMatchObject({ playedFrames: 400, clearedFrames: 400 });
    card.clear();
    write(400);
    simulation.run(trueTime(millis(600)));
    const { silentFrames, playedFrames } = card.counters();
    expect(playedFrames).toBe(800);
    expect(silentFrames).toBeGreaterThan(1_500);
    const before = heard[399]?.at ?? 0;
    expect(heard[400]?.at ?? 0).toBeGreaterThan(before + millis(200));
  });

  test.each([
    { lateMs: 50, silent: false },
    { lateMs: 80, silent: true },
  ])(
    "has its thread wait for frames that are late, while it has others: %o",
    ({ lateMs, silent }) => {
      const { simulation, card, heard, write } = playing({ periodMs: 15, periods: 6 });
      write(720);
      // The sixth callback, 77 ms after the first, takes the last of them, and the next one finds nothing.
      simulation.at(trueTime(millis(92 + lateMs)), () => write(1_200));
      simulation.run(trueTime(millis(500)));
      expect(heard).toHaveLength(silent ? 720 : 1_920);
      const [last = 0, next = last] = heard.slice(719, 721).map(({ at }) => at);
      expect(next - last).toBeLessThan(1.01e6 / RATE);
      expect(card.counters().underruns).toBe(0);
    },
  );

  test("runs dry when its thread is held up, and plays nothing until that was noticed", () => {
    const { simulation, card, heard, write, records } = playing({ queueMs: 3_000 });
    write(16_000);
    simulation.at(trueTime(seconds(1)), () => card.stall(millis(80)));
    simulation.run(trueTime(seconds(1.3)));
    expect(card.counters()).toMatchObject({ underruns: 1, writtenFrames: 16_000 });
    const { playedFrames, clearedFrames } = card.counters();
    expect(playedFrames + clearedFrames).toBe(16_000);
    expect(heard.at(-1)?.at).toBeLessThan(seconds(1.1));
    write(800);
    simulation.run(trueTime(seconds(1.4)));
    expect(card.counters().clearedFrames).toBe(clearedFrames + 800);
    card.clear();
    write(800);
    simulation.run(trueTime(seconds(1.8)));
    expect(heard.filter(({ at }) => at > seconds(1.4))).toHaveLength(800);
    expect(new Set(records().map(({ run }) => run))).toEqual(new Set([0, 1]));
  });

  /** A card that ran dry at 1 s because its thread was held up, 60 ms after that. */
  function ranDry() {
    const room = playing({ periodMs: 15, periods: 6, queueMs: 3_000 });
    room.write(16_000);
    room.simulation.at(trueTime(seconds(1)), () => room.card.stall(millis(100)));
    room.simulation.run(trueTime(seconds(1.16)));
    const { resumableFrame = -1, writtenFrames } = room.card.counters();
    const { at = 0, cardFrame = 0 } = room.records().at(-1) ?? {};
    const whenHeard = (frame: number) => at + ((frame - cardFrame) * 1e6) / RATE;
    return { ...room, resumableFrame, writtenFrames, whenHeard };
  }

  test("that ran dry goes on soon, with the frame that is named, when its records say", () => {
    const { simulation, card, heard, write, records, whenHeard, ...found } = ranDry();
    const resumed = found.resumableFrame + 24;
    card.resume(resumed);
    write(800);
    simulation.run(trueTime(seconds(1.5)));
    const from = heard.findIndex(({ frame }) => frame === found.writtenFrames + 1);
    expect(heard.slice(from).map(({ frame }) => frame)).toEqual(
      Array.from({ length: 800 }, (_, index) => found.writtenFrames + 1 + index),
    );
    const at = heard[from]?.at ?? 0;
    expect(Math.abs(at - whenHeard(resumed))).toBeLessThan(150);
    expect(at).toBeLessThan(seconds(1.16) + millis(20));
    const told = records().filter(({ frame }) => frame >= found.writtenFrames);
    expect(told.length).toBeGreaterThan(2);
    expect(told.map(({ frame, cardFrame }) => cardFrame - frame)).toEqual(
      told.map(() => resumed - found.writtenFrames),
    );
  });

  test.each(["by who does not know that", "too late"])(
    "that ran dry plays nothing when it is resumed %s",
    (why) => {
      const { simulation, card, heard, write, resumableFrame } = ranDry();
      const before = heard.length;
      const { shortCallbacks } = card.counters();
      if (why === "too late") card.resume(resumableFrame - 400);
      else {
        simulation.at(trueTime(seconds(1.17)), () => card.stall(millis(100)));
        simulation.run(trueTime(seconds(1.3)));
        card.resume(resumableFrame + 4_000);
      }
      write(800);
      simulation.run(trueTime(seconds(2)));
      expect(heard).toHaveLength(before);
      expect(card.counters().shortCallbacks).toBe(shortCallbacks + (why === "too late" ? 1 : 0));
    },
  );

  test("fades out of what is cleared, and what comes next is where its records say", () => {
    const { simulation, card, heard, write, records } = playing({ queueMs: 3_000 });
    write(8_000);
    simulation.run(trueTime(millis(500)));
    records();
    card.clear();
    write(8_000);
    simulation.run(trueTime(seconds(1)));
    const { clearedFrames } = card.counters();
    expect(clearedFrames).toBeGreaterThan(3_000);
    const from = heard.findIndex(({ frame }) => frame === 8_001);
    const faded = heard.slice(from - 40, from).map(({ frame }) => frame);
    expect(faded).toEqual([...faded].sort((a, b) => b - a));
    expect(heard.slice(from, from + 3_000).map(({ frame }) => frame)).toEqual(
      Array.from({ length: 3_000 }, (_, index) => 8_001 + index),
    );
    const told = records().filter(({ frame }) => frame >= 8_000);
    expect(told.length).toBeGreaterThan(30);
    for (const { frame, at } of told.slice(0, 30)) {
      expect(Math.abs(at - (heard[from + frame - 8_000]?.at ?? 0))).toBeLessThan(300);
    }
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
    card.wakeUp();
    card.clear();
    write(400);
    simulation.run(trueTime(seconds(5.5)));
    expect(card.counters().underruns).toBe(1);
    expect(heard.at(-1)?.at ?? 0).toBeGreaterThan(seconds(5));
  });
});
