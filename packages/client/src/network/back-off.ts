/** First pause after a lost connection: most are back at once. (ms) */
const PAUSE_MS_MIN = 25;
/**
 * Longest pause while a restart is likely: a server is back a fifth of a second after its start, and what was written
 * meanwhile is there to be heard. A knock at a port where nobody listens costs a packet. (ms)
 */
const PAUSE_MS_MAX = 50;
/** How many attempts that are worth it, some 10 s; and the longest pause after them. */
const FAILURES_OF_RESTART = 240;
const PAUSE_MS_MAX_LATER = 500;

/** Pauses that double with each failure and differ between clients, so that a house does not knock at once. */
export class BackOff {
  readonly #random: () => number;
  #failures = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** How long to wait before the next attempt: between half of the pause that is due and the whole. (ms) */
  nextMs(): number {
    const longestMs = this.#failures < FAILURES_OF_RESTART ? PAUSE_MS_MAX : PAUSE_MS_MAX_LATER;
    const pauseMs = Math.min(longestMs, PAUSE_MS_MIN * 2 ** this.#failures);
    this.#failures += 1;
    return pauseMs * (0.5 + this.#random() / 2);
  }

  /** The peer answered: the next loss is a new one. */
  succeeded(): void {
    this.#failures = 0;
  }
}
