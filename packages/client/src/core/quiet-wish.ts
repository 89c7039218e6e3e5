import { type LocalInstant, type Micros, millis, seconds } from "@tutti/protocol";

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
/**
 * Audio of more than that goes in so many packets that TCP does not send a bundle of it at once where it loses some now
 * and then: they take the time between two bundles, too. (kbit/s)
 */
const KBIT_MAX_UNSURE = 256;
/** Doubt above which audio is to be light, and below which it may be what it was: as that is heard, less is asked. (us) */
const LIGHT = 100;
const LIGHT_UNTIL = 50;
/** By then all is won that can be; where the clock is in doubt still it stays so. */
const LIGHT_MAX: Micros = seconds(60);
/** How long a wish stands at least: at the start the doubt falls by the millisecond. */
const EVERY: Micros = millis(500);

/** What decides how much quiet is wished for. */
export interface Air {
  /** Of the clock. */
  readonly uncertainty: Micros;
  /** By how much the round trip is longer than it could be, on average. */
  readonly variation: Micros;
}

/** How quiet a client would like the air, for its questions about the time. */
export interface Quiet {
  /** Such stretches of audio are to come at once. (ms) */
  readonly spanMs: number;
  /** In codings that need no more; 0: in any. (kbit/s) */
  readonly kbitMax: number;
}

/** How much quiet to wish for, when. */
export class QuietWish {
  #wish: Quiet | undefined;
  #unsure = false;
  #lightSince: LocalInstant | undefined;
  #wishedAt = -Infinity;

  /** A new server knows of no wish. */
  restart(): void {
    this.#wish = undefined;
    this.#wishedAt = -Infinity;
    this.#unsure = false;
    this.#lightSince = undefined;
  }

  /** What to tell the server now, of what it does not know. It begins without limit. */
  wish({ uncertainty, variation }: Air, bufferMs: number, now: LocalInstant): Partial<Quiet> {
    const known = this.#wish !== undefined;
    if (known && now - this.#wishedAt < EVERY) return {};
    const spanMs = Math.min(SPAN_MS_MAX, Math.floor(bufferMs * SHARE));
    const longMs = Math.min(SPAN_MS_MAX_UNSURE, Math.floor(bufferMs * SHARE_UNSURE));
    const variations = variation / 1_000;
    const helps = spanMs < VARIATIONS_ENOUGH * variations && longMs > VARIATIONS_MIN * variations;
    this.#unsure = known && uncertainty > (this.#unsure ? SURE : UNSURE);
    const light = known && this.#isLight(uncertainty, helps, now);
    const wish = {
      spanMs: this.#unsure && helps ? longMs : spanMs,
      kbitMax: light ? KBIT_MAX_UNSURE : 0,
    };
    const { spanMs: before, kbitMax: limitBefore = 0 } = this.#wish ?? {};
    const news = {
      ...(wish.spanMs !== before && { spanMs: wish.spanMs }),
      ...(wish.kbitMax !== limitBefore && { kbitMax: wish.kbitMax }),
    };
    if (Object.keys(news).length > 0) this.#wishedAt = now;
    this.#wish = wish;
    return news;
  }

  #isLight(uncertainty: Micros, helps: boolean, now: LocalInstant): boolean {
    if (uncertainty < LIGHT_UNTIL) this.#lightSince = undefined;
    else if (uncertainty > LIGHT && helps) this.#lightSince ??= now;
    return this.#lightSince !== undefined && now - this.#lightSince < LIGHT_MAX;
  }
}
