import { type LocalInstant, type Micros, millis } from "@tutti/protocol";

/**
 * The parts of the buffer that the server may send at once: as a rule, and while the clock is not known well
 * enough. Questions about the time find the air the quieter the longer they are; what is held back at the server is
 * missing here when the link fails.
 */
const SHARE = 1 / 10;
const SHARE_UNSURE = 1 / 5;
/** The same of buffers so long that quiet is not what is wanting. (ms) */
const SPAN_MS_MAX = 100;
const SPAN_MS_MAX_UNSURE = 200;
/** Doubt of the clock above which it is not known well enough, and below which it is again. (us) */
const UNSURE = 40;
const SURE = 25;
/** A bundle shorter than so many times what ways vary by leaves no quiet behind it; one of so few not even a longer one. */
const VARIATIONS_ENOUGH = 6;
const VARIATIONS_MIN = 2;
/** How long a wish stands at least: at the start the doubt falls by the millisecond. */
const EVERY: Micros = millis(500);

/** What decides how much quiet is wished for. */
export interface Air {
  /** Of the clock. */
  readonly uncertainty: Micros;
  /** By how much the round trip is longer than it could be, on average. */
  readonly variation: Micros;
}

/** Which stretches of audio a client would like to get at once. */
export class BundleWish {
  #wishMs: number | undefined;
  #unsure = false;
  #wishedAt = -Infinity;

  /** A new server knows of no wish. */
  restart(): void {
    this.#wishMs = undefined;
    this.#wishedAt = -Infinity;
    this.#unsure = false;
  }

  /** What to tell the server now; undefined when it knows. (ms) */
  wish({ uncertainty, variation }: Air, bufferMs: number, now: LocalInstant): number | undefined {
    const known = this.#wishMs !== undefined;
    if (known && now - this.#wishedAt < EVERY) return undefined;
    const spanMs = Math.min(SPAN_MS_MAX, Math.floor(bufferMs * SHARE));
    const longMs = Math.min(SPAN_MS_MAX_UNSURE, Math.floor(bufferMs * SHARE_UNSURE));
    const variations = variation / 1_000;
    const helps = spanMs < VARIATIONS_ENOUGH * variations && longMs > VARIATIONS_MIN * variations;
    this.#unsure = known && uncertainty > (this.#unsure ? SURE : UNSURE);
    const wishMs = this.#unsure && helps ? longMs : spanMs;
    if (wishMs === this.#wishMs) return undefined;
    this.#wishMs = wishMs;
    this.#wishedAt = now;
    return wishMs;
  }
}
