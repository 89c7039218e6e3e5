import type { Band } from "@tutti/protocol";

/*
 * Second-order filters after Robert Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter
 * coefficients": an analogue prototype, brought to samples by the bilinear transform with its corner in
 * the right place.
 */

/** y = b0 x + b1 x' + b2 x'' - a1 y' - a2 y''. */
export interface Coefficients {
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly a1: number;
  readonly a2: number;
}

/** A corner above this part of the rate would lie beyond what samples can say. */
const CORNER_PART_MAX = 0.49;

export function coefficientsOf({ kind, hz, gainDb, q }: Band, rateHz: number): Coefficients {
  const w = 2 * Math.PI * Math.min(hz / rateHz, CORNER_PART_MAX);
  const cos = Math.cos(w);
  const alpha = Math.sin(w) / (2 * q);
  const a = 10 ** (gainDb / 40);
  switch (kind) {
    case "peak":
      return normal(
        [1 + alpha * a, -2 * cos, 1 - alpha * a],
        [1 + alpha / a, -2 * cos, 1 - alpha / a],
      );
    case "lowShelf":
      return shelf(a, alpha, cos);
    case "highShelf":
      return mirrored(shelf(a, alpha, -cos));
    case "lowPass":
      return normal([(1 - cos) / 2, 1 - cos, (1 - cos) / 2], [1 + alpha, -2 * cos, 1 - alpha]);
    case "highPass":
      return normal([(1 + cos) / 2, -(1 + cos), (1 + cos) / 2], [1 + alpha, -2 * cos, 1 - alpha]);
  }
}

function shelf(a: number, alpha: number, cos: number): Coefficients {
  const root = 2 * Math.sqrt(a) * alpha;
  const [plus, minus] = [a + 1, a - 1];
  return normal(
    [
      a * (plus - minus * cos + root),
      2 * a * (minus - plus * cos),
      a * (plus - minus * cos - root),
    ],
    [plus + minus * cos + root, -2 * (minus + plus * cos), plus + minus * cos - root],
  );
}

/** The same filter at the other end of the spectrum: every other sample with its sign turned. */
function mirrored({ b0, b1, b2, a1, a2 }: Coefficients): Coefficients {
  return { b0, b1: -b1, b2, a1: -a1, a2 };
}

type Three = readonly [number, number, number];

function normal([b0, b1, b2]: Three, [a0, a1, a2]: Three): Coefficients {
  return { b0: b0 / a0, b1: b1 / a0, b2: b2 / a0, a1: a1 / a0, a2: a2 / a0 };
}

/** Amplitude of a tone behind the filter, as a factor. */
export function responseAt(
  { b0, b1, b2, a1, a2 }: Coefficients,
  hz: number,
  rateHz: number,
): number {
  const w = (2 * Math.PI * hz) / rateHz;
  const above = Math.hypot(
    b0 + b1 * Math.cos(w) + b2 * Math.cos(2 * w),
    b1 * Math.sin(w) + b2 * Math.sin(2 * w),
  );
  const below = Math.hypot(
    1 + a1 * Math.cos(w) + a2 * Math.cos(2 * w),
    a1 * Math.sin(w) + a2 * Math.sin(2 * w),
  );
  return above / below;
}

/** Filters `samples` in place, one channel of interleaved frames. `state`: two numbers of its own at `at`. */
export function runBiquad(
  { b0, b1, b2, a1, a2 }: Coefficients,
  samples: Float32Array,
  channel: number,
  channels: number,
  state: Float64Array,
  at: number,
): void {
  let first = state[at] as number;
  let second = state[at + 1] as number;
  for (let index = channel; index < samples.length; index += channels) {
    const x = samples[index] as number;
    const y = b0 * x + first;
    first = b1 * x - a1 * y + second;
    second = b2 * x - a2 * y;
    samples[index] = y;
  }
  state[at] = first;
  state[at + 1] = second;
}
