import { between, type Micros, millis, type ServerInstant, seconds } from "@tutti/protocol";
import type { QualityChange } from "./report-watch.ts";

/** What was late once was an outage, which clients tell of up to a second later, or a link that gets a lesser coding by now. */
const GOES_ON_AFTER = millis(1_200);
/** Without a sign for so long it was another one. Clients that hear nothing tell of it each 5 s only, we see what is dropped. */
const OVER_AFTER = seconds(3);
/** A link that carries nothing for so long is away, not late. Where little is under way, that is known once a second. */
const AWAY_AFTER = millis(1_200);
/** Most of what is missed by one that is away for longer, or was switched off, a longer buffer would not save. */
const AWAY_MAX = seconds(4);
/** After so many within so long, one more is no accident. */
const OUTAGES_BEFORE = 1;
const OUTAGES_WITHIN = seconds(600);
const SAID_AGAIN_AFTER = seconds(600);

/** What a client is found to suffer from. */
const LATE: QualityChange = {
  what: "buffer too small",
  better: false,
  reason: "what comes is too late all the time; a longer buffer would outlast more",
};

const AWAY: QualityChange = {
  what: "buffer too small",
  better: false,
  reason:
    "its link carries nothing for a moment again and again; a longer buffer would outlast more",
};

/**
 * Whether things come too late to a client for longer than a lesser coding or a new connection takes to help, or not at all
 * for some seconds, again and again. One for all connections of a client: an outage may cost it one.
 */
export class LateWatch {
  #carriedAt: ServerInstant | undefined;
  /** Something was on its way when it was looked at last. */
  #waits = false;
  #outages: ServerInstant[] = [];
  #since: ServerInstant | undefined;
  #last: ServerInstant | undefined;
  #saidAt: ServerInstant | undefined;
  #outlasted: QualityChange | undefined;

  /** Something is on its way, and nothing was carried since it was looked at last. The client holds as much as lasts for `held`. */
  waits(now: ServerInstant, held: Micros): void {
    this.#waits = true;
    if (!this.#isOutage(now, held)) return;
    this.#outages = this.#outages.filter((at) => between(at, now) < OUTAGES_WITHIN);
    // Its room is silent already: a pause now is the shortest that there can be.
    if (this.#outages.length >= OUTAGES_BEFORE) this.#say(AWAY, now);
  }

  /** Its link has carried something. */
  carried(now: ServerInstant, held: Micros): void {
    if (this.#isOutage(now, held)) this.#outages.push(now);
    this.#carriedAt = now;
    this.#waits = false;
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
    if (between(this.#since, now) >= GOES_ON_AFTER) this.#say(LATE, now);
  }

  /** It has carried nothing of what there was, for longer than it holds and not for longer than a longer buffer would help. */
  #isOutage(now: ServerInstant, held: Micros): boolean {
    if (!this.#waits || this.#carriedAt === undefined) return false;
    const away = between(this.#carriedAt, now);
    return away >= Math.max(held, AWAY_AFTER) && away <= AWAY_MAX;
  }

  /** How the buffer proved too short since this was asked last, if it did. */
  take(): QualityChange | undefined {
    const outlasted = this.#outlasted;
    this.#outlasted = undefined;
    return outlasted;
  }

  #say(outlasted: QualityChange, now: ServerInstant): void {
    if (this.#saidAt !== undefined && between(this.#saidAt, now) < SAID_AGAIN_AFTER) return;
    this.#saidAt = now;
    this.#outlasted = outlasted;
  }
}
