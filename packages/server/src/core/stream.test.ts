import {
  after,
  between,
  decodeMessage,
  durationOf,
  frames,
  MessageSplitter,
  millis,
  type SampleFormat,
  type ServerInstant,
  serverInstant,
} from "@tutti/protocol";
import type { StreamConfig } from "@tutti/protocol/config";
import { describe, expect, test } from "vitest";
import type { Encoder } from "./ports.ts";
import type { AudioMessage } from "./rendition.ts";
import { Stream } from "./stream.ts";
import type { StreamOutput } from "./stream-output.ts";

const FORMAT: SampleFormat = { rateHz: 48_000, bits: 16, channels: 1 };
const CONFIG: StreamConfig = {
  name: "music",
  source: { kind: "demo" },
  uri: { scheme: "demo", host: "", path: "", fragment: "", query: {}, raw: "demo://" },
  codec: { name: "pcm" },
  sampleFormat: FORMAT,
  chunkMs: 20,
  bufferMs: 1_000,
  profile: "music",
  idleThresholdMs: 500,
};
const START = serverInstant(10_000_000);

/** PCM as it is, in packets of `packetFrames`. */
function encoderOf(packetFrames: number): Encoder {
  let held: number[] = [];
  return {
    codec: "pcm",
    header: new Uint8Array(0),
    encode: (pcm) => {
      held.push(...pcm);
      const packets = [];
      for (; held.length >= packetFrames * 2; held = held.slice(packetFrames * 2)) {
        const payload = Uint8Array.from(held.slice(0, packetFrames * 2));
        packets.push({ payload, frames: packetFrames });
      }
      return packets;
    },
    close: () => {},
  };
}

/** A stream with one listener and a clock; collects what goes out. */
class Rig {
  now: ServerInstant = START;
  readonly stream: Stream;
  readonly heard: AudioMessage[] = [];
  readonly events: string[] = [];
  encoders = 0;

  constructor(config: Partial<StreamConfig> = {}, packetFrames = 960) {
    const makeEncoder = () => {
      this.encoders++;
      return encoderOf(packetFrames);
    };
    this.stream = new Stream({ ...CONFIG, ...config }, { makeEncoder });
    this.stream.attach({ name: "pcm" }, this.now);
  }

  /** Lets time pass, waking the stream when it wants. */
  pass(ms: number): void {
    const until = after(this.now, millis(ms));
    for (
      let at = this.stream.deadline;
      at !== undefined && at <= until;
      at = this.stream.deadline
    ) {
      this.now = serverInstant(Math.max(at, this.now));
      this.take(this.stream.pass(this.now));
    }
    this.now = until;
  }

  /** A live writer's next 20 ms, each sample of `level`. */
  live(level: number, ms = 20): void {
    this.pass(ms);
    this.take(this.stream.pcm(pcmOf(level, 960), { kind: "drained" }, this.now));
  }

  take(outputs: readonly StreamOutput[]): void {
    for (const output of outputs) {
      if (output.kind === "audio") this.heard.push(output.message);
      if (output.kind === "event") this.events.push(output.event.kind);
    }
  }

  get samples(): number[] {
    return this.heard.flatMap(({ bytes }) => samplesIn(bytes));
  }
}

/** As the shell may hand it in: Node's kind of array, and not where samples are aligned. */
function pcmOf(level: number, count: number): Uint8Array {
  const pcm = new Uint8Array(new Int16Array(count).fill(level).buffer);
  return Buffer.concat([Buffer.alloc(1), pcm]).subarray(1);
}

function samplesIn(bytes: Uint8Array): number[] {
  const samples: number[] = [];
  new MessageSplitter().push(bytes.slice(), (raw) => {
    const message = decodeMessage(raw);
    if (message.kind === "chunk") {
      samples.push(...new Int16Array(message.payload.slice().buffer));
    }
  });
  return samples;
}

/** Where stamps do not follow each other by the length of a chunk, give or take a microsecond or two. */
function breaks(messages: readonly AudioMessage[], chunk = millis(20)): number[] {
  return messages
    .slice(1)
    .map(({ recordedAt }, i) => between(messages[i]?.recordedAt ?? recordedAt, recordedAt) - chunk)
    .filter((off) => Math.abs(off) > 2);
}

/** Largest step between neighbouring samples. */
function step(samples: readonly number[]): number {
  return Math.max(...samples.slice(1).map((sample, i) => Math.abs(sample - (samples[i] ?? 0))));
}

describe("a live source", () => {
  test("goes out chunk by chunk, stamped from one chunk before it came", () => {
    const rig = new Rig();
    for (let i = 0; i < 50; i++) rig.live(100 + i);

    expect(rig.heard).toHaveLength(50);
    expect(rig.heard[0]?.recordedAt).toBe(START);
    expect(breaks(rig.heard)).toEqual([]);
    expect(rig.samples.filter((_, at) => at % 960 === 0)).toEqual(
      Array.from({ length: 50 }, (_, i) => 100 + i),
    );
    expect(rig.events).toEqual(["stream playing"]);
  });

  test("is stamped from when it was recorded, whatever lay in the pipe and came late at first", () => {
    const rig = new Rig();
    rig.now = after(START, millis(307));
    const old = Array.from({ length: 14 }, () => ({ kind: "held back" }) as const);
    for (const arrival of old) rig.take(rig.stream.pcm(pcmOf(100, 960), arrival, rig.now));
    rig.take(rig.stream.pcm(pcmOf(100, 960), { kind: "drained" }, rig.now));
    rig.now = after(START, millis(300));
    for (let i = 0; i < 20; i++) rig.live(100);

    expect(rig.heard).toHaveLength(35);
    expect(rig.heard[0]?.recordedAt).toBe(START);
    expect(breaks(rig.heard)).toEqual([]);
  });

  test("that stops in its first moments is heard whole", () => {
    const rig = new Rig();
    for (let i = 0; i < 3; i++) rig.live(100);
    expect(rig.heard).toHaveLength(0);
    rig.pass(1_000);

    expect(rig.samples.slice(0, 3 * 960).every((sample) => sample === 100)).toBe(true);
    expect(rig.heard[0]?.recordedAt).toBeCloseTo(START, -1);
    expect(breaks(rig.heard)).toEqual([]);
  });

  test("that pauses for 200 ms goes on as if nothing had been", () => {
    const rig = new Rig();
    for (let i = 0; i < 20; i++) rig.live(100);
    rig.live(100, 220);
    for (let i = 0; i < 20; i++) rig.live(100);

    expect(breaks(rig.heard)).toEqual([]);
    expect(rig.samples.every((sample) => sample === 100)).toBe(true);
    expect(rig.events).toEqual(["stream playing"]);
  });

  test("that stops is followed by a fade, silence for two seconds, then nothing", () => {
    const rig = new Rig();
    for (let i = 0; i < 20; i++) rig.live(10_000);
    rig.pass(10_000);

    expect(breaks(rig.heard)).toEqual([]);
    expect(step(rig.samples)).toBeLessThan(100);
    expect(rig.samples.at(-1)).toBe(0);
    expect(rig.heard.length).toBeGreaterThan(20 + 99);
    expect(rig.heard.length).toBeLessThan(20 + 115);
    expect(rig.events).toEqual(["stream playing", "stream idle"]);
    expect(rig.stream.deadline).toBeUndefined();
  });

  test("that stops with the whole process for an hour leaves no hour of silence behind", () => {
    const rig = new Rig();
    for (let count = 0; count < 50; count++) rig.live(1_000);
    const before = rig.heard.length;
    rig.now = after(rig.now, millis(3_600_000));
    rig.take(rig.stream.pass(rig.now));
    expect(rig.heard.length - before).toBeLessThan(150);
    for (let count = 0; count < 10; count++) rig.live(1_000);
    expect(rig.heard.at(-1)?.recordedAt).toBeGreaterThan(rig.now - 100_000);
  });

  test("that is not read for 460 ms, because this process stood still, loses nothing", () => {
    const rig = new Rig();
    for (let i = 0; i < 20; i++) rig.live(100);
    rig.now = after(rig.now, millis(460));
    rig.take(rig.stream.pass(rig.now));
    for (let i = 0; i < 23; i++) {
      rig.take(rig.stream.pcm(pcmOf(100, 960), { kind: "held back" }, rig.now));
    }
    for (let i = 0; i < 20; i++) rig.live(100);

    expect(breaks(rig.heard)).toEqual([]);
    expect(rig.samples.every((sample) => sample === 100)).toBe(true);
  });

  test("that has stopped when this process wakes up is found out soon after", () => {
    const rig = new Rig();
    for (let i = 0; i < 20; i++) rig.live(10_000);
    rig.now = after(rig.now, millis(400));
    rig.take(rig.stream.pass(rig.now));
    rig.pass(100);

    expect(rig.samples.at(-1)).toBe(0);
    expect(step(rig.samples)).toBeLessThan(100);
  });

  test("whose bytes are read before the deadline after an hour begins anew", () => {
    const rig = new Rig();
    for (let i = 0; i < 20; i++) rig.live(10_000);
    rig.now = after(rig.now, millis(3_600_000));
    rig.take(rig.stream.pcm(pcmOf(10_000, 960), { kind: "held back" }, rig.now));
    const late = rig.stream.sourceWait(rig.now);
    for (let i = 0; i < 20; i++) rig.live(10_000);

    expect(late).toBeLessThanOrEqual(0);
    expect(rig.heard.length).toBeLessThan(150);
    const last = rig.heard.at(-1)?.recordedAt ?? START;
    expect(Math.abs(between(last, rig.now))).toBeLessThan(millis(100));
  });

  test("that comes back in the silence follows it without a gap, and without a click", () => {
    const rig = new Rig();
    for (let i = 0; i < 20; i++) rig.live(10_000);
    rig.pass(900);
    for (let i = 0; i < 20; i++) rig.live(10_000);

    expect(breaks(rig.heard)).toEqual([]);
    expect(step(rig.samples)).toBeLessThan(100);
    expect(rig.samples.at(-1)).toBe(10_000);
    expect(rig.events).toEqual(["stream playing", "stream idle", "stream playing"]);
  });

  test("that comes back later gets a new anchor", () => {
    const rig = new Rig();
    for (let i = 0; i < 20; i++) rig.live(100);
    rig.pass(5_000);
    rig.heard.length = 0;
    for (let i = 0; i < 10; i++) rig.live(100);

    expect(rig.heard[0]?.recordedAt).toBe(after(rig.now, millis(-200)));
  });

  test("that is silent for long is not sent, and keeps its time", () => {
    const rig = new Rig();
    for (let i = 0; i < 20; i++) rig.live(100);
    for (let i = 0; i < 500; i++) rig.live(0);
    const quiet = rig.heard.length;
    for (let i = 0; i < 5; i++) rig.live(100);

    expect(quiet).toBeLessThan(20 + 103);
    const last = rig.heard.at(-1)?.recordedAt ?? START;
    expect(between(START, last)).toBeCloseTo(524 * 20_000, -1);
    expect(rig.events).toEqual(["stream playing", "stream idle", "stream playing"]);
  });
});

test("a capture clock's gap is filled with silence, so that what follows keeps its time", () => {
  const rig = new Rig();
  for (let i = 0; i < 10; i++) captured(rig, i * 20);
  for (let i = 20; i < 30; i++) captured(rig, i * 20);

  expect(breaks(rig.heard)).toEqual([]);
  expect(rig.heard).toHaveLength(30);
  expect(rig.heard[25]?.recordedAt).toBeCloseTo(after(START, millis(500)), -1);
  expect(rig.events).toContain("gap in source");
});

function captured(rig: Rig, ms: number): void {
  const at = after(START, millis(ms));
  rig.now = after(at, millis(25));
  rig.take(rig.stream.pcm(pcmOf(100, 960), { kind: "captured", at }, rig.now));
}

describe("the fallback", () => {
  const feed = (rig: Rig) => {
    while (rig.stream.fallbackWait(rig.now) <= 0) {
      rig.take(rig.stream.fallback(pcmOf(5_000, 960), rig.now));
    }
    rig.pass(20);
  };

  test("plays from the start, fades for the source at once, and comes back when that is idle", () => {
    const rig = new Rig({ fallback: "demo" });
    expect(rig.stream.fallbackWanted).toBe(true);
    for (let i = 0; i < 20; i++) feed(rig);
    const before = rig.samples.length;
    for (let i = 0; i < 30; i++) rig.live(8_000);
    const first = rig.samples.indexOf(8_000);
    expect(first - before).toBeLessThan(960 + 2 * 480);
    expect(rig.stream.fallbackWanted).toBe(false);
    rig.pass(600);
    expect(rig.stream.fallbackWanted).toBe(true);
    for (let i = 0; i < 20; i++) feed(rig);

    expect(rig.samples.at(-1)).toBe(5_000);
    expect(step(rig.samples)).toBeLessThan(100);
    expect(breaks(rig.heard)).toEqual([]);
    expect(rig.events).toEqual(["stream playing", "stream idle"]);
  });

  test("owes nothing for the hour in which this process stood still", () => {
    const rig = new Rig({ fallback: "demo" });
    for (let i = 0; i < 20; i++) feed(rig);
    const before = rig.heard.length;
    rig.now = after(rig.now, millis(3_600_000));
    for (let i = 0; i < 5; i++) feed(rig);

    expect(rig.heard.length - before).toBeLessThan(10);
    const last = rig.heard.at(-1)?.recordedAt ?? START;
    expect(Math.abs(between(last, rig.now))).toBeLessThan(millis(100));
  });

  test("goes on under a source that sends silence, which is read in real time", () => {
    const rig = new Rig({ fallback: "demo" });
    let read = 0;
    for (let i = 0; i < 50; i++) {
      feed(rig);
      while (rig.stream.sourceWait(rig.now) <= 0) {
        rig.take(rig.stream.pcm(pcmOf(0, 960), { kind: "held back" }, rig.now));
        read++;
      }
    }

    expect(read).toBeGreaterThan(50);
    expect(read).toBeLessThan(60);
    expect(rig.samples.at(-1)).toBe(5_000);
    expect(rig.events).toEqual([]);
  });
});

test("who joins gets what is still to be heard, encoded once for all of the same coding", () => {
  const rig = new Rig();
  for (let i = 0; i < 100; i++) rig.live(100 + i);
  const rendition = rig.stream.attach({ name: "flac" }, rig.now);
  const again = rig.stream.attach({ name: "flac" }, rig.now);
  const backlog = rendition.current(rig.now);

  expect(again).toBe(rendition);
  expect(rig.encoders).toBe(2);
  expect(backlog).toHaveLength(49);
  expect(breaks(backlog)).toEqual([]);
  const [oldest] = backlog;
  expect(oldest && between(oldest.recordedAt, rig.now)).toBeLessThan(millis(1_000));
});

test("with nobody listening nothing is encoded", () => {
  const rig = new Rig();
  const rendition = rig.stream.attach({ name: "opus" }, rig.now);
  rig.stream.detach(rendition);
  rig.live(100);
  rig.stream.attach({ name: "opus" }, rig.now);

  expect(rig.encoders).toBe(3);
});

test.each([
  ["one block for a chunk", 960],
  ["blocks that end within chunks", 1_152],
  ["several packets in a chunk", 240],
])("every packet is stamped with its own first frame: %s", (_, packetFrames) => {
  const rig = new Rig({}, packetFrames);
  for (let i = 0; i < 100; i++) rig.live(i + 1);
  const packet = durationOf(frames(packetFrames), FORMAT.rateHz);

  expect(rig.heard[0]?.recordedAt).toBe(START);
  expect(breaks(rig.heard, packet)).toEqual([]);
});
