import { frames, type SampleFormat } from "@tutti/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Chunker } from "./chunker.ts";

const FORMAT: SampleFormat = { rateHz: 48_000, bits: 16, channels: 2 };
const FRAME_BYTES = 4;

/** Bytes that tell their place. */
function numbered(from: number, count: number): Uint8Array {
  const numbers = Uint32Array.from({ length: count }, (_, i) => from + i);
  return new Uint8Array(numbers.buffer);
}

test("however PCM comes in, it goes out in order, in equal chunks that know their first frame", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(100), { maxLength: 30 }),
      fc.integer({ min: 1, max: 64 }),
      (pieces, length) => {
        const chunker = new Chunker(FORMAT, frames(length));
        let pushed = 0;
        const chunks = pieces.flatMap((count) => {
          const out = chunker.push(numbered(pushed, count), frames(pushed));
          pushed += count;
          return out;
        });

        expect(chunks).toHaveLength(Math.floor(pushed / length));
        for (const [i, { first, frames: count, pcm }] of chunks.entries()) {
          expect({ first, count }).toEqual({ first: i * length, count: length });
          expect(pcm).toEqual(numbered(i * length, length));
        }
      },
    ),
  );
});

test("bytes pushed stay the caller's, who may use them again", () => {
  const chunker = new Chunker(FORMAT, frames(2));
  const read = numbered(7, 1);
  chunker.push(read, frames(0));
  read.fill(0xff);
  const [chunk] = chunker.push(numbered(8, 1), frames(1));

  expect(chunk?.pcm).toEqual(numbered(7, 2));
});

test("after a reset, what follows begins a chunk of its own", () => {
  const chunker = new Chunker(FORMAT, frames(4));
  chunker.push(numbered(0, 3), frames(0));
  chunker.reset();
  const [chunk] = chunker.push(numbered(100, 4), frames(100));

  expect(chunk?.first).toBe(100);
  expect(chunk?.pcm).toEqual(numbered(100, 4));
  expect(chunk?.pcm.length).toBe(4 * FRAME_BYTES);
});
