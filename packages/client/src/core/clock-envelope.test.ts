import { expect, test } from "vitest";
import { Envelope, type SideBounds } from "./clock-envelope.ts";

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const BOUNDS = 64;
const NOW = 3e8;

function lehmer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Bounds over five minutes, queued for up to `jitter`, of which some were overtaken. */
function bounds(seed: number, sign: 1 | -1, jitter: number): SideBounds {
  const random = lehmer(seed);
  const times = new Float64Array(BOUNDS);
  const values = new Float64Array(BOUNDS);
  const slack = new Float64Array(BOUNDS);
  for (let place = 0; place < BOUNDS; place++) {
    const overtaken = random() < 0.1 ? 1e7 : 0;
    times[place] = (NOW * place) / BOUNDS - overtaken;
    // Whole microseconds, so that some lie on one line.
    values[place] = Math.round(1e-4 * (times[place] as number) + sign * jitter * random());
    slack[place] = ((NOW - (times[place] as number)) / NOW) ** 2 * 45;
  }
  return { times, values, slack, from: 3, to: BOUNDS - 2 };
}

/** The same without leaving any out. */
function plain({ times, values, slack, from, to }: SideBounds, sign: 1 | -1, drift: number) {
  let best = Infinity;
  let touched = 0;
  for (let place = from; place < to; place++) {
    const seen = times[place] as number;
    const turned = sign * ((values[place] as number) - drift * (seen - NOW));
    const height = turned + (slack[place] as number);
    if (height >= best) continue;
    best = height;
    touched = seen;
  }
  return { height: sign * best, touched };
}

test.each([
  ["upper bounds of a quiet wire", 1, 50],
  ["lower bounds of a quiet wire", -1, 50],
  ["upper bounds of a noisy path", 1, 40_000],
  ["lower bounds that are all alike", -1, 0],
] as const)("$0: rests on what all of them would have it rest on, to the last digit", (...row) => {
  const [, sign, jitter] = row;
  for (const seed of SEEDS) {
    const some = bounds(seed, sign, jitter);
    const envelope = new Envelope(sign, BOUNDS);
    envelope.take(some, NOW);
    for (let drift = -5e-3; drift < 5e-3; drift += 1.7e-5) {
      const { height, touched } = plain(some, sign, drift);
      if (envelope.height(drift) !== height) expect(envelope.height(drift)).toBe(height);
      if (envelope.touched(drift) !== touched) expect(envelope.touched(drift)).toBe(touched);
    }
    const heights = new Float64Array(3);
    envelope.heights(1e-4, 1e-6, heights);
    expect([...heights]).toEqual([0, 1, 2].map((step) => envelope.height(1e-4 + step * 1e-6)));
  }
});
