import { type Micros, millis } from "@tutti/protocol";
import { fadeFrames, raisedCosine } from "./fade.ts";

export type VolumeCurve = "cubic" | "linear" | "exponential";

/** How long a change of volume or mute takes: no zipper noise, yet immediate to the hand. */
const RAMP: Micros = millis(20);

/** What the exponential curve spans between 1 and 100 percent. (dB) */
const EXPONENTIAL_RANGE_DB = 60;

const FLOOR = 10 ** (-EXPONENTIAL_RANGE_DB / 20);

/** Amplitude factor (0 to 1) of a volume from 0 to 100 percent. */
export function gainOf(percent: number, curve: VolumeCurve): number {
  const part = Math.min(1, Math.max(0, percent / 100));
  switch (curve) {
    case "linear":
      return part;
    case "cubic":
      return part ** 3;
    case "exponential":
      // Straight in decibels, less its value at nought percent, so that nought is silence.
      return (10 ** ((EXPONENTIAL_RANGE_DB * (part - 1)) / 20) - FLOOR) / (1 - FLOOR);
  }
}

/** A gain that moves to each new target along a raised cosine. Multiplies by exactly one at 100 percent. */
export class Volume {
  #from = 0;
  #to = 0;
  #at = 1;
  #ramp = 1;
  #settled = false;

  /** Sets where the gain goes. The first call takes effect without a ramp: nothing sounds yet. */
  set(target: number, rateHz: number): void {
    if (this.#settled && target === this.#to) return;
    this.#from = this.#settled ? this.now : target;
    this.#to = target;
    this.#ramp = fadeFrames(RAMP, rateHz);
    this.#at = this.#settled ? 0 : this.#ramp;
    this.#settled = true;
  }

  /** The gain of the next frame. */
  get now(): number {
    if (this.#at >= this.#ramp) return this.#to;
    return this.#from + (this.#to - this.#from) * raisedCosine(this.#at / this.#ramp);
  }

  /** Whether nothing can be heard, now and until the next `set`. */
  get silent(): boolean {
    return this.#to === 0 && this.#at >= this.#ramp;
  }

  /** Applies the gain in place to interleaved samples, whole frames. */
  apply(samples: Float32Array, channels: number): void {
    const frames = samples.length / channels;
    const ramped = Math.min(frames, this.#ramp - this.#at);
    for (let frame = 0; frame < ramped; frame++) {
      const gain = this.now;
      this.#at++;
      scale(samples, frame * channels, (frame + 1) * channels, gain);
    }
    if (this.#to !== 1) scale(samples, Math.max(0, ramped) * channels, samples.length, this.#to);
  }
}

function scale(samples: Float32Array, from: number, to: number, gain: number): void {
  for (let at = from; at < to; at++) samples[at] = (samples[at] as number) * gain;
}
