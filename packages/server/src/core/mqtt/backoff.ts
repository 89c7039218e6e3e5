import { after, type Micros, micros, type ServerInstant, seconds } from "@tutti/protocol";

const FIRST_WAIT: Micros = seconds(1);
/** A broker that comes back is found within this; a server asks it no oftener than twice a minute. */
const LONGEST_WAIT: Micros = seconds(30);
/** A connection that held for so long was a good one: the next trouble begins from the start. */
const GOOD_AFTER: Micros = seconds(30);
/** Several servers of one broker shall not come back in the same moment. */
const SPREAD = 0.25;

/** When to try again: soon at first, then more and more seldom. */
export class Backoff {
  readonly #random: () => number;
  #wait: Micros = FIRST_WAIT;
  #connectedAt: ServerInstant | undefined;

  constructor(random: () => number) {
    this.#random = random;
  }

  connected(now: ServerInstant): void {
    this.#connectedAt = now;
  }

  /** An attempt failed, or what it led to ended. Returns when to make the next. */
  lost(now: ServerInstant): ServerInstant {
    if (this.#connectedAt !== undefined && now >= after(this.#connectedAt, GOOD_AFTER)) {
      this.#wait = FIRST_WAIT;
    }
    this.#connectedAt = undefined;
    const wait = micros(this.#wait * (1 + SPREAD * (2 * this.#random() - 1)));
    this.#wait = micros(Math.min(LONGEST_WAIT, this.#wait * 2));
    return after(now, wait);
  }
}
