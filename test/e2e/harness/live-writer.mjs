/*
 * A program of its own, so that no test holds it up: writes a file of 48 kHz, 16 bit, stereo into a FIFO at its own pace.
 * `node live-writer.mjs FILE FIFO`. Says "start NANOSECONDS", when frame 0 was written; blocks of 10 ms. What does not go in
 * is thrown away, and told.
 */
import { constants, openSync, readFileSync, writeSync } from "node:fs";

const BLOCK_BYTES = 480 * 4;
const BLOCK_MS = 10;

const [path, fifo] = process.argv.slice(2);
const pcm = readFileSync(path);
const descriptor = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
const cell = new Int32Array(new SharedArrayBuffer(4));

const startNs = process.hrtime.bigint();
console.log(`start ${startNs}`);
for (let at = 0; at + BLOCK_BYTES <= pcm.length; at += BLOCK_BYTES) {
  const dueMs = (at / BLOCK_BYTES + 1) * BLOCK_MS;
  const leftMs = dueMs - Number(process.hrtime.bigint() - startNs) / 1e6;
  if (leftMs > 0) Atomics.wait(cell, 0, 0, leftMs);
  try {
    writeSync(descriptor, pcm, at, BLOCK_BYTES);
  } catch (error) {
    if (error.code !== "EAGAIN") throw error;
    console.log(`no room at ${dueMs} ms`);
  }
}
