import { type Frames, frames, framesIn, millis, type SampleFormat } from "@tutti/protocol";
import {
  copyOf,
  decayFrom,
  fadeIn,
  fadeOut,
  framesOf,
  joined,
  silence,
  startsWithStep,
} from "./pcm.ts";

/** Fades where the programme begins, ends or changes. */
const FADE = millis(10);

/** Where what goes out passes from one thing to another: source, silence, fallback. No seam is a step. */
export class Seams {
  readonly #format: SampleFormat;
  readonly #fade: Frames;
  /** The last frame that went out. */
  #lastFrame: Uint8Array;
  /** The end of the fallback so far, kept back so that it can be faded out. */
  #fallbackEnd: Uint8Array = new Uint8Array(0);
  #fallbackRamp: Frames = frames(0);

  constructor(format: SampleFormat) {
    this.#format = format;
    this.#fade = frames(Math.round(framesIn(FADE, format.rateHz)));
    this.#lastFrame = silence(frames(1), format);
  }

  /** Of a seam's silence at the least. */
  get fade(): Frames {
    return this.#fade;
  }

  /** To be told of everything that goes out. */
  passed(pcm: Uint8Array): void {
    this.#lastFrame = copyOf(pcm, pcm.length - this.#lastFrame.length);
  }

  /** Ramps up the start of a source in place, unless it begins from silence by itself. */
  begin(pcm: Uint8Array): void {
    if (startsWithStep(pcm, this.#format)) this.#ramp(pcm, frames(0));
  }

  /** Silence that begins without a step from what went out last. */
  silence(count: Frames): Uint8Array {
    const pcm = silence(count, this.#format);
    pcm.set(decayFrom(this.#lastFrame, frames(Math.min(count, this.#fade)), this.#format));
    return pcm;
  }

  beginFallback(): void {
    this.#fallbackRamp = frames(0);
    this.#fallbackEnd = new Uint8Array(0);
  }

  /** What of the fallback may go out by now. The bytes stay the caller's. */
  fallback(pcm: Uint8Array): Uint8Array {
    const fresh = copyOf(pcm, 0);
    this.#fallbackRamp = this.#ramp(fresh, this.#fallbackRamp);
    const both = joined(this.#fallbackEnd, fresh);
    const kept = Math.min(both.length, this.#fade * this.#lastFrame.length);
    this.#fallbackEnd = copyOf(both, both.length - kept);
    return both.subarray(0, both.length - kept);
  }

  /** The last of the fallback, faded out. */
  endFallback(): Uint8Array {
    const end = this.#fallbackEnd;
    this.#fallbackEnd = new Uint8Array(0);
    fadeOut(end, this.#format);
    return end;
  }

  /** Ramps up the start of a programme of which `done` frames have passed; returns how many have then. */
  #ramp(pcm: Uint8Array, done: Frames): Frames {
    if (done < this.#fade) fadeIn(pcm, this.#format, { done, length: this.#fade });
    return frames(Math.min(this.#fade, done + framesOf(pcm, this.#format)));
  }
}
