/*
 * A tone of 997 Hz through everything between decoder and converter, in virtual time: jitter buffer, playout with
 * the rate control that follows the card's records, pump, and a card with a crystal of its own.
 *
 * What is not the tone is what lies further from it than NOTCH_HZ in the spectrum of what leaves the card. AES17
 * takes out far more, about an octave. What the wander of speed does nearer than that is no noise but
 * a change of pitch, and is looked at as such.
 */
import { type AudioOutput, countersAtZero, TIMING_RECORD_NUMBERS } from "@tutti/audio/core";
import { type LocalInstant, localInstant, type Ppm } from "@tutti/protocol";
import { expect, test } from "vitest";
import { JitterBuffer } from "./jitter-buffer.ts";
import { Playout } from "./playout.ts";
import { Pump, type Rendering } from "./pump.ts";

const RATE_HZ = 48_000;
const TONE_HZ = 997;
const LEVEL = 10 ** (-1 / 20);
const NOTCH_HZ = 12;
const WAIT_US = 500_000;
const CHUNK_FRAMES = 960;
const PERIOD_FRAMES = 480;
const PERIODS_AHEAD = 3;
const FFT_FRAMES = 65_536;

interface Crystal {
  readonly ppm: number;
  readonly granularityFrames?: number;
}

/** A card on virtual time that keeps the left channel of what leaves it. */
class Card implements AudioOutput {
  readonly format = { rateHz: RATE_HZ, channels: 2 };
  readonly latencyMs = 30;
  readonly periodMs = 10;
  readonly capacityFrames = 48_000;
  readonly heard: number[] = [];
  readonly #rateHz: number;
  readonly #granularity: number;
  readonly #random = random();
  readonly #counters = countersAtZero();
  #queue: number[] = [];
  #handed = 0;
  #records: number[] = [];

  constructor({ ppm, granularityFrames = 1 }: Crystal) {
    this.#rateHz = RATE_HZ * (1 + ppm * 1e-6);
    this.#granularity = granularityFrames;
  }

  /** Does all callbacks up to that moment. (us) */
  runTo(now: number): void {
    for (;;) {
      const room = this.#handed + (1 - PERIODS_AHEAD) * PERIOD_FRAMES;
      // A frame ends anywhere between two interrupts, and the thread wakes up some microseconds later.
      const wakes =
        (room / this.#rateHz) * 1e6 + 20 * this.#random() - 30 * Math.log(this.#random());
      if (wakes > now) return;
      this.#callback(wakes);
    }
  }

  write(samples: Float32Array): number {
    for (let at = 0; at < samples.length; at += 2) this.#queue.push(samples[at] as number);
    this.#counters.writtenFrames += samples.length / 2;
    return samples.length / 2;
  }

  takeTiming(into: Float64Array): number {
    into.set(this.#records);
    const count = this.#records.length / TIMING_RECORD_NUMBERS;
    this.#records = [];
    return count;
  }

  counters() {
    return this.#counters;
  }

  clear(): void {
    this.#queue = [];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #callback(now: number): void {
    const passed = (now / 1e6) * this.#rateHz;
    const pointer = Math.floor(passed / this.#granularity) * this.#granularity;
    const at = now + ((this.#handed - pointer) / RATE_HZ) * 1e6;
    this.#records.push(this.#counters.playedFrames, at, this.#handed, 0);
    const taken = this.#queue.splice(0, PERIOD_FRAMES);
    this.#counters.playedFrames += taken.length;
    for (let at = 0; at < PERIOD_FRAMES; at++) this.heard.push(taken[at] ?? 0);
    if (this.#counters.writtenFrames > 0) {
      this.#counters.silentFrames += PERIOD_FRAMES - taken.length;
      if (taken.length < PERIOD_FRAMES) this.#counters.shortCallbacks++;
    }
    this.#handed += PERIOD_FRAMES;
  }
}

/** Plays the tone through a card for so long. Returns what left it and how its speed moved, turn by turn. */
function play(crystal: Crystal, seconds: number): { heard: number[]; speeds: number[] } {
  const buffer = new JitterBuffer({ rateHz: RATE_HZ, channels: 2, capacityMs: 2_000 });
  const card = new Card(crystal);
  const playout = new Playout(card.format);
  playout.cue(buffer);
  const speeds: number[] = [];
  const player: Rendering = {
    waitMs: WAIT_US / 1_000,
    sounding: true,
    receivedMs: () => WAIT_US / 1_000,
    clockBent: () => undefined,
    outputRestarted: (format) => playout.restart(format),
    render(into: Float32Array, heardAt: LocalInstant, cardRate: Ppm) {
      into.fill(0);
      playout.render(into, heardAt - WAIT_US, -cardRate);
      speeds.push(playout.correction - cardRate);
    },
  };
  const pump = new Pump(player, { queueMs: 250 });
  pump.attach(card, localInstant(0));
  let chunks = 0;
  for (let now = 0; now < seconds * 1e6; now += 10_000) {
    while ((chunks * CHUNK_FRAMES * 1e6) / RATE_HZ < now + 10_000) insertChunk(buffer, chunks++);
    card.runTo(now);
    pump.tick(localInstant(now));
  }
  return { heard: card.heard, speeds };
}

function insertChunk(buffer: JitterBuffer, chunk: number): void {
  const samples = new Float32Array(2 * CHUNK_FRAMES);
  for (let frame = 0; frame < CHUNK_FRAMES; frame++) {
    const angle = (2 * Math.PI * TONE_HZ * (chunk * CHUNK_FRAMES + frame)) / RATE_HZ;
    samples.fill(LEVEL * Math.sin(angle), 2 * frame, 2 * frame + 2);
  }
  buffer.insert(Math.round((chunk * CHUNK_FRAMES * 1e6) / RATE_HZ), samples);
}

/** All that is not the tone, against the tone. (dB) */
function distortionDb(samples: readonly number[]): number {
  const real = Float64Array.from(
    { length: FFT_FRAMES },
    (_, at) => window(at) * (samples[at] ?? 0),
  );
  const imaginary = new Float64Array(FFT_FRAMES);
  transform(real, imaginary);
  const bin = RATE_HZ / FFT_FRAMES;
  let tone = 0;
  let rest = 0;
  for (let at = Math.ceil(20 / bin); at < 20_000 / bin; at++) {
    const power = (real[at] as number) ** 2 + (imaginary[at] as number) ** 2;
    if (Math.abs(at * bin - TONE_HZ) <= NOTCH_HZ) tone += power;
    else rest += power;
  }
  return 10 * Math.log10(rest / tone);
}

/** Seven terms of Blackman and Harris: side lobes 180 dB down, nine bins off. */
function window(at: number): number {
  const terms = [
    0.27105140069342, 0.43329793923448, 0.21812299954311, 0.06592544638803, 0.01081174209837,
    0.00077658482522, 0.00001388721735,
  ];
  const angle = (2 * Math.PI * (at - FFT_FRAMES / 2)) / FFT_FRAMES;
  return terms.reduce((sum, term, order) => sum + term * Math.cos(order * angle), 0);
}

/** Cooley and Tukey's, in place. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  for (let at = 1, mirrored = 0; at < size; at++) {
    let bit = size >> 1;
    for (; mirrored & bit; bit >>= 1) mirrored ^= bit;
    mirrored ^= bit;
    if (at < mirrored) {
      [real[at], real[mirrored]] = [real[mirrored] as number, real[at] as number];
    }
  }
  for (let span = 2; span <= size; span *= 2) {
    for (let first = 0; first < size; first += span) {
      for (let at = 0; at < span / 2; at++) {
        const low = first + at;
        const high = low + span / 2;
        const [c, s] = [Math.cos((2 * Math.PI * at) / span), -Math.sin((2 * Math.PI * at) / span)];
        const re = c * (real[high] as number) - s * (imaginary[high] as number);
        const im = c * (imaginary[high] as number) + s * (real[high] as number);
        real[high] = (real[low] as number) - re;
        imaginary[high] = (imaginary[low] as number) - im;
        real[low] = (real[low] as number) + re;
        imaginary[low] = (imaginary[low] as number) + im;
      }
    }
  }
}

/** Evenly spread from 0 to 1, and the same each time. */
function random(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
}

test("the measure finds what is there", () => {
  const tone = (at: number) => Math.sin((2 * Math.PI * TONE_HZ * at) / RATE_HZ);
  const clean = Array.from({ length: FFT_FRAMES }, (_, at) => tone(at));
  expect(distortionDb(clean)).toBeLessThan(-150);
  expect(distortionDb(clean.map((sample, at) => sample + 1e-4 * tone(3 * at)))).toBeCloseTo(-80, 1);
});

test.each([
  { ppm: 100 },
  { ppm: -100 },
  { ppm: 100, granularityFrames: 48 },
  { ppm: 0, granularityFrames: 480 },
])("a tone stays one, whatever the card: %o", (crystal) => {
  const { heard, speeds } = play(crystal, 22);
  const from = (seconds: number) => heard.slice(seconds * RATE_HZ, seconds * RATE_HZ + FFT_FRAMES);
  for (const second of [2, 4, 9]) expect(distortionDb(from(second))).toBeLessThan(-95);
  for (const second of [15, 18]) expect(distortionDb(from(second))).toBeLessThan(-110);
  const settled = speeds.slice(1_000);
  expect(Math.max(...settled) - Math.min(...settled)).toBeLessThan(6);
  expect(Math.abs(settled[0]! + crystal.ppm)).toBeLessThan(3);
});
