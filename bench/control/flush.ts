import { closeSync, constants, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const WRITES = 200;
const BYTES = 4_096;
/** Disks answer quicker to writes without a pause than to those of people. */
const APART_MS = 2;

/** How long flushed writes of 4 KiB into a file that has its length take on the disk of a folder, in ascending order. (ms) */
export async function flushedWritesMs(directory: string): Promise<number[]> {
  const file = join(directory, "flushed");
  writeFileSync(file, Buffer.alloc(WRITES * BYTES, 10), { flush: true });
  const descriptor = openSync(file, constants.O_WRONLY | constants.O_DSYNC);
  const page = Buffer.alloc(BYTES, 120);
  const took: number[] = [];
  for (let at = 0; at < WRITES; at++) {
    const begun = performance.now();
    writeSync(descriptor, page, 0, BYTES, at * BYTES);
    took.push(performance.now() - begun);
    await pause(APART_MS);
  }
  closeSync(descriptor);
  rmSync(file);
  return took.toSorted((a, b) => a - b);
}
