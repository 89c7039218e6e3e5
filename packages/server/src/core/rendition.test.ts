import { after, frames, millis, serverInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import type { Encoder } from "./ports.ts";
import { Rendition } from "./rendition.ts";

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
