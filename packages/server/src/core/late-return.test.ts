import { after, between, type Micros, millis, serverInstant, toMillis } from "@tutti/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { streamOf } from "../../test/server-rig.ts";
import { Stream } from "./stream.ts";
import type { StreamOutput } from "./stream-output.ts";

/* A live writer of numbered blocks of 10 ms that is late, or pauses; and when each block is heard. */

const START = serverInstant(50_000_000);
const BLOCK = millis(10);

let stream: Stream;
let now = START;
/** By number of the block: when its chunk was recorded, by its stamp, after START. (ms) */
let stamps: Map<number, number>;
let gaps: number[];
/** The number of the writer's next block, and when it is due. */
let block: number;
let due = START;
/** Of how many ms the writer writes blocks together. */
let together: number;

function begin(bufferMs: number): void {
  const encode = (pcm: Uint8Array) => [{ payload: pcm, frames: pcm.length / 4 }];
  const makeEncoder = () => ({ codec: "pcm", header: new Uint8Array(0), encode, close() {} });
  stream = new Stream(streamOf("music", { bufferMs, chunkMs: 10 }), { makeEncoder });
  stream.attach({ name: "pcm" }, START);
  now = START;
  due = after(START, BLOCK);
  stamps = new Map();
  gaps = [];
  block = 1;
  together = 1;
}

/** The block of a chunk is told by its last frame: the first ones may be faded. */
function take(outputs: readonly StreamOutput[]): void {
  for (const output of outputs) {
    if (output.kind === "event" && output.event.kind === "gap in source") {
      gaps.push(output.event.lostMs);
    }
    if (output.kind !== "audio") continue;
    const { bytes, recordedAt } = output.message;
    const number = new DataView(bytes.buffer, bytes.byteOffset).getInt16(bytes.length - 4, true);
    if (number > 0) stamps.set(number, Math.round(toMillis(between(START, recordedAt))));
  }
}

function pass(until: typeof START): void {
  for (let at = stream.deadline; at !== undefined && at <= until; at = stream.deadline) {
    now = serverInstant(Math.max(at, now));
    take(stream.pass(now));
  }
  now = until;
}

function come(count: number, kind: "drained" | "held back" = "drained"): void {
  const pcm = new Uint8Array(count * 1_920);
  const samples = new Int16Array(pcm.buffer);
  for (let at = 0; at < count; at++) samples.fill(block++, at * 960, (at + 1) * 960);
  take(stream.pcm(pcm, { kind }, now));
}

/** Writes all that is due by now. */
function write(): void {
  let count = 0;
  for (; due <= now; due = after(due, (BLOCK * together) as Micros)) count += together;
  if (count > 0) come(count);
}

function play(ms: number): void {
  const until = after(now, millis(ms));
  while (due <= until) {
    pass(due);
    write();
  }
  pass(until);
}

/** How much later than it was recorded each block of the last second counts as recorded, at the most. (ms) */
function moved(): number {
  const last = [...stamps].filter(([number]) => number > block - 100);
  return Math.max(...last.map(([number, ms]) => ms - 10 * (number - 1)));
}

function missing(): number[] {
  return Array.from({ length: block - 1 }, (_, at) => at + 1).filter((each) => !stamps.has(each));
}

describe("with 60 ms from recording to hearing", () => {
  beforeEach(() => {
    begin(60);
    play(2_003);
  });

  test("a source that is late by 45 ms goes on at its old time", () => {
    pass(after(now, millis(45)));
    write();
    play(1_500);
    expect(moved()).toBe(0);
    expect(missing()).toEqual([201, 202, 203, 204, 205]);
    expect(gaps).toEqual([50]);
  });

  test("one that was late and writes 20 ms at once does so too", () => {
    begin(60);
    together = 2;
    due = after(START, millis(20));
    play(2_003);
    pass(after(now, millis(57)));
    write();
    play(1_500);
    expect(moved()).toBe(0);
    expect(missing().length).toBeLessThanOrEqual(8);
  });

  test("one that paused for 45 ms goes on where it was, as much later", () => {
    pass(after(now, millis(45)));
    due = now;
    play(1_500);
    expect(missing()).toEqual([]);
    expect(moved()).toBeGreaterThanOrEqual(30);
    expect(moved()).toBeLessThanOrEqual(50);
    expect(gaps).toHaveLength(1);
  });

  test("of the next writer, who waits for us, nothing is left out", () => {
    pass(after(now, millis(45)));
    for (let count = 0; count < 20; count++) come(2, "held back");
    for (let count = 0; count < 150; count++) {
      pass(after(now, BLOCK));
      while (stream.sourceWait(now) <= 0) come(1, "held back");
    }
    expect(missing().filter((each) => each < block - 2)).toEqual([]);
  });

  test("nothing is lost where the whole machine stood still for 40 ms, and the source comes last", () => {
    now = after(now, millis(40));
    take(stream.pass(now));
    pass(after(now, millis(8)));
    write();
    play(1_500);
    expect(missing()).toEqual([]);
    expect(moved()).toBe(0);
    expect(gaps).toEqual([]);
  });

  test("nor where it stood still for 90 ms, and the pipe is read first", () => {
    now = after(now, millis(90));
    write();
    play(1_500);
    expect(missing()).toEqual([]);
    expect(moved()).toBe(0);
  });
});

describe("with a second from recording to hearing", () => {
  beforeEach(() => {
    begin(1_000);
    play(2_003);
  });

  test.each([200, 380])("nothing is heard of a source that is late by %i ms", (ms) => {
    pass(after(now, millis(ms)));
    write();
    play(1_500);
    expect(missing()).toEqual([]);
    expect(moved()).toBe(0);
    expect(gaps).toEqual([]);
  });

  test("of one that is late by half a second some 150 ms are silent, and it keeps its time", () => {
    pass(after(now, millis(480)));
    write();
    play(1_500);
    expect(moved()).toBe(0);
    expect(missing().length).toBeLessThanOrEqual(15);
    expect(gaps.map((ms) => ms / 10)).toEqual([missing().length]);
  });

  test("one that paused for 300 ms goes on where it was", () => {
    pass(after(now, millis(300)));
    due = now;
    play(1_500);
    expect(missing()).toEqual([]);
    expect(moved()).toBeGreaterThan(280);
    expect(moved()).toBeLessThan(320);
    expect(gaps).toHaveLength(1);
  });
});

test("a card that is late for 60 ms of 60 is put where it says", () => {
  begin(60);
  const capture = () => {
    const pcm = new Uint8Array(new Int16Array(960).fill(block++).buffer);
    const at = after(now, millis(-20));
    take(stream.pcm(pcm, { kind: "captured", at }, now));
  };
  for (let count = 0; count < 200; count++) {
    pass(after(now, BLOCK));
    capture();
  }
  pass(after(now, millis(60)));
  const back = now;
  for (let count = 6; count > 0; count--) {
    now = after(back, millis(-10 * (count - 1)));
    capture();
  }
  now = back;
  for (let count = 0; count < 100; count++) {
    pass(after(now, BLOCK));
    capture();
  }
  expect(moved() + 10).toBe(0);
  // What it records is 20 ms old when it comes, and silence was 10 ahead.
  expect(missing().length).toBeLessThanOrEqual(9);
});

test("a source that writes 100 ms at once, up to 40 ms late, has not paused when it comes after 175 ms", () => {
  begin(600);
  together = 10;
  due = after(START, millis(100));
  for (const lateMs of [...Array.from({ length: 40 }, (_, turn) => (turn * 17) % 41), 75, 40]) {
    pass(after(due, millis(lateMs)));
    write();
  }
  play(1_500);
  expect(gaps).toEqual([]);
  expect(missing()).toEqual([]);
});

test.each([
  ["was late by 140 ms, seconds ago", 140, 2_000],
  ["was away for 200 ms, just now", 200, 100],
])("with 600 ms a pause of 190 is one, of a source that %s", (_, lateMs, agoMs) => {
  begin(600);
  play(2_003);
  pass(after(now, millis(lateMs)));
  write();
  play(agoMs);
  expect(moved()).toBe(0);
  pass(after(now, millis(190)));
  due = now;
  play(1_500);
  expect(moved()).toBeGreaterThan(170);
  expect(gaps).toHaveLength(1);
});
