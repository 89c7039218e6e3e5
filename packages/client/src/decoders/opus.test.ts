import { OpusEncoder } from "@discordjs/opus";
import { encodeOpusHeader, ProtocolError } from "@tutti/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeDecoder } from "./index.ts";
import { makeOpusDecoder } from "./opus.ts";

const HEADER = encodeOpusHeader({ rateHz: 48_000, bits: 16, channels: 2 });

/** Packets of 20 ms of a tone. */
function packets(count: number): Buffer[] {
  const encoder = new OpusEncoder(48_000, 2);
  return Array.from({ length: count }, (_, packet) => {
    const pcm = Buffer.alloc(960 * 4);
    for (let at = 0; at < 1_920; at++) {
      const frame = packet * 960 + (at >> 1);
      pcm.writeInt16LE(Math.round(16_000 * Math.sin(frame * 0.0576)), at * 2);
    }
    return encoder.encode(pcm);
  });
}

test("a packet of 20 ms becomes 960 frames, and a tone stays as loud as it was", () => {
  const decoder = makeOpusDecoder(HEADER);
  const decoded = packets(20).map((packet) => decoder.decode(packet));
  expect(new Set(decoded.map((samples) => samples.length))).toEqual(new Set([1_920]));
  const settled = decoded.slice(5).flatMap((samples) => [...samples]);
  const rms = Math.sqrt(settled.reduce((sum, value) => sum + value * value, 0) / settled.length);
  expect(rms).toBeCloseTo(16_000 / 32_768 / Math.SQRT2, 2);
});

describe("refused as the peer's fault", () => {
  test.each([
    ["an empty packet", () => makeOpusDecoder(HEADER).decode(new Uint8Array(0))],
    ["a packet longer than any", () => makeOpusDecoder(HEADER).decode(new Uint8Array(9_000))],
    [
      "a packet of 41 short frames, more than 120 ms",
      () =>
        makeOpusDecoder(HEADER).decode(
          Uint8Array.from([0xff, 41, ...new Array<number>(41).fill(0)]),
        ),
    ],
    [
      "44,100 Hz",
      () => makeOpusDecoder(encodeOpusHeader({ rateHz: 44_100, bits: 16, channels: 2 })),
    ],
    [
      "six channels",
      () => makeOpusDecoder(encodeOpusHeader({ rateHz: 48_000, bits: 16, channels: 6 })),
    ],
    ["half a header", () => makeOpusDecoder(HEADER.subarray(0, 7))],
    ["a codec that is not ours", () => makeDecoder("ogg", HEADER)],
    ["a codec named like a method of objects", () => makeDecoder("toString", HEADER)],
  ])("%s", (_, act) => {
    expect(act).toThrow(ProtocolError);
  });

  test("random bytes: refused, or at most 120 ms", () => {
    const decoder = makeOpusDecoder(HEADER);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 1_500 }), (bytes) => {
        try {
          return decoder.decode(bytes).length <= 2 * 5_760;
        } catch (error) {
          return error instanceof ProtocolError;
        }
      }),
      { numRuns: 500 },
    );
  });
});
