import { createRequire } from "node:module";
import { ProtocolError } from "@tutti/protocol";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { crc16 } from "./flac/crc16.ts";
import { makeFlacDecoder } from "./flac.ts";

type Libflac = typeof import("libflacjs/dist/index.js");
type Level = Parameters<Libflac["create_libflac_encoder"]>[3];
let libflac: Libflac;
beforeAll(async () => {
  // The loader would fetch its WebAssembly from a file path, which fetch refuses.
  const { fetch } = globalThis;
  Object.assign(globalThis, { fetch: undefined });
  libflac = createRequire(import.meta.url)("libflacjs/dist/libflac.min.wasm.js") as Libflac;
  Object.assign(globalThis, { fetch });
  if (!libflac.isReady()) await new Promise<void>((done) => libflac.on("ready", () => done()));
});

interface Encoded {
  readonly header: Uint8Array;
  readonly packets: Uint8Array[];
}

/** What the reference implementation makes of `pcm`, interleaved. */
function encode(
  pcm: Int32Array<ArrayBuffer>,
  bits: number,
  channels: number,
  level: Level,
): Encoded {
  const encoder = libflac.create_libflac_encoder(48_000, channels, bits, level, 0, false);
  const headers: Uint8Array[] = [];
  const packets: Uint8Array[] = [];
  libflac.init_encoder_stream(encoder, (bytes: Uint8Array, _: number, samples: number) => {
    (samples === 0 ? headers : packets).push(bytes.slice());
  });
  libflac.FLAC__stream_encoder_process_interleaved(encoder, pcm, pcm.length / channels);
  libflac.FLAC__stream_encoder_finish(encoder);
  libflac.FLAC__stream_encoder_delete(encoder);
  return { header: Uint8Array.from(headers.flatMap((part) => [...part])), packets };
}

/** Two tones and noise, differing between channels, up to full scale. */
function music(frames: number, bits: number, channels: number): Int32Array<ArrayBuffer> {
  const full = 2 ** (bits - 1) - 1;
  let seed = 1;
  return Int32Array.from({ length: frames * channels }, (_, at) => {
    seed = (seed * 48_271) % 2_147_483_647;
    const frame = Math.floor(at / channels);
    const tone = Math.sin(frame * 0.05) * 0.6 + Math.sin(frame * 0.31 + (at % channels)) * 0.3;
    return Math.trunc(full * (tone + 0.1 * (seed / 2_147_483_647)));
  });
}

function decodeAll({ header, packets }: Encoded): number[] {
  const decoder = makeFlacDecoder(header);
  return packets.flatMap((packet) => [...decoder.decode(packet)]);
}

describe("decodes to the bit what libFLAC encodes", () => {
  const cases = ([0, 1, 2, 3, 5, 8] as const).flatMap((level) => [
    { level, bits: 16, channels: 2 },
    { level, bits: 24, channels: 2 },
    { level, bits: 16, channels: 1 },
    { level, bits: 24, channels: 6 },
  ]);
  test.each(cases)("level $level, $bits bits, $channels channels", ({ level, bits, channels }) => {
    const pcm = music(10_000, bits, channels);
    const decoded = decodeAll(encode(pcm, bits, channels, level));
    expect(decoded.map((sample) => sample * 2 ** (bits - 1))).toEqual([...pcm]);
  });

  test.each([
    ["silence", () => 0],
    ["a constant", () => -1_234],
    ["wasted bits", (at: number) => Math.round(1_000 * Math.sin(at * 0.01)) * 16],
    ["full-scale noise", (at: number) => ((at * 48_271 * 48_271) % 65_536) - 32_768],
    ["the two extremes in turn", (at: number) => (at % 3 === 0 ? -32_768 : 32_767)],
  ])("%s", (_, sample) => {
    const pcm = Int32Array.from({ length: 9_000 }, (_, at) => sample(at));
    const decoded = decodeAll(encode(pcm, 16, 2, 5));
    expect(decoded.map((value) => value * 32_768)).toEqual([...pcm]);
  });

  test("a header cut to STREAMINFO, and two frames in one chunk", () => {
    const pcm = music(2_304, 16, 2);
    const { header, packets } = encode(pcm, 16, 2, 2);
    const cut = header.slice(0, 42);
    const whole = Uint8Array.from(packets.flatMap((packet) => [...packet]));
    expect(packets.length).toBeGreaterThan(1);
    const decoded = makeFlacDecoder(cut).decode(whole);
    expect([...decoded].map((sample) => sample * 32_768)).toEqual([...pcm]);
  });
});

test("32 bits: the difference of the channels has 33", () => {
  const header = streamInfo(32, 2);
  // Left and side, verbatim, two frames: (full, -full - 1) and (-5, 7).
  const frame = withChecksum([
    ...[0xff, 0xf8, 0x60, 0x8e, 0x00, 0x01, 0x00],
    ...bitsOf([0b00000010, 8], [0x7fffffff, 32], [-5 >>> 0, 32]),
    ...bitsOf([0b00000010, 8], [0xffffffff, 33], [2 ** 33 - 12, 33]),
  ]);
  const decoded = makeFlacDecoder(header).decode(frame);
  expect([...decoded]).toEqual([Math.fround(0x7fffffff / 2 ** 31), -1, -5 / 2 ** 31, 7 / 2 ** 31]);
});

describe("what a peer may send instead", () => {
  test("random bytes are refused", () => {
    const decoder = makeFlacDecoder(streamInfo(16, 2));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => refuses(decoder.decode, bytes)),
    );
  });

  test("a frame cut short or with a flipped bit is refused, and the next one decodes", () => {
    const { header, packets } = encode(music(1_152, 16, 2), 16, 2, 2);
    const packet = packets[0]!;
    const decoder = makeFlacDecoder(header);
    for (let length = 1; length < packet.length; length += 7) {
      expect(refuses(decoder.decode, packet.subarray(0, length))).toBe(true);
    }
    for (let bit = 0; bit < packet.length * 8; bit += 5) {
      const broken = packet.slice();
      broken[bit >> 3]! ^= 1 << (bit & 7);
      expect(refuses(decoder.decode, broken)).toBe(true);
    }
    expect(decoder.decode(packet)).toHaveLength(2_304);
  });

  test("frames with a right checksum around random bytes never fail in another way", () => {
    const decoder = makeFlacDecoder(streamInfo(16, 2));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const frame = withChecksum([0xff, 0xf8, 0x10, 0x18, 0x00, 0x00, ...bytes]);
        return refuses(decoder.decode, frame) || true;
      }),
    );
  });

  test("a thousandfold packed chunk is refused before it fills memory", () => {
    // 32,768 frames of silence in a dozen bytes.
    const silence = withChecksum([
      0xff,
      0xf8,
      0xf0,
      0x18,
      0,
      0,
      ...bitsOf([0, 8], [0, 16], [0, 8], [0, 16]),
    ]);
    const bomb = Uint8Array.from(Array.from({ length: 1_000 }, () => [...silence]).flat());
    const decoder = makeFlacDecoder(streamInfo(16, 2));
    expect(decoder.decode(silence)).toHaveLength(65_536);
    expect(() => decoder.decode(bomb)).toThrow(ProtocolError);
  });
});

/** Whether it throws what a peer's fault throws; anything else passes on. */
function refuses(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): boolean {
  try {
    decode(bytes);
    return false;
  } catch (error) {
    if (error instanceof ProtocolError) return true;
    throw error;
  }
}

function streamInfo(bits: number, channels: number): Uint8Array {
  const rate = 48_000 * 2 ** 12 + (channels - 1) * 2 ** 9 + (bits - 1) * 2 ** 4;
  const packed = [24, 16, 8, 0].map((shift) => Math.floor(rate / 2 ** shift) % 256);
  return Uint8Array.from([
    ...[0x66, 0x4c, 0x61, 0x43, 0x80, 0, 0, 34],
    ...[4, 128, 4, 128, 0, 0, 0, 0, 0, 0],
    ...packed,
    ...new Array<number>(20).fill(0),
  ]);
}

/** Values of so many bits each, one behind the other, filled up to whole bytes. */
function bitsOf(...fields: readonly (readonly [value: number, bits: number])[]): number[] {
  const text = fields.map(([value, bits]) => value.toString(2).padStart(bits, "0")).join("");
  const bytes = text.match(/.{1,8}/g) ?? [];
  return bytes.map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
}

function withChecksum(bytes: readonly number[]): Uint8Array {
  const sum = crc16(Uint8Array.from(bytes));
  return Uint8Array.from([...bytes, sum >> 8, sum & 0xff]);
}
