/**
 * A program of its own, so that nothing delays it: feeds the same samples into FIFOs, as a live source
 * does. `node feed.js FILE FIFO...` Frame n exists from n / 48000 s after the moment it says first; blocks of
 * 5 ms are written when their last frame exists. A FIFO that nobody empties keeps what is newest.
 */
import { constants, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { RATE_HZ } from "./signal.ts";

const FRAME_BYTES = 4;
const BLOCK_FRAMES = RATE_HZ / 200;
const BLOCK_BYTES = BLOCK_FRAMES * FRAME_BYTES;
const LATE_MS_MAX = 20;
const BLOCK_NS = (BLOCK_FRAMES * 1e9) / RATE_HZ;
/** A FIFO that lost nothing for so long is read again. */
const READ_AGAIN_BLOCKS = 200;

const [path = "", ...fifos] = process.argv.slice(2);
const pcm = readFileSync(path);
// Open for both: a server that starts early or again meets an idle source, never its end.
const files = fifos.map((fifo) => openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK));
const cell = new Int32Array(new SharedArrayBuffer(4));
const dropped = Buffer.alloc(BLOCK_BYTES);
/** Of each FIFO, the last block for which something in it had to go. */
const droppedAt = fifos.map(() => -Infinity);

const startNs = process.hrtime.bigint();
console.log(`start ${startNs}`);
for (let block = 0; (block + 1) * BLOCK_BYTES <= pcm.length; block++) {
  sleepUntil((block + 1) * BLOCK_NS);
  const lateMs = Number(process.hrtime.bigint() - startNs) / 1e6 - ((block + 1) * BLOCK_NS) / 1e6;
  // Before all others by its priority: if this is late, the whole machine stood still.
  if (lateMs > LATE_MS_MAX) console.log(`machine stood still for ${lateMs.toFixed(0)} ms`);
  for (const [at, file] of files.entries()) {
    const bytes = pcm.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
    write(file, bytes, { at, block });
  }
}

/** A timer wakes up to a millisecond late; this wait does not. */
function sleepUntil(sinceStartNs: number): void {
  const leftMs = (sinceStartNs - Number(process.hrtime.bigint() - startNs)) / 1e6;
  if (leftMs > 0) Atomics.wait(cell, 0, 0, leftMs);
}

function write(file: number, bytes: Buffer, { at, block }: { at: number; block: number }): void {
  let dropping = false;
  while (moved(() => writeSync(file, bytes)) === 0) {
    dropping = true;
    moved(() => readSync(file, dropped));
  }
  if (!dropping) return;
  const since = block - (droppedAt[at] as number);
  if (since > READ_AGAIN_BLOCKS) console.log(`${fifos[at]} is full: nobody reads it`);
  droppedAt[at] = block;
}

/** How many bytes went; none when the FIFO is full, or empty. */
function moved(bytes: () => number): number {
  try {
    return bytes();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
    throw error;
  }
}
