import { after, between, frames, millis, serverInstant } from "@tutti/protocol";
import { parseServerConfig, type StreamConfig } from "@tutti/protocol/config";
import { expect, test } from "vitest";
import type { Encoder } from "./ports.ts";
import { Rendition } from "./rendition.ts";
import { Renditions } from "./renditions.ts";

const START = serverInstant(10_000_000);
const CHUNK = frames(960);

/** Gives back what it gets, chunk by chunk. */
const AS_IT_IS: Encoder = {
  codec: "pcm",
  header: new Uint8Array(0),
  encode: (pcm) => [{ payload: pcm, frames: CHUNK }],
  close() {},
};

test("a codec's own delay is taken off the stamps", () => {
  const encoder = { ...AS_IT_IS, delayFrames: 120 };
  const tally = { encodedBytes: 0, sentBytes: 0 };
  const rendition = new Rendition(encoder, {
    rateHz: 48_000,
    buffer: millis(1_000),
    tally,
    coding: "opus",
  });
  const pcm = new Uint8Array(2 * CHUNK).fill(1);
  const chunk = { first: frames(0), frames: CHUNK, pcm, recordedAt: START };

  expect(rendition.encode(chunk, START)[0]?.recordedAt).toBe(after(START, millis(-2.5)));
  const next = { ...chunk, first: CHUNK, recordedAt: after(START, millis(20)) };
  expect(rendition.encode(next, START)[0]?.recordedAt).toBe(after(START, millis(17.5)));
});

test("what is coded is kept for who may have to play later, and no longer", () => {
  const oldestMs = (bufferMaxMs?: number) => {
    const [config] = parseServerConfig({
      text: `streams: [{ source: "pipe:///a", codec: pcm${bufferMaxMs ? `, bufferMaxMs: ${bufferMaxMs}` : ""} }]\nbufferMs: 1000\nbufferMaxMs: 1000`,
    }).streams;
    const renditions = new Renditions(config as StreamConfig, () => AS_IT_IS);
    const rendition = renditions.attach({ name: "pcm" }, START);
    const pcm = new Uint8Array(4 * CHUNK);
    let now = START;
    for (let first = 0; first < 250 * CHUNK; first += CHUNK) {
      renditions.encode({ first: frames(first), frames: CHUNK, pcm, recordedAt: now }, now);
      now = after(now, millis(20));
    }
    return between(rendition.current(now)[0]?.recordedAt ?? now, now) / 1_000;
  };
  expect(oldestMs()).toBe(980);
  expect(oldestMs(2_500)).toBe(2_480);
});
