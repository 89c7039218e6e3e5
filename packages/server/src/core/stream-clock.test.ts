import {
  after,
  between,
  type Frames,
  frames,
  framesIn,
  micros,
  millis,
  type ServerInstant,
  seconds,
  serverInstant,
} from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import { StreamClock } from "./stream-clock.ts";

const RATE = 48_000;
const CHUNK = frames(960);
const START = serverInstant(5_000_000);

interface Writer {
  /** Beyond nominal. (ppm) */
  readonly off: number;
  readonly burstMs: number;
  /** Bursts are of any length up to twice that. */
  readonly uneven?: boolean;
  /** A writer that looks at the clock only so often writes what it owes by then. (ms) */
  readonly tickMs?: number;
  /** Lateness of each burst: this in the mean, exponentially, and now and then a stall of ten times. (ms) */
  readonly jitterMs: number;
  /** Pipe that holds the writer back when it is full. (frames) */
  readonly pipe?: number;
}

interface Run {
  /** Of each chunk's first frame: its stamp, and when it was recorded. */
  readonly stamps: ServerInstant[];
  readonly recorded: ServerInstant[];
  /** How far each chunk's stamp lies behind the moment it was read. (us) */
  readonly lateness: number[];
  /** Most frames that waited in the pipe, in the last tenth of the run. */
  readonly waitingMax: number;
  readonly clock: StreamClock;
}

interface Burst {
  readonly ms: number;
  readonly frames: number;
}

/** What is written when. Never early; one that is late holds up those behind it. */
function* burstsOf(writer: Writer, random: () => number): Generator<Burst, never> {
  const { off, burstMs, jitterMs, uneven, tickMs = 0 } = writer;
  for (let [sum, before] = [0, 0]; ; ) {
    const length = Math.round((burstMs / 1_000) * RATE * (uneven ? 0.05 + 1.9 * random() : 1));
    sum += length;
    const due = ((sum / RATE) * 1_000) / (1 + off / 1e6);
    const seen = tickMs > 0 ? Math.ceil(due / tickMs) * tickMs : due;
    const stall = random() < 0.01 ? 10 * jitterMs * random() : 0;
    const late = stall - jitterMs * Math.log(1 - random());
    before = Math.max(before, seen + late);
    yield { ms: before, frames: length };
  }
}

/** A writer, a pipe and a reader as the pipe source is one. */
function play(writer: Writer, runSeconds: number, seed = 1): Run {
  const clock = new StreamClock(RATE);
  const bursts = burstsOf(writer, randomOf(seed));
  const run = { stamps: [] as ServerInstant[], recorded: [] as ServerInstant[] };
  const lateness: number[] = [];
  let [waiting, unstamped, waitingMax] = [0, 0, 0];
  const read = (now: ServerInstant) => {
    while (waiting >= 1 && clock.wait(now) <= 0) {
      if (!clock.running) clock.startAbout(after(now, millis(-20)), after(now, millis(100)));
      const taken = Math.min(Math.floor(waiting), CHUNK + 1);
      waiting -= taken;
      clock.arrive(frames(taken), { kind: taken <= CHUNK ? "drained" : "held back" }, now);
      for (unstamped += taken; clock.settled && unstamped >= CHUNK; unstamped -= CHUNK) {
        const first = frames(clock.count - unstamped);
        run.stamps.push(clock.stampOf(first));
        run.recorded.push(after(START, micros(((first / RATE) * 1e6) / (1 + writer.off / 1e6))));
        lateness.push(between(clock.stampOf(first), now));
      }
    }
  };
  for (let ms = 0; ms < runSeconds * 1_000; ) {
    const { ms: next, frames: burst } = bursts.next().value;
    // What is waited for is looked at each millisecond, as timers are.
    for (; Math.ceil(ms) < next || waiting + burst > (writer.pipe ?? 16_384); ms++) {
      if (ms > runSeconds * 900) waitingMax = Math.max(waitingMax, waiting);
      if (waiting > 0) read(after(START, millis(ms)));
    }
    waiting += burst;
    read(after(START, millis(Math.max(next, ms - 1))));
  }
  return { ...run, lateness, waitingMax, clock };
}

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** Deviations of neighbouring stamps from 20 ms. (ppm) */
function unevenness(stamps: readonly ServerInstant[]): number {
  return Math.max(
    ...stamps.slice(1).map((at, i) => Math.abs(at - (stamps[i] ?? at) - 20_000) / 0.02),
  );
}

/** How far stamps lie behind the recording, from the first second on. (us) */
function shifts({ stamps, recorded }: Run): number[] {
  return stamps.map((at, i) => between(recorded[i] ?? at, at)).slice(50);
}

/** Farthest that numbers, evenly spaced, lie from the straight line through them. */
function bend(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let [xx, xy] = [0, 0];
  for (const [i, value] of values.entries()) {
    xx += (i - middle) ** 2;
    xy += (i - middle) * value;
  }
  return Math.max(...values.map((value, i) => Math.abs(value - mean - ((i - middle) * xy) / xx)));
}

/** Largest error of the stamps' rate over 10 s, from `from` on. (ppm) */
function rateError(run: Run, fromSeconds: number): number {
  const late = shifts(run).slice((fromSeconds - 1) * 50);
  return Math.max(...late.slice(500).map((shift, i) => Math.abs(shift - (late[i] ?? 0)) / 10));
}

function span(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

describe.each([5, 20, 100])(
  "a live writer in bursts of %i ms, late by 1 ms and at times by 10",
  (burstMs) => {
    test("that is exact has stamps on a straight line from the first second on", () => {
      for (const seed of SEEDS) {
        const run = play({ off: 0, burstMs, jitterMs: 1 }, 90, seed);
        expect(bend(shifts(run))).toBeLessThan(burstMs > 20 ? 45 : 12);
        expect(rateError(run, 10)).toBeLessThan(burstMs > 20 ? 3 : 1.1);
        expect(Math.abs(shifts(run).at(-1) ?? 0)).toBeLessThan(burstMs > 20 ? 1_500 : 300);
      }
    });

    test.each([100, -100])("that is off by %i ppm is followed with the same latency", (off) => {
      for (const seed of SEEDS) {
        const run = play({ off, burstMs, jitterMs: 1 }, 90, seed);
        expect(rateError(run, 30)).toBeLessThan(burstMs > 20 ? 2.6 : 1);
        // A rate not met before is believed only after seconds; until then the latency moves with it.
        expect(span(shifts(run))).toBeLessThan(burstMs > 20 ? 1_050 : 520);
        expect(unevenness(run.stamps)).toBeLessThan(110);
      }
    });
  },
);

const LIVE: [name: string, writer: Writer][] = [
  ["+200 ppm in bursts of 100 ms", { off: 200, burstMs: 100, jitterMs: 5 }],
  ["-200 ppm in bursts of 125 ms", { off: -200, burstMs: 125, jitterMs: 5 }],
  ["+50 ppm in bursts of 5 ms", { off: 50, burstMs: 5, jitterMs: 2 }],
  ["bursts longer than a pipe's usual fill", { off: 100, burstMs: 200, jitterMs: 5 }],
  [
    "blocks of 1 to 39 ms, as decoders give them",
    { off: 40, burstMs: 20, uneven: true, jitterMs: 2 },
  ],
  ["blocks of 5 to 195 ms", { off: -30, burstMs: 100, uneven: true, jitterMs: 5 }],
  ["packets of 24 ms by a clock of 10 ms", { off: -40, burstMs: 24, tickMs: 10, jitterMs: 1 }],
  ["packets of 24 ms by a clock of 50 ms", { off: 15, burstMs: 24, tickMs: 50, jitterMs: 2 }],
];

test.each(LIVE)("follows a live writer smoothly and without growing latency: %s", (_, writer) => {
  const run = play(writer, 600);

  expect(Math.abs(run.clock.rate - writer.off)).toBeLessThan(4);
  expect(unevenness(run.stamps)).toBeLessThan(Math.abs(writer.off) + 40);
  expect(run.waitingMax).toBeLessThan(framesIn(millis(writer.burstMs + 25), RATE));
  // Stamps against the recording, and not against the reading: that is as late as the writer's burst,
  // the rest of a chunk and a stall, whatever the clock does.
  expect(Math.max(...shifts(run).slice(-1_000).map(Math.abs))).toBeLessThan(6_000);
});

test("paces a writer that is faster than real time, exactly by the server's clock", () => {
  const run = play({ off: 5_000_000, burstMs: 20, jitterMs: 0 }, 60);

  expect(run.waitingMax).toBeGreaterThan(15_000);
  expect(run.clock.rate).toBeCloseTo(0, 0);
  expect(unevenness(run.stamps)).toBeLessThan(0.01);
  expect(Math.min(...run.lateness.slice(-1_000))).toBeGreaterThan(-1_000);
  expect(Math.max(...run.lateness.slice(-1_000))).toBeLessThan(21_000);
});

test("a reader that is a few milliseconds late restamps nothing", () => {
  const clock = new StreamClock(RATE);
  clock.start(START);
  const stamps = Array.from({ length: 200 }, (_, i) => {
    const first = clock.count;
    const late = i === 100 ? 7 : 0;
    clock.arrive(CHUNK, { kind: "drained" }, after(START, millis(20 * (i + 1) + late)));
    return clock.stampOf(first);
  });

  expect(unevenness(stamps)).toBeLessThan(0.01);
});

test("a writer that pauses for 100 ms keeps its stamps, and the rate does not suffer", () => {
  const clock = new StreamClock(RATE);
  clock.start(START);
  const arrivals = Array.from({ length: 3_000 }, (_, i) =>
    millis(20 * (i + 1) + (i > 1_500 ? 100 : 0)),
  );
  const stamps = arrivals.map((at) => {
    const first = clock.count;
    clock.arrive(CHUNK, { kind: "drained" }, after(START, at));
    return clock.stampOf(first);
  });

  expect(unevenness(stamps.slice(0, 1_500))).toBeLessThan(0.01);
  // What is recorded now has to be heard 100 ms later sooner or later: as slowly as a crystal's error.
  expect(unevenness(stamps)).toBeLessThan(51);
  expect(Math.abs(clock.rate)).toBeLessThan(1);
});

test("follows a capture clock and tells what it lost", () => {
  const clock = new StreamClock(RATE);
  clock.start(START);
  const capture = (count: Frames, at: ServerInstant) =>
    clock.arrive(count, { kind: "captured", at }, after(at, millis(12)));
  for (let i = 0; i < 30_000; i++) capture(CHUNK, after(START, micros(20_000 * i * (1 + 80e-6))));

  expect(clock.rate).toBeCloseTo(-80, 0);
  const due = after(START, micros(20_000 * 30_000 * (1 + 80e-6)));
  expect(Math.abs(between(due, clock.next))).toBeLessThan(20);
  expect(clock.lostBefore(after(due, millis(30)))).toBe(0);
  expect(clock.lostBefore(after(due, millis(100)))).toBeCloseTo(4_800, -1);
});

test("stamps go on from what was filled, whatever the source brings then", () => {
  const clock = new StreamClock(RATE);
  clock.start(START);
  clock.fill(frames(48_000));
  const before = clock.next;
  clock.relock();
  clock.arrive(frames(4_800), { kind: "drained" }, after(START, millis(990)));

  expect(before).toBe(after(START, seconds(1)));
  expect(clock.next).toBe(after(START, millis(1_100)));
  expect(clock.wait(after(START, millis(990)))).toBeLessThanOrEqual(0);
  expect(clock.wait(after(START, millis(690)))).toBeCloseTo(10_000, 5);
});
