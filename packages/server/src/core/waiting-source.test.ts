import { after, between, millis, type ServerInstant, serverInstant } from "@tutti/protocol";
import type { StreamConfig } from "@tutti/protocol/config";
import { beforeEach, expect, test } from "vitest";
import type { AudioMessage } from "./rendition.ts";
import { Stream } from "./stream.ts";
import type { StreamOutput } from "./stream-output.ts";

/* What lies in a source when the server opens it: written while there was no server. */

const CONFIG: StreamConfig = {
  name: "music",
  source: { kind: "pipe", path: "/run/music", mode: "create" },
  uri: { scheme: "demo", host: "", path: "", fragment: "", query: {}, raw: "demo://" },
  codec: { name: "pcm" },
  sampleFormat: { rateHz: 48_000, bits: 16, channels: 1 },
  chunkMs: 20,
  bufferMs: 1_000,
  profile: "music",
  idleThresholdMs: 500,
};
const OPENED = serverInstant(10_000_000);

let stream: Stream;
let now: ServerInstant;
let heard: AudioMessage[];
function open(config = CONFIG): void {
  now = OPENED;
  heard = [];
  const encode = (pcm: Uint8Array) => [{ payload: pcm, frames: 960 }];
  const makeEncoder = () => ({ codec: "pcm", header: new Uint8Array(0), encode, close() {} });
  stream = new Stream(config, { makeEncoder });
  stream.attach({ name: "pcm" }, now);
}
beforeEach(() => open());

function take(outputs: readonly StreamOutput[]): void {
  for (const output of outputs) if (output.kind === "audio") heard.push(output.message);
}

function pass(ms: number): void {
  const until = after(now, millis(ms));
  for (let at = stream.deadline; at !== undefined && at <= until; at = stream.deadline) {
    now = serverInstant(Math.max(at, now));
    take(stream.pass(now));
  }
  now = until;
}

function sound(ms: number): Uint8Array {
  return new Uint8Array(new Int16Array(48 * ms).fill(100).buffer);
}

/** So much sound at once, and nothing left behind it. */
function come(ms: number): void {
  take(stream.pcm(sound(ms), { kind: "drained" }, now));
}

/** The same, which lay there already; the server before has not read for so long. */
function find(ms: number, unreadMs?: number): void {
  take(stream.found(sound(ms), unreadMs === undefined ? undefined : millis(unreadMs), now));
}

/** A writer at a pace of his own goes on for so long. */
function goOn(ms: number): void {
  for (let block = 0; block < ms / 20; block++) {
    pass(20);
    come(20);
  }
}

/** A writer that waits for room goes on for so long. */
function fill(ms: number): void {
  for (const until = after(now, millis(ms)); now < until; pass(5)) {
    while (stream.sourceWait(now) <= 0) take(stream.pcm(sound(20), { kind: "held back" }, now));
  }
}

/** From when to when what is heard was recorded, if nothing is missing between. */
function span(): readonly [first: ServerInstant, end: ServerInstant] {
  const stamps = heard.map(({ recordedAt }) => recordedAt);
  const first = stamps[0] ?? OPENED;
  for (const [at, stamp] of stamps.entries()) {
    expect(Math.abs(between(after(first, millis(20 * at)), stamp))).toBeLessThan(5);
  }
  return [first, after(first, millis(20 * stamps.length))];
}

test.each([300, 1_350])("a rest of old music of %i ms that nobody continues is not heard", (ms) => {
  find(ms);
  pass(5_000);
  expect(heard).toEqual([]);
  expect(stream.status).toBe("idle");
});

test("what is as short and comes later is somebody's chime", () => {
  pass(60);
  come(300);
  pass(1_000);
  expect(heard.length).toBeGreaterThan(14);
});

test("what a connection brings at once was written for this server", () => {
  open({ ...CONFIG, source: { kind: "tcp", mode: "client", host: "desk", port: 4_953 } });
  pass(10);
  come(300);
  pass(1_000);
  expect(heard.length).toBeGreaterThan(14);
});

test.each([300, 800])(
  "where the writer goes on, %i ms that waited are heard as old as they are",
  (ms) => {
    find(ms);
    goOn(200);
    expect(heard[0]?.recordedAt).toBe(after(OPENED, millis(-ms)));
    expect(heard).toHaveLength((ms + 200) / 20);
    expect(stream.sourceWait(now)).toBeLessThanOrEqual(0);
  },
);

test("what is too old to be heard by anybody is passed over, and the rest keeps its time", () => {
  find(1_350);
  goOn(200);
  const [first, end] = span();
  // The watch over the first arrivals takes 100 ms.
  expect(between(OPENED, first)).toBeGreaterThan(millis(-1_000));
  expect(between(OPENED, first)).toBeLessThan(millis(-850));
  expect(Math.abs(between(now, end))).toBeLessThan(millis(20));
});

test.each([
  { unreadMs: 200, aheadMs: -170, what: "right behind what the server before has stamped" },
  { unreadMs: 600, aheadMs: -500, what: "half a buffer back" },
  { unreadMs: undefined, aheadMs: -500, what: "half a buffer back" },
])(
  "of a writer that waits for room nothing is lost: unread for $unreadMs ms, it begins $what",
  (given) => {
    find(341, given.unreadMs);
    fill(300);
    const [first, end] = span();
    expect(between(OPENED, first)).toBe(millis(given.aheadMs));
    expect(between(now, end)).toBeGreaterThanOrEqual(0);
  },
);

test("a live writer goes on at its old time after this process stood still for longer than it is waited for", () => {
  find(100);
  goOn(8_000);
  const before = heard.length;
  // A pipe of two seconds, and nobody reads.
  now = after(now, millis(1_600));
  for (let block = 0; block < 80; block++) {
    const kind = block < 79 ? "held back" : "drained";
    take(stream.pcm(sound(20), { kind }, now));
  }
  goOn(400);
  const fresh = heard.slice(before);
  const [oldest, newest] = [fresh[0], fresh.at(-1)];
  expect(Math.abs(between(now, after(newest?.recordedAt ?? now, millis(20))))).toBeLessThan(
    millis(5),
  );
  expect(between(oldest?.recordedAt ?? now, now)).toBeGreaterThan(millis(1_200));
  expect(stream.sourceWait(now)).toBeLessThanOrEqual(0);
  expect(stream.steady).toBe(false);
});

test("a writer counts as steady after five seconds at a pace of its own, and not while it pauses", () => {
  goOn(4_900);
  expect(stream.steady).toBe(false);
  goOn(400);
  expect(stream.steady).toBe(true);
  pass(1_000);
  expect(stream.steady).toBe(false);
});

test("a writer that waits for room is never steady", () => {
  fill(10_000);
  expect(stream.steady).toBe(false);
});
