/** Of what a card buffers. */
const PART = 1 / 8;
const MIN_MS = 3;

/** A card that may wait for the queue takes silence when it has no more sound left than this: what it needs to hand it over. (ms) */
export function reserveMs(latencyMs: number): number {
  return Math.max(MIN_MS, PART * latencyMs);
}
