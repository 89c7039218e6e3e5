import { type Micros, millis, type SoundSettings } from "@tutti/protocol";
import { Chime } from "./chime.ts";
import { fadeFrames, raisedCosine } from "./fade.ts";
import type { OutputFormat } from "./playout.ts";
import { isPlain, SoundChain } from "./sound-chain.ts";
import { gainOf, Volume, type VolumeCurve } from "./volume.ts";

/** How long new settings take: the old and the new sound cross over. */
const CROSSING: Micros = millis(20);

/** What is set of volume and sound, by the server and on this client. */
export interface SoundWish {
  readonly percent: number;
  readonly muted: boolean;
  /** Volumes above sound like this one. (percent) */
  readonly max: number;
  /** Unless the server says which. */
  readonly curve: VolumeCurve;
  readonly settings: SoundSettings;
  /** Somebody else makes the volume, or nobody. */
  readonly mixer?: "outside" | "none" | undefined;
}

/** The last steps before the card: channels, filters, volume, and the chime over it all. Never with a step. */
export class Sound {
  readonly #volume = new Volume();
  readonly #chime = new Chime();
  #settings: SoundSettings = {};
  #gain = 1;
  /** What the chain was made for. */
  #made = "";
  #chain: SoundChain | undefined;
  /** What sounded before, while the two cross over. */
  #leaving: SoundChain | undefined;
  #crossed = Infinity;
  #scratch = new Float32Array(0);

  set({ percent, muted, max, curve, settings, mixer }: SoundWish, rateHz: number): void {
    const gain = gainOf(Math.min(percent, max), settings.curve ?? curve);
    this.#volume.set(muted ? 0 : levelOf(gain, mixer), rateHz);
    this.#settings = settings;
    this.#gain = gain;
  }

  chime(): void {
    this.#chime.start();
  }

  /** Works in place on interleaved samples, whole frames. */
  apply(samples: Float32Array, format: OutputFormat): void {
    this.#renew(format);
    if (this.#crossed < Infinity) this.#cross(samples, format);
    else this.#chain?.apply(samples);
    this.#volume.apply(samples, format.channels);
    this.#chime.addTo(samples, format.channels, format.rateHz);
  }

  /** Makes a chain for what is set now, unless that is the one there is. */
  #renew(format: OutputFormat): void {
    const settings = this.#settings;
    // The volume matters to loudness alone, and silence needs none.
    const gain = settings.loudness ? this.#gain : 1;
    const wanted = isPlain(settings) ? "" : JSON.stringify([settings, gain, format]);
    // While two cross over, a third waits.
    if (wanted === this.#made || this.#crossed < Infinity) return;
    this.#made = wanted;
    const before = this.#chain;
    this.#chain = wanted === "" ? undefined : new SoundChain(settings, gain, format);
    if (before) this.#chain?.follow(before);
    this.#leaving = before;
    this.#crossed = 0;
  }

  #cross(samples: Float32Array, { rateHz, channels }: OutputFormat): void {
    if (this.#scratch.length < samples.length) this.#scratch = new Float32Array(samples.length);
    const old = this.#scratch.subarray(0, samples.length);
    old.set(samples);
    this.#leaving?.apply(old);
    this.#chain?.apply(samples);
    const length = fadeFrames(CROSSING, rateHz);
    for (let at = 0; at < samples.length; at++) {
      const part = raisedCosine((this.#crossed + Math.floor(at / channels)) / length);
      samples[at] = (old[at] as number) * (1 - part) + (samples[at] as number) * part;
    }
    this.#crossed += samples.length / channels;
    if (this.#crossed < length) return;
    this.#crossed = Infinity;
    this.#leaving = undefined;
  }
}

/** What is left to be done in the samples. A card's control need not reach silence at nought percent. */
function levelOf(gain: number, mixer: SoundWish["mixer"]): number {
  if (mixer === undefined) return gain;
  return mixer === "outside" && gain === 0 ? 0 : 1;
}
