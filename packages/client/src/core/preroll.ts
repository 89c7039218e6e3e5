import type { AudioFormat, ClockBend } from "@tutti/audio/core";
import { type LocalInstant, localInstant, type Ppm } from "@tutti/protocol";
import { FADE, raisedCosine } from "./fade.ts";
import type { Rendering } from "./pump.ts";

/**
 * Silence while an amplifier starts, then a fade into what is heard by then. It lies over the sound and moves none of it, so
 * this room is in time with the others from its first frame on.
 */
export class Preroll implements Rendering {
  readonly #inner: Rendering;
  readonly #lengthUs: number;
  #format: AudioFormat = { rateHz: 48_000, channels: 2 };
  #until = localInstant(-Infinity);

  constructor(inner: Rendering, milliseconds: number) {
    this.#inner = inner;
    this.#lengthUs = milliseconds * 1_000;
  }

  /** The amplifier is switched on: it can be heard that much later. */
  begin(now: LocalInstant): void {
    this.#until = localInstant(now + this.#lengthUs);
  }

  render(into: Float32Array, heardAt: LocalInstant, cardRate: Ppm): void {
    this.#inner.render(into, heardAt, cardRate);
    if (heardAt < this.#until + FADE) this.#silence(into, heardAt);
  }

  clockBent(bend: ClockBend): void {
    this.#inner.clockBent(bend);
  }

  outputRestarted(format: AudioFormat): void {
    this.#format = format;
    this.#inner.outputRestarted(format);
  }

  receivedMs(now: LocalInstant): number {
    return this.#inner.receivedMs(now);
  }

  get sounding(): boolean {
    return this.#inner.sounding;
  }

  get waitMs(): number | undefined {
    return this.#inner.waitMs;
  }

  #silence(into: Float32Array, heardAt: LocalInstant): void {
    const { rateHz, channels } = this.#format;
    for (let at = 0; at < into.length; at++) {
      const moment = heardAt + (Math.floor(at / channels) * 1_000_000) / rateHz;
      into[at] = (into[at] as number) * raisedCosine((moment - this.#until) / FADE);
    }
  }
}
