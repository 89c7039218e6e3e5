/** First pause after a lost connection: most are back at once. (ms) */
const PAUSE_MS_MIN = 50;
/**
 * Longest pause: half a buffer. What a server that returns records is due a buffer later, so a client that is
 * back by then misses nothing of it; a knock at a port where nobody listens costs a packet. (ms)
 */
const PAUSE_MS_MAX = 500;

/** Pauses that double with each failure and differ between clients, so that a house does not knock at once. */
export class BackOff {
  readonly #random: () => number;
  #failures = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** How long to wait before the next attempt: between half of the pause that is due and the whole. (ms) */
  nextMs(): number {
    const pauseMs = Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** this.#failures);
    this.#failures += 1;
    return pauseMs * (0.5 + this.#random() / 2);
  }

  /** The peer answered: the next loss is a new one. */
  succeeded(): void {
    this.#failures = 0;
  }
}
