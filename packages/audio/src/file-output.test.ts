import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localInstant } from "@tutti/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DeviceMissing, DeviceRefused } from "./device-errors.ts";
import { openOutput } from "./open.ts";

const format = { rateHz: 1_000, channels: 2 };
const shorts = Int16Array.from({ length: 20 }, (_, index) => (index - 10) * 3_277);
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "tutti-file-"));
});
afterAll(() => rm(dir, { recursive: true }));

/** Plays ten frames and ten of silence into the file, and reads it. */
async function written(name: string): Promise<Buffer> {
  const clock = { us: 0 };
  const output = await openOutput({
    device: `file:${join(dir, name)}`,
    format,
    now: () => localInstant(clock.us),
    events: { onLost: expect.unreachable },
  });
  output.write(Float32Array.from(shorts, (short) => short / 32_768));
  clock.us = 20_000;
  await output.close();
  return readFile(join(dir, name));
}

const bytes = Buffer.concat([Buffer.from(shorts.buffer), Buffer.alloc(40)]);

test("bare samples, bit for bit", async () => {
  expect(await written("out.raw")).toEqual(bytes);
});

test("floats", async () => {
  const read = await written("out.f32");
  expect(read.length).toBe(160);
  expect(read.readFloatLE(4)).toBeCloseTo((-9 * 3_277) / 32_768, 6);
});

test("a wav file, complete once it is closed", async () => {
  const read = await written("out.wav");
  expect(read.subarray(44)).toEqual(bytes);
  expect(read.toString("latin1", 0, 4)).toBe("RIFF");
  expect(read.readUInt32LE(4)).toBe(36 + bytes.length);
  expect(read.toString("latin1", 8, 16)).toBe("WAVEfmt ");
  expect([read.readUInt16LE(22), read.readUInt32LE(24), read.readUInt32LE(28)]).toEqual([
    2, 1_000, 4_000,
  ]);
  expect(read.readUInt32LE(40)).toBe(bytes.length);
});

test("a file that cannot be written is refused, with the reason", async () => {
  const opening = openOutput({
    device: `file:${join(dir, "none/out.raw")}`,
    format,
    now: () => localInstant(0),
    events: { onLost: expect.unreachable },
  });
  await expect(opening).rejects.toThrow(DeviceRefused);
  await expect(opening).rejects.toThrow(/ENOENT/);
  await expect(opening).rejects.not.toThrow(DeviceMissing);
});
