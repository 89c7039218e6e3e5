import { between, millis, type ServerInstant, seconds } from "@tutti/protocol";
import type { QualityChange } from "./report-watch.ts";

/** What was late once was an outage, which clients tell of up to a second later, or a link that gets a lesser coding by now. */
const GOES_ON_AFTER = millis(1_200);
/** Without a sign for so long it was another one. Clients that hear nothing tell of it each 5 s only, we see what is dropped. */
const OVER_AFTER = seconds(3);
/** Nothing helps a link that carries nothing for so long, or a client that was switched off: they are away, not late. Where little is under way, that is known once a second. */
const AWAY_AFTER = millis(1_200);
const SAID_AGAIN_AFTER = seconds(600);

/** What a client is found to suffer from then. */
export const OUTLASTED: QualityChange = {
  what: "buffer too small",
  better: false,
  reason: "what comes is too late all the time; a longer buffer would outlast more",
};

/** Whether things come too late to a client for longer than a lesser coding or a new connection takes to help. */
export class LateWatch {
  #carriedAt: ServerInstant | undefined;
  #since: ServerInstant | undefined;
  #last: ServerInstant | undefined;
  #saidAt: ServerInstant | undefined;
  #outlasted = false;

  /** Its link has carried something. */
  carried(now: ServerInstant): void {
    this.#carriedAt = now;
  }

  /** Something came after its moment, or was dropped as it would. */
  late(now: ServerInstant): void {
    if (this.#carriedAt === undefined || between(this.#carriedAt, now) > AWAY_AFTER) {
      this.#last = undefined;
      return;
    }
    const over = this.#last === undefined || between(this.#last, now) > OVER_AFTER;
    if (over || this.#since === undefined) this.#since = now;
    this.#last = now;
    if (between(this.#since, now) < GOES_ON_AFTER) return;
    if (this.#saidAt !== undefined && between(this.#saidAt, now) < SAID_AGAIN_AFTER) return;
    this.#saidAt = now;
    this.#outlasted = true;
  }

  /** Whether the buffer proved too short since this was asked last. */
  take(): boolean {
    const outlasted = this.#outlasted;
    this.#outlasted = false;
    return outlasted;
  }
}
