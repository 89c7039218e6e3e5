/**
 * A program of its own, so that nothing delays it: feeds the same samples into FIFOs, as a live source
 * does. `node feed.js FILE FIFO...` Frame n exists from n / 48000 s after the moment it says first; blocks of
 * 5 ms are written when their last frame exists. A FIFO that nobody empties loses what is in it.
 */
import { constants, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { RATE_HZ } from "./signal.ts";

const FRAME_BYTES = 4;
const BLOCK_FRAMES = RATE_HZ / 200;
const BLOCK_BYTES = BLOCK_FRAMES * FRAME_BYTES;
const LATE_MS_MAX = 20;
const BLOCK_NS = (BLOCK_FRAMES * 1e9) / RATE_HZ;

const [path = "", ...fifos] = process.argv.slice(2);
const pcm = readFileSync(path);
// Open for both: a server that starts early or again meets an idle source, never its end.
const files = fifos.map((fifo) => openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK));
const cell = new Int32Array(new SharedArrayBuffer(4));
const dropped = Buffer.alloc(1 << 16);

const startNs = process.hrtime.bigint();
console.log(`start ${startNs}`);
for (let block = 0; (block + 1) * BLOCK_BYTES <= pcm.length; block++) {
  sleepUntil((block + 1) * BLOCK_NS);
  const lateMs = Number(process.hrtime.bigint() - startNs) / 1e6 - ((block + 1) * BLOCK_NS) / 1e6;
  // Before all others by its priority: if this is late, the whole machine stood still.
  if (lateMs > LATE_MS_MAX) console.log(`machine stood still for ${lateMs.toFixed(0)} ms`);
  for (const [at, file] of files.entries()) {
    const bytes = pcm.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
    if (!write(file, bytes)) console.log(`${fifos[at]} lost what was in it at block ${block}`);
  }
}

/** A timer wakes up to a millisecond late; this wait does not. */
function sleepUntil(sinceStartNs: number): void {
  const leftMs = (sinceStartNs - Number(process.hrtime.bigint() - startNs)) / 1e6;
  if (leftMs > 0) Atomics.wait(cell, 0, 0, leftMs);
}

function write(file: number, bytes: Buffer): boolean {
  if (accepts(file, bytes)) return true;
  drain(file);
  accepts(file, bytes);
  return false;
}

function accepts(file: number, bytes: Buffer): boolean {
  try {
    return writeSync(file, bytes) === bytes.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
    throw error;
  }
}

function drain(file: number): void {
  try {
    while (readSync(file, dropped) > 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
  }
}
