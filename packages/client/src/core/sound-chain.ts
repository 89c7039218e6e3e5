import type { Band, SoundSettings } from "@tutti/protocol";
import { type Coefficients, coefficientsOf, responseAt, runBiquad } from "./biquad.ts";
import type { OutputFormat } from "./playout.ts";

/** What a subwoofer takes; its slope is that of two filters, 24 dB an octave. (Hz) */
const SUB_CORNER_HZ = 120;

/** Loudness lifts the bass by this part of what the volume takes away, and the treble by a third of it. */
const LOUDNESS_PART = 0.35;
const LOUDNESS_DB_MAX = 12;
const TREBLE_PART = 1 / 3;
const BASS_HZ = 110;
const TREBLE_HZ = 7_000;

/** Where the loudest place of an equaliser is looked for: a twelfth of an octave apart. */
const LOOK_FROM_HZ = 10;
const LOOKS_AN_OCTAVE = 12;

const LOW_PASS: Band = { kind: "lowPass", hz: SUB_CORNER_HZ, gainDb: 0, q: Math.SQRT1_2 };

/**
 * What settings make of sound before the volume: which channels, filters, balance. Boosts are made up for beforehand:
 * an equaliser is turned down by its loudest place, and loudness adds less than the volume takes away.
 */
export class SoundChain {
  readonly #pick: NonNullable<SoundSettings["channels"]>;
  readonly #filters: readonly Coefficients[];
  readonly #left: number;
  readonly #right: number;
  readonly #channels: number;
  readonly #state: Float64Array;

  /** `gain`: the volume behind it, as a factor. */
  constructor(settings: SoundSettings, gain: number, { rateHz, channels }: OutputFormat) {
    const { balance = 0, equalizer = [], loudness = false } = settings;
    this.#pick = settings.channels ?? "stereo";
    const sub = this.#pick === "sub" ? [LOW_PASS, LOW_PASS] : [];
    const shaping = equalizer.map((band) => coefficientsOf(band, rateHz));
    const others = [...sub, ...(loudness ? loudnessOf(gain) : [])];
    this.#filters = [...shaping, ...others.map((band) => coefficientsOf(band, rateHz))];
    const down = 1 / Math.max(1, loudest(shaping, rateHz));
    this.#left = down * Math.min(1, 1 - balance / 100);
    this.#right = down * Math.min(1, 1 + balance / 100);
    this.#channels = channels;
    this.#state = new Float64Array(2 * channels * this.#filters.length);
  }

  /** Goes on where another chain is, as far as both are made alike: filters begin without a jolt. */
  follow(other: SoundChain): void {
    if (other.#state.length === this.#state.length) this.#state.set(other.#state);
  }

  /** Works in place on interleaved samples, whole frames. */
  apply(samples: Float32Array): void {
    if (this.#channels >= 2) this.#choose(samples);
    for (let filter = 0; filter < this.#filters.length; filter++) {
      const coefficients = this.#filters[filter] as Coefficients;
      for (let channel = 0; channel < this.#channels; channel++) {
        const at = 2 * (filter * this.#channels + channel);
        runBiquad(coefficients, samples, channel, this.#channels, this.#state, at);
      }
    }
    this.#balance(samples);
  }

  /** Of more than two channels only the first two are moved. */
  #choose(samples: Float32Array): void {
    const pick = this.#pick;
    if (pick === "stereo") return;
    for (let at = 0; at < samples.length; at += this.#channels) {
      const left = samples[at] as number;
      const right = samples[at + 1] as number;
      const both = (left + right) / 2;
      samples[at] = pick === "left" ? left : pick === "right" || pick === "swap" ? right : both;
      samples[at + 1] = pick === "right" ? right : pick === "left" || pick === "swap" ? left : both;
    }
  }

  /** With one channel there is nothing to balance. */
  #balance(samples: Float32Array): void {
    const stereo = this.#channels >= 2;
    const left = stereo ? this.#left : Math.max(this.#left, this.#right);
    const right = stereo ? this.#right : left;
    if (left === 1 && right === 1) return;
    for (let at = 0; at < samples.length; at += this.#channels) {
      samples[at] = (samples[at] as number) * left;
      if (stereo) samples[at + 1] = (samples[at + 1] as number) * right;
    }
  }
}

/** Whether settings leave every sample as it is. */
export function isPlain({ balance, channels, equalizer, loudness }: SoundSettings): boolean {
  const plainChannels = channels === undefined || channels === "stereo";
  return !balance && plainChannels && !equalizer?.length && !loudness;
}

/** The ear hears bass, and a little of the treble, the worse the quieter it is. */
function loudnessOf(gain: number): Band[] {
  const takenDb = -20 * Math.log10(Math.max(gain, 1e-6));
  const gainDb = Math.min(LOUDNESS_DB_MAX, LOUDNESS_PART * takenDb);
  return [
    { kind: "lowShelf", hz: BASS_HZ, gainDb, q: Math.SQRT1_2 },
    { kind: "highShelf", hz: TREBLE_HZ, gainDb: gainDb * TREBLE_PART, q: Math.SQRT1_2 },
  ];
}

function loudest(filters: readonly Coefficients[], rateHz: number): number {
  let most = 0;
  for (let hz = LOOK_FROM_HZ; hz < rateHz / 2; hz *= 2 ** (1 / LOOKS_AN_OCTAVE)) {
    most = Math.max(
      most,
      filters.reduce((factor, each) => factor * responseAt(each, hz, rateHz), 1),
    );
  }
  return filters.length === 0 ? 1 : most;
}
