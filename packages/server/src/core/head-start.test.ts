import { after, between, millis, type ServerInstant, serverInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { streamOf } from "../../test/server-rig.ts";
import { Stream } from "./stream.ts";
import type { StreamOutput } from "./stream-output.ts";

const START = serverInstant(50_000_000);
/** 20 ms at 48 kHz, 16 bits, stereo. */
const CHUNK = new Uint8Array(3_840).fill(1);

/** A stream that somebody plays, and the stamps it gives. */
function listen(bufferMs = 1_000) {
  const encode = (pcm: Uint8Array) => [{ payload: pcm.slice(0, 4), frames: pcm.length / 4 }];
  const encoder = { codec: "pcm", header: new Uint8Array(0), encode, close: () => {} };
  const stream = new Stream(streamOf("music", { bufferMs }), { makeEncoder: () => encoder });
  stream.attach({ name: "pcm" }, START);
  const stamps: ServerInstant[] = [];
  const keep = (outputs: readonly StreamOutput[]) => {
    for (const output of outputs) {
      if (output.kind === "audio") stamps.push(output.message.recordedAt);
    }
  };
  const take = (kind: "held back" | "drained", now: ServerInstant) =>
    keep(stream.pcm(CHUNK, { kind }, now));
  /** Reads what a writer that waits for nobody but us would have us read now. */
  const readAll = (now: ServerInstant) => {
    while (stream.sourceWait(now) <= 0) take("held back", now);
  };
  return { stream, stamps, keep, take, readAll };
}

test("a source that waits for us fills half a buffer at once: its first frame is due after the other half", () => {
  for (const [bufferMs, aheadMs] of [
    [1_000, 500],
    [4_000, 2_000],
    [700, 200],
    [400, 20],
  ] as const) {
    const { stamps, readAll } = listen(bufferMs);
    readAll(START);
    expect(stamps[0]).toBe(after(START, millis(-aheadMs)));
    expect(stamps.map((at) => between(stamps[0] ?? at, at))).toEqual(
      stamps.map((_, chunk) => millis(20 * chunk)),
    );
  }
});

test("one that is not as quick as we are while the buffer is filled is not taken for a live one that pauses", () => {
  const { stream, stamps, take } = listen(2_500);
  for (let chunk = 0; chunk < 30; chunk++) take("held back", START);
  take("drained", after(START, millis(5)));
  for (let chunk = 0; chunk < 20; chunk++) take("held back", after(START, millis(30)));
  expect(stamps.map((at) => between(after(START, millis(-1_250)), at))).toEqual(
    Array.from({ length: 51 }, (_, chunk) => millis(20 * chunk)),
  );
  expect(stream.steady).toBe(false);
});

test("a live one that brought too much at first is known as such a second later", () => {
  const { stream, take } = listen(4_000);
  for (let chunk = 0; chunk < 30; chunk++) take("held back", START);
  for (let chunk = 1; chunk < 400; chunk++) take("drained", after(START, millis(20 * chunk)));
  expect(stream.steady).toBe(true);
});

test("a live one is due a whole buffer after it was recorded, however much of it lay in the pipe", () => {
  const { stamps, take } = listen();
  for (let chunk = 0; chunk < 17; chunk++) take(chunk < 16 ? "held back" : "drained", START);
  for (let chunk = 1; chunk < 10; chunk++) take("drained", after(START, millis(20 * chunk)));
  expect(Math.abs(between(START, stamps[16] ?? START))).toBeLessThanOrEqual(millis(20));
});

test("what comes again after a pause is stamped behind the silence that went out before", () => {
  const { stream, stamps, readAll, keep } = listen();
  readAll(START);
  let now = START;
  for (let at = stream.deadline; at !== undefined; at = stream.deadline) {
    now = serverInstant(Math.max(now, at));
    keep(stream.pass(now));
  }
  const silence = stamps.at(-1) ?? START;
  const again = stamps.length;
  readAll(after(now, millis(100)));
  const gap = between(silence, stamps[again] ?? START);
  expect(gap).toBeGreaterThanOrEqual(millis(20));
  expect(gap).toBeLessThan(millis(40));
});
