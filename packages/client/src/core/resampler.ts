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
 * instead of milliseconds at start. Stereo goes through a kernel with SIMD.
 */

import { PHASES, ResamplerKernel } from "./resampler-kernel.ts";

/** Weights for one output frame at full bandwidth. */
const TAPS = 48;
/** Kaiser's formula for a stop band of 104 dB. */
const BETA = 0.1102 * (104 - 8.7);

/** Frames made at once by the kernel, and how much of the source they lie in at most. */
const KERNEL_FRAMES = 1_024;
const KERNEL_SPEED_MAX = 1.02;

export class Resampler {
  /** Frames needed on either side of the position. */
  readonly reach: number;
  readonly #taps: number;
  readonly #bandwidth: number;
  readonly #table: Float64Array;
  readonly #built: Uint8Array;
  /** Does stereo, which is nearly all there is. */
  readonly #kernel: ResamplerKernel | undefined;

  /** `nominalStep`: input frames for each output frame. Above 1 the band is narrowed to what fits. */
  constructor(nominalStep = 1) {
    this.#bandwidth = Math.min(1, 1 / nominalStep);
    this.reach = Math.ceil(TAPS / 2 / this.#bandwidth);
    this.#taps = 2 * this.reach;
    this.#table = new Float64Array(this.#taps * (PHASES + 1));
    this.#built = new Uint8Array(PHASES + 1);
    const sourceFrames = Math.ceil(KERNEL_FRAMES * nominalStep * KERNEL_SPEED_MAX) + this.#taps + 2;
    this.#kernel = ResamplerKernel.make(this.reach, sourceFrames, KERNEL_FRAMES);
  }

  /**
   * Writes `count` interleaved frames to the start of `into`: frame i is the source at `at + i * step`.
   * `source` must hold `reach` frames on both sides of every position.
   */
  run(
    source: Float32Array,
    channels: number,
    at: number,
    step: number,
    into: Float32Array,
    count: number,
  ): void {
    if (channels === 2 && this.#kernel) this.#stereo(this.#kernel, source, at, step, into, count);
    else this.#plain(source, channels, at, step, into, count);
  }

  #stereo(
    kernel: ResamplerKernel,
    source: Float32Array,
    at: number,
    step: number,
    into: Float32Array,
    count: number,
  ): void {
    const most = Math.min(KERNEL_FRAMES, Math.floor((kernel.sourceFrames - this.#taps - 1) / step));
    for (let done = 0; done < count; done += most) {
      const frames = Math.min(most, count - done);
      const position = at + done * step;
      const first = Math.floor(position) - this.reach + 1;
      const last = Math.floor(position + (frames - 1) * step) + this.reach;
      kernel.load(source, first, last + 1 - first);
      const from = position - first;
      // Where a row is wanted is reckoned as the kernel does, to the last bit: else it would ask for ever.
      let made = kernel.run(from, step, 0, frames);
      for (; made < frames; made = kernel.run(from, step, made, frames)) {
        this.#bring(kernel, from + made * step);
      }
      kernel.take(into, done, frames);
    }
  }

  /** The rows for one position. */
  #bring(kernel: ResamplerKernel, position: number): void {
    const row = Math.floor((position - Math.floor(position)) * PHASES);
    for (const wanted of [row, row + 1]) {
      if (this.#built[wanted] === 0) this.#build(wanted);
      kernel.put(wanted, this.#table.subarray(wanted * this.#taps, (wanted + 1) * this.#taps));
    }
  }

  #plain(
    source: Float32Array,
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
      this.#frame(source, channels, first, row, phase - row, into, channels * frame);
    }
  }

  #frame(
    source: Float32Array,
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
