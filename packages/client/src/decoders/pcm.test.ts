import { encodePcmHeader, ProtocolError, type SampleBits } from "@tutti/protocol";
import { expect, test } from "vitest";
import { makePcmDecoder } from "./pcm.ts";

function header(bits: SampleBits): Uint8Array {
  return encodePcmHeader({ rateHz: 44_100, bits, channels: 2 });
}

test.each([
  [8, [0x80, 0x40], [-1, 0.5]],
  [16, [0x00, 0x80, 0x00, 0x40], [-1, 0.5]],
  [24, [0x00, 0x00, 0x80, 0xff, 0x00, 0x00, 0x40, 0x00], [-1, 0.5]],
  [24, [0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0xc0, 0x00], [-1, -0.5]],
  [32, [0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x40], [-1, 0.5]],
] as const)("%i bits", (bits, bytes, samples) => {
  const decoder = makePcmDecoder(header(bits));
  expect(decoder.format).toEqual({ rateHz: 44_100, bits, channels: 2 });
  expect([...decoder.decode(Uint8Array.from(bytes))]).toEqual(samples);
});

test("bytes at an odd place in a larger buffer", () => {
  const bytes = Uint8Array.from([9, 0x00, 0x80, 0x00, 0x40]).subarray(1);
  expect([...makePcmDecoder(header(16)).decode(bytes)]).toEqual([-1, 0.5]);
});

test("half a frame is the peer's fault", () => {
  expect(() => makePcmDecoder(header(16)).decode(new Uint8Array(6))).toThrow(ProtocolError);
});
