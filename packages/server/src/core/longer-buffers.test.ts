import { seconds, serverInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { streamOf } from "../../test/server-rig.ts";
import { LongerBuffers } from "./longer-buffers.ts";

const MUSIC = streamOf("music", { bufferMs: 1_000, bufferMaxMs: 2_500 });
const at = (second: number) => serverInstant(seconds(second));

test("what is too little is made longer, once", () => {
  const buffers = new LongerBuffers();
  expect(buffers.of(MUSIC)).toBe(1_000);
  expect(buffers.tooSmall(MUSIC)).toBe(true);
  expect(buffers.of(MUSIC)).toBe(2_500);
  expect(buffers.tooSmall(MUSIC)).toBe(false);
});

test("a stream that may not grow stays as it is", () => {
  const buffers = new LongerBuffers();
  const stream = streamOf("tv", { bufferMs: 100 });
  expect(buffers.tooSmall(stream)).toBe(false);
  expect(buffers.of(stream)).toBe(100);
});

test("a pause between two songs changes nothing; after ten minutes it is as it is set", () => {
  const buffers = new LongerBuffers();
  buffers.tooSmall(MUSIC);
  buffers.status("music", "idle", at(10));
  expect(buffers.status("music", "playing", at(20))).toBe(false);
  buffers.status("music", "idle", at(30));
  expect(buffers.status("music", "playing", at(631))).toBe(true);
  expect(buffers.of(MUSIC)).toBe(1_000);
});
