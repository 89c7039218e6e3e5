import {
  decodeFlacHeader,
  decodeOpusHeader,
  decodePcmHeader,
  type SampleFormat,
  sampleFormat,
} from "@tutti/protocol";
import { beforeAll, describe, expect, test } from "vitest";
import type { ServerPorts } from "../core/index.ts";
import { loadEncoders } from "./index.ts";

const STEREO = sampleFormat(48_000, 16, 2);

let makeEncoder: ServerPorts["makeEncoder"];
beforeAll(async () => {
  const encoders = await loadEncoders([]);
  await encoders.complete();
  ({ makeEncoder } = encoders);
});

/** A tone, so that codecs have something to do. */
function tone(frames: number, { rateHz, bits, channels }: SampleFormat): Uint8Array {
  const peak = 2 ** (bits - 1) / 3;
  const sample = (at: number) =>
    Math.round(peak * Math.sin((2 * Math.PI * 440 * Math.floor(at / channels)) / rateHz));
  const length = frames * channels;
  if (bits === 8) return new Uint8Array(Int8Array.from({ length }, (_, at) => sample(at)).buffer);
  if (bits === 16) return new Uint8Array(Int16Array.from({ length }, (_, at) => sample(at)).buffer);
  return new Uint8Array(Int32Array.from({ length }, (_, at) => sample(at)).buffer);
}

describe.each([
  ["pcm", decodePcmHeader],
  ["flac", decodeFlacHeader],
  ["opus", decodeOpusHeader],
] as const)("%s", (name, decodeHeader) => {
  test("says in its header what it carries", () => {
    const encoder = makeEncoder({ name }, STEREO, 20);

    expect(encoder.codec).toBe(name);
    expect(decodeHeader(encoder.header)).toEqual(STEREO);
    encoder.close();
  });

  test.each([960, 1, 1_000, 7_919])("gives back every frame, fed %i at a time", (step) => {
    const encoder = makeEncoder({ name }, STEREO, 20);
    const pcm = tone(step * Math.ceil(20_000 / step), STEREO);
    let covered = 0;
    for (let at = 0; at < pcm.length; at += step * 4) {
      for (const packet of encoder.encode(pcm.subarray(at, at + step * 4))) {
        expect(packet.payload.length).toBeGreaterThan(0);
        covered += packet.frames;
      }
    }

    const total = pcm.length / 4;
    expect(covered).toBeLessThanOrEqual(total);
    expect(total - covered).toBeLessThanOrEqual(960);
    encoder.close();
  });

  test("lets go what it holds when it is closed, many times over", () => {
    for (let run = 0; run < 200; run++) {
      const encoder = makeEncoder({ name }, STEREO, 20);
      encoder.encode(tone(500, STEREO));
      encoder.close();
    }
  });
});

test("opus keeps to the bit rate that is asked for", () => {
  const bytes = [32, 192].map((bitrateKbit) => {
    const encoder = makeEncoder({ name: "opus", bitrateKbit }, STEREO, 20);
    const noise = Uint8Array.from({ length: 192_000 }, (_, at) => (at * 7_919 * (at + 31)) & 0xff);
    return encoder.encode(noise).reduce((sum, { payload }) => sum + payload.length, 0);
  });

  expect((bytes[0] ?? 0) * 8).toBeLessThan(45_000);
  expect((bytes[1] ?? 0) * 8).toBeGreaterThan(150_000);
});

test.each([
  [5, 240],
  [10, 480],
  [20, 960],
  [25, 240],
  [40, 1_920],
  [60, 2_880],
  [100, 960],
])("opus cuts chunks of %i ms into packets of %i frames", (chunkMs, frames) => {
  const encoder = makeEncoder({ name: "opus" }, STEREO, chunkMs);

  for (const packet of encoder.encode(tone(48 * chunkMs, STEREO)))
    expect(packet.frames).toBe(frames);
});

/** Frames of the packets that come back for each of so many chunks. */
function flacPackets(rateHz: number, chunkMs: number, chunks: number): number[][] {
  const format = sampleFormat(rateHz, 16, 2);
  const encoder = makeEncoder({ name: "flac" }, format, chunkMs);
  const chunk = tone((rateHz * chunkMs) / 1_000, format);
  return Array.from({ length: chunks }, () => encoder.encode(chunk).map(({ frames }) => frames));
}

test.each([
  [48_000, 10, [[480], [480], [480]]],
  [44_100, 10, [[441], [441], [441]]],
  [48_000, 20, [[], [1_152], [1_152], [1_152], [1_152], [1_152], [], [1_152]]],
  [44_100, 20, [[], [1_152], [1_152], [1_152], [], [1_152], [1_152], [1_152]]],
  [96_000, 20, [[1_152], [1_152, 1_152], [1_152, 1_152]]],
  [22_050, 20, [[441], [441], [441]]],
])(
  "flac at %i Hz gives each block out with the chunk of %i ms that completes it",
  (rateHz, chunkMs, packets) => {
    expect(flacPackets(rateHz, chunkMs, packets.length)).toEqual(packets);
  },
);

test.each([
  ["opus", sampleFormat(44_100, 16, 2), "flac"],
  ["opus", sampleFormat(48_000, 24, 2), "flac"],
  ["opus", sampleFormat(48_000, 16, 6), "flac"],
  ["opus", sampleFormat(48_000, 32, 2), "pcm"],
  ["flac", sampleFormat(96_000, 24, 2), "flac"],
  ["flac", sampleFormat(48_000, 32, 2), "pcm"],
  ["flac", sampleFormat(8_000, 8, 1), "flac"],
] as const)("%s of %o is carried by %s", (name, format, used) => {
  const encoder = makeEncoder({ name }, format, 20);
  const pcm = tone(format.rateHz, format);
  const packets = encoder.encode(pcm);

  expect(encoder.codec).toBe(used);
  expect(packets.length).toBeGreaterThan(0);
  if (used === "flac") {
    expect(decodeFlacHeader(encoder.header)).toEqual(format);
    const coded = packets.reduce((sum, { payload }) => sum + payload.length, 0);
    expect(coded).toBeLessThan(pcm.length);
  }
});
