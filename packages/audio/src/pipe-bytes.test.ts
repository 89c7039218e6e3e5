import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type PipeBytes, pipeBytes } from "./pipe-bytes.ts";

let directory: string;
let kernel: PipeBytes;
let pipe: number;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "tutti-pipe-bytes-"));
  const path = join(directory, "fifo");
  execFileSync("mkfifo", [path]);
  pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  kernel = (await pipeBytes())!;
});
afterEach(() => {
  closeSync(pipe);
  rmSync(directory, { recursive: true });
});

test("a pipe holds as much as is asked for, in powers of two", () => {
  expect(kernel.of(pipe)).toBe(65_536);
  expect(kernel.set(pipe, 300_000)).toBe(524_288);
  expect(kernel.of(pipe)).toBe(524_288);
  expect(writeSync(pipe, Buffer.alloc(600_000))).toBe(524_288);
});

test("less than lies in it is refused, and nothing changes", () => {
  kernel.set(pipe, 524_288);
  writeSync(pipe, Buffer.alloc(100_000));
  expect(kernel.set(pipe, 65_536)).toBeLessThan(0);
  expect(kernel.of(pipe)).toBe(524_288);
});

test("what is no pipe has no size", () => {
  expect(kernel.of(openSync(directory, "r"))).toBeLessThan(0);
  expect(kernel.of(-1)).toBeLessThan(0);
});
