/**
 * Resampling at a continuously variable speed.
 *
 * Band-limited interpolation (J. O. Smith, "Digital Audio Resampling"): the signal between samples is
 * the sum of the neighbours, each weighted by h(distance), where h is a sinc under a Kaiser window. h is
 * tabulated at PHASES positions between two samples, a row each, and interpolated linearly between
 * rows: the error of that, about (pi^2 / 3) / (8 PHASES^2), is -116 dB.
 *
 * The zeros of h lie on the whole numbers, so at phase 0 one weight is 1 and all others are 0: at
 * nominal speed the output is the input, bit for bit. The price is a transition band of 6.4 kHz
 * centred on half the rate (48 taps at 48 kHz): images of what lies below 20.7 kHz are down by
 * over 100 dB, images of what lies above are weaker than it, and inaudible as it is.
 *
 * Rows are built when first needed: the phase creeps, so this costs a few microseconds now and then
 * instead of milliseconds at start. Stereo at 48 kHz takes 4 to 5 ms of one x86-64 core a second.
 */

/** Weights for one output frame at full bandwidth. */
const TAPS = 48;
const PHASES = 512;
/** Kaiser's formula for a stop band of 104 dB. */
const BETA = 0.1102 * (104 - 8.7);

export class Resampler {
  /** Frames needed on either side of the position. */
  readonly reach: number;
  readonly #taps: number;
  readonly #bandwidth: number;
  readonly #table: Float64Array;
  readonly #built: Uint8Array;

  /** `nominalStep`: input frames for each output frame. Above 1 the band is narrowed to what fits. */
  constructor(nominalStep = 1) {
    this.#bandwidth = Math.min(1, 1 / nominalStep);
    this.reach = Math.ceil(TAPS / 2 / this.#bandwidth);
    this.#taps = 2 * this.reach;
    this.#table = new Float64Array(this.#taps * (PHASES + 1));
    this.#built = new Uint8Array(PHASES + 1);
  }

  /**
   * Writes `count` interleaved frames to the start of `into`: frame i is the source at `at + i * step`.
   * `source` must hold `reach` frames on both sides of every position.
   */
  run(
    source: Float64Array,
    channels: number,
    at: number,
    step: number,
    into: Float32Array,
    count: number,
  ): void {
    for (let frame = 0; frame < count; frame++) {
      const position = at + frame * step;
      const whole = Math.floor(position);
      const phase = (position - whole) * PHASES;
      const row = Math.floor(phase);
      if (this.#built[row] === 0) this.#build(row);
      if (this.#built[row + 1] === 0) this.#build(row + 1);
      const first = (whole - this.reach + 1) * channels;
      const between = phase - row;
      if (channels !== 2) {
        this.#frame(source, channels, first, row, between, into, channels * frame);
        continue;
      }
      const next = (position + step - whole - 1) * PHASES - row;
      if (frame + 1 < count && next >= 0 && next < 1) {
        this.#stereoPair(source, first, row, between, next, into, 2 * frame);
        frame++;
      } else this.#stereo(source, first, row, between, into, 2 * frame);
    }
  }

  /**
   * Two frames of one row, of which the second lies one frame behind the first: near nominal speed nearly
   * all are such pairs. Weights and source are fetched once for both, which is most of the work.
   */
  #stereoPair(
    source: Float64Array,
    first: number,
    row: number,
    between: number,
    betweenNext: number,
    into: Float32Array,
    out: number,
  ): void {
    const table = this.#table;
    let lower = row * this.#taps;
    const end = lower + this.#taps;
    let upper = end;
    let at = first + 2;
    let leftIn = source[first] as number;
    let rightIn = source[first + 1] as number;
    let left = 0;
    let right = 0;
    let leftNext = 0;
    let rightNext = 0;
    for (; lower < end; lower++, upper++, at += 2) {
      const below = table[lower] as number;
      const rise = (table[upper] as number) - below;
      const weight = below + between * rise;
      const weightNext = below + betweenNext * rise;
      left += weight * leftIn;
      right += weight * rightIn;
      leftIn = source[at] as number;
      rightIn = source[at + 1] as number;
      leftNext += weightNext * leftIn;
      rightNext += weightNext * rightIn;
    }
    into[out] = left;
    into[out + 1] = right;
    into[out + 2] = leftNext;
    into[out + 3] = rightNext;
  }

  #stereo(
    source: Float64Array,
    first: number,
    row: number,
    between: number,
    into: Float32Array,
    out: number,
  ): void {
    const table = this.#table;
    const taps = this.#taps;
    let lower = row * taps;
    let upper = lower + taps;
    let at = first;
    // Two sums a side: else each addition waits for the one before. The number of taps is even.
    let left = 0;
    let right = 0;
    let otherLeft = 0;
    let otherRight = 0;
    for (const end = upper; lower < end; lower += 2, upper += 2, at += 4) {
      const below = table[lower] as number;
      const weight = below + between * ((table[upper] as number) - below);
      left += weight * (source[at] as number);
      right += weight * (source[at + 1] as number);
      const otherBelow = table[lower + 1] as number;
      const otherWeight = otherBelow + between * ((table[upper + 1] as number) - otherBelow);
      otherLeft += otherWeight * (source[at + 2] as number);
      otherRight += otherWeight * (source[at + 3] as number);
    }
    into[out] = left + otherLeft;
    into[out + 1] = right + otherRight;
  }

  #frame(
    source: Float64Array,
    channels: number,
    first: number,
    row: number,
    between: number,
    into: Float32Array,
    out: number,
  ): void {
    const table = this.#table;
    const taps = this.#taps;
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      let lower = row * taps;
      let at = first + channel;
      for (let tap = 0; tap < taps; tap++, lower++, at += channels) {
        const below = table[lower] as number;
        const weight = below + between * ((table[lower + taps] as number) - below);
        sum += weight * (source[at] as number);
      }
      into[out + channel] = sum;
    }
  }

  #build(row: number): void {
    const start = row * this.#taps;
    let sum = 0;
    for (let tap = 0; tap < this.#taps; tap++) {
      const weight = this.#impulse(tap - this.reach + 1 - row / PHASES);
      this.#table[start + tap] = weight;
      sum += weight;
    }
    // Every row passes DC alike, else the row's number would be heard as a modulation.
    for (let tap = 0; tap < this.#taps; tap++) {
      this.#table[start + tap] = (this.#table[start + tap] as number) / sum;
    }
    this.#built[row] = 1;
  }

  #impulse(distance: number): number {
    const x = distance * this.#bandwidth;
    if (Number.isInteger(x)) return x === 0 ? 1 : 0;
    const edge = distance / this.reach;
    if (Math.abs(edge) >= 1) return 0;
    const window = bessel(BETA * Math.sqrt(1 - edge * edge)) / BESSEL_AT_CENTRE;
    return (Math.sin(Math.PI * x) / (Math.PI * x)) * window;
  }
}

/** The modified Bessel function of order nought, by its power series. */
function bessel(x: number): number {
  const quarter = (x * x) / 4;
  let term = 1;
  let sum = 1;
  for (let n = 1; term > sum * 1e-16; n++) {
    term *= quarter / (n * n);
    sum += term;
  }
  return sum;
}

const BESSEL_AT_CENTRE = bessel(BETA);
