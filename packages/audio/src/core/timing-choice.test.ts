import { frames } from "@tutti/protocol";
import { expect, test } from "vitest";
import { TimingLine } from "./timing-line.ts";

/*
 * Why the earliest records make the card's line, and not a delay-locked loop over all of them: how far off either places a
 * frame that is heard 200 ms after the newest record, on three shapes of records. ARCHITECTURE.md names the numbers.
 */

const RATE_HZ = 48_000;
const CARD_PPM = 40;
const PERIOD_FRAMES = 480;
const AHEAD_FRAMES = 9_600;
const LASTS_S = 120;
const JUDGED_FROM_S = 20;

/** The loop of Adriaensen, "Using a DLL to filter time" (2005), critically damped. It learns each record alike. */
class DelayLockedLoop {
  readonly #b: number;
  readonly #c: number;
  #at = Number.NaN;
  #period = (PERIOD_FRAMES * 1e6) / RATE_HZ;
  #frame = 0;

  constructor(bandwidthHz: number) {
    const omega = (2 * Math.PI * bandwidthHz * PERIOD_FRAMES) / RATE_HZ;
    this.#b = Math.SQRT2 * omega;
    this.#c = omega * omega;
  }

  learn(frame: number, at: number): void {
    const predicted = this.#at + this.#period;
    const error = Number.isNaN(this.#at) ? 0 : at - predicted;
    this.#at = Number.isNaN(this.#at) ? at : predicted + this.#b * error;
    this.#period += this.#c * error;
    this.#frame = frame;
  }

  at(frame: number): number {
    return this.#at + ((frame - this.#frame) / PERIOD_FRAMES) * this.#period;
  }
}

/** The generator of Lehmer with the multiplier of Park and Miller: the same numbers on every run. */
function lehmer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

type Late = (random: () => number, seconds: number) => number;

/** How late a record is. (us) */
const SHAPES: Readonly<Record<string, Late>> = {
  "a quiet machine, whole frames": (random) => 21 * random() - 5 * Math.log(1 - random()),
  // A second of load in each four.
  "callbacks held up under load": (random, seconds) =>
    21 * random() + (seconds % 4 < 1 ? 1_500 * random() : -30 * Math.log(1 - random())),
  "a pointer in steps of 10 ms": (random) => 10_000 * random(),
};

interface Off {
  readonly median: number;
  readonly p95: number;
}

function spread(errors: readonly number[]): Off {
  const sorted = Float64Array.from(errors, Math.abs).sort();
  const at = (part: number) => sorted[Math.floor(part * sorted.length)] ?? Number.NaN;
  return { median: at(0.5), p95: at(0.95) };
}

/** Both on the same records. A constant is left out for the loop: its mean lateness might be calibrated away. */
function compare(late: Late, bandwidthHz: number): { readonly line: Off; readonly loop: Off } {
  const random = lehmer(7);
  const line = new TimingLine(RATE_HZ);
  const loop = new DelayLockedLoop(bandwidthHz);
  const lineErrors: number[] = [];
  const loopErrors: number[] = [];
  const truth = (frame: number) => (frame / RATE_HZ) * 1e6 * (1 - CARD_PPM * 1e-6);
  for (let frame = 0; frame < LASTS_S * RATE_HZ; frame += PERIOD_FRAMES) {
    const seconds = frame / RATE_HZ;
    const at = truth(frame) + late(random, seconds);
    line.learn(Float64Array.of(frame, at, frame, 0), 1);
    loop.learn(frame, at);
    if (seconds < JUDGED_FROM_S) continue;
    const ahead = frame + AHEAD_FRAMES;
    lineErrors.push((line.at(frames(ahead)) ?? Number.NaN) - truth(ahead));
    loopErrors.push(loop.at(ahead) - truth(ahead));
  }
  const mean = loopErrors.reduce((sum, error) => sum + error, 0) / loopErrors.length;
  return { line: spread(lineErrors), loop: spread(loopErrors.map((error) => error - mean)) };
}

/** Of the loop: slower ones take minutes to lock, faster ones pass on more of the noise. (Hz) */
const BANDWIDTHS = [0.02, 0.1, 0.5] as const;

/** Below this nobody asks: on a quiet machine a loop is a microsecond nearer, once its mean lateness is known. (us) */
const ALIKE = 3;

test.each(Object.entries(SHAPES))("%s: no loop is nearer than the earliest", (name, late) => {
  for (const bandwidthHz of BANDWIDTHS) {
    const { line, loop } = compare(late, bandwidthHz);
    const text = [line, loop].map(({ median, p95 }) => `${median.toFixed(1)}/${p95.toFixed(1)}`);
    process.stdout.write(`${name}, loop of ${bandwidthHz} Hz: line ${text.join(", loop ")} us\n`);
    expect(line.p95).toBeLessThan(Math.max(ALIKE, loop.p95));
  }
});
