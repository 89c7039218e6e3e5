import { type LocalInstant, type Micros, millis } from "@tutti/protocol";

/** What is planned so far ahead has time: bursts and groups are not. */
const LEISURE_MIN: Micros = millis(140);
/** Bundles of chunks come more often than that, while music plays. */
const PATIENCE: Micros = millis(100);
/** A clock that is doubted more needs its questions when they were planned, as on radios that sleep. (us) */
const SURE = 25;

/**
 * A question about the time that is not urgent waits for what wakes this host anyway: most of what it costs is the waking,
 * and its answer comes while the chunks are decoded.
 */
export class Patience {
  /** When the question is to be asked at the latest, whatever else happens. (local us) */
  deadline = Infinity;
  #askAt = Infinity;

  /** `askAt`: when the next question is due; `clock`: what is known of the clock that it is about. */
  plan(
    askAt: LocalInstant | undefined,
    now: LocalInstant,
    clock: { uncertaintyAt(now: LocalInstant): number },
  ): void {
    if ((askAt ?? Infinity) === this.#askAt) return;
    this.#askAt = askAt ?? Infinity;
    const leisurely = this.#askAt - now >= LEISURE_MIN && clock.uncertaintyAt(now) < SURE;
    this.deadline = this.#askAt + (leisurely ? PATIENCE : 0);
  }
}
