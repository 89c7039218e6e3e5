import { assert } from "@tutti/protocol";

/** The ring between a card's callback and whoever writes for it. */
export class CardQueue {
  readonly capacityFrames: number;
  /** Frames that ever entered. */
  written = 0;
  /** Frames of those that wait: the oldest is number `written - queued`. */
  queued = 0;
  readonly #channels: number;
  readonly #samples: Float32Array;

  constructor(capacityFrames: number, channels: number) {
    this.capacityFrames = capacityFrames;
    this.#channels = channels;
    this.#samples = new Float32Array(capacityFrames * channels);
  }

  /** The number of the oldest frame that waits. */
  get oldest(): number {
    return this.written - this.queued;
  }

  /** Returns how many frames of those it had room for. */
  write(samples: Float32Array): number {
    const channels = this.#channels;
    const wanted = samples.length / channels;
    assert(Number.isInteger(wanted), "whole frames are written");
    const count = Math.min(wanted, this.capacityFrames - this.queued);
    const at = this.written % this.capacityFrames;
    const whole = Math.min(count, this.capacityFrames - at);
    this.#samples.set(samples.subarray(0, whole * channels), at * channels);
    this.#samples.set(samples.subarray(whole * channels, count * channels));
    this.queued += count;
    this.written += count;
    return count;
  }

  /** Moves `count` frames into `into`. */
  take(count: number, into: Float32Array): void {
    let from = (this.oldest % this.capacityFrames) * this.#channels;
    for (let at = 0; at < count * this.#channels; at++) {
      into[at] = this.#samples[from] as number;
      if (++from === this.#samples.length) from = 0;
    }
    this.queued -= count;
  }

  /** Throws away what was written before frame `to`, but for `faded` frames, which fade. Returns how many. */
  skip(to: number, faded: number): number {
    const skipped = to - faded - this.oldest;
    this.#fade(this.oldest, to - faded, faded);
    this.queued -= skipped;
    return skipped;
  }

  /** Puts `count` frames from number `from` on, fading, in the place of those from `to` on, which are later. */
  #fade(from: number, to: number, count: number): void {
    const channels = this.#channels;
    for (let index = count - 1; index >= 0; index--) {
      const gain = 0.5 - 0.5 * Math.cos(Math.PI * (1 - index / count));
      const source = ((from + index) % this.capacityFrames) * channels;
      const target = ((to + index) % this.capacityFrames) * channels;
      for (let channel = 0; channel < channels; channel++) {
        this.#samples[target + channel] = gain * (this.#samples[source + channel] as number);
      }
    }
  }
}
