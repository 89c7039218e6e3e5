/**
 * Whether the connection hangs though the link is there.
 *
 * What an outage loses TCP repeats when its timer fires, which doubles each time: after 2 s without a link nothing
 * comes for one more. Datagrams come through at once, and the server sends what was missed to whoever connects anew. So
 * when chunks stop coming, questions go both ways. Answers in datagrams while the stream stays silent say that
 * another connection is faster than this one. Where the stream answers, it was the music that stopped.
 */
import { type LocalInstant, localInstant, type Micros, millis, seconds } from "@tutti/protocol";

/** No pause in music that plays lasts longer but for stalls: servers drop 250 ms at once where a link is too slow. */
const PAUSE_MAX: Micros = millis(400);
/** TCP's own first repeats are waited for: what it leaves out after a loss is so long, with a round trip on top, and doubles. */
const TIMER_MIN: Micros = millis(200);
const TIMERS_MIN = 3;
const SILENCE_MIN = TIMERS_MIN * TIMER_MIN;
/** Our server sends a stretch of so long at once: what was lost was sent as much later than what was heard last. */
const BUNDLE: Micros = millis(100);
/**
 * A link whose datagrams take long has a queue, and TCP waits for as many times as long before it repeats what that has
 * lost: such a connection is slow, and another one would only fill the queue.
 */
const ROUND_TRIPS_MIN = 4;
/** Who answers nothing for so long, by either way, may be elsewhere by now; a name is enough then to go there. */
const UNANSWERED_MAX: Micros = millis(1_500);
/** Links that stall do so again and again: the network is asked for the server more and more seldom, until it was left alone twice as long. */
const SEARCH_AGAIN: Micros = seconds(10);
const SEARCH_AGAIN_MAX: Micros = seconds(300);
/**
 * On a link that held everything up, datagrams may come through a moment before the stream: so long, or a round trip where that
 * is longer. More would be heard, as by now the room is silent.
 */
const STREAM_BEHIND_MIN: Micros = millis(30);
/** A look that comes so much late is one of a thread that was held up: what came meanwhile is read first, within as long. */
const HELD_UP: Micros = millis(5);
/** Least time between two connections given up, doubled each time until one has brought music for `PROVEN`. */
const AGAIN_AFTER: Micros = seconds(1);
const AGAIN_AFTER_MAX: Micros = seconds(60);
const PROVEN: Micros = seconds(10);

/**
 * `stalled`: chunks have stopped coming, so ask. `unanswered`: the questions stay so, by either way. `hangs`: give the
 * connection up. `moved`: likewise, as one of the server's name answers elsewhere.
 */
export type StallNews = "stalled" | "unanswered" | "hangs" | "moved" | undefined;

export class StallWatch {
  #chunkAt = -Infinity;
  #heardAt = -Infinity;
  /** When to look whether chunks still come; undefined while none are expected. */
  #lookAt: LocalInstant | undefined;
  #stalled = false;
  /** When the first question asked in this stall was answered in a datagram. */
  #answeredAt: number | undefined;
  /** How long that took. */
  #roundTrip = 0;
  /** Whether judgement on this stall was put off, as we were held up ourselves. */
  #putOff = false;
  /** Whether the questions of this stall were waited for in vain. */
  #unanswered = false;
  /** Whether one of the server's name answers elsewhere. */
  #elsewhere = false;
  #searchedAt = -Infinity;
  #searchAfter: Micros = SEARCH_AGAIN;
  #gaveUpAt = -Infinity;
  #againAfter: Micros = AGAIN_AFTER;

  /** When `look` wants to be called. */
  get deadline(): LocalInstant | undefined {
    return this.#lookAt;
  }

  /** Nothing comes over the stream, and no datagram is answered. */
  get silent(): boolean {
    return this.#stalled && this.#answeredAt === undefined;
  }

  /** There is no connection, or a new one. */
  forget(): void {
    this.#lookAt = undefined;
    this.#chunkAt = -Infinity;
    this.#heardAt = -Infinity;
    this.#end();
  }

  /** A chunk of music came over the stream. */
  chunk(now: LocalInstant): void {
    this.#chunkAt = now;
    this.#lookAt ??= later(now, PAUSE_MAX);
  }

  /** Something came over the stream. Returns whether that ends a stall. */
  heard(now: LocalInstant): boolean {
    this.#heardAt = now;
    const ended = this.#stalled;
    this.#end();
    // Put off with each message, the look wakes nobody while music comes.
    if (ended || this.#lookAt !== undefined) this.#lookAt = later(now, PAUSE_MAX);
    return ended;
  }

  /** A datagram sent at `asked` was answered. */
  answered(asked: LocalInstant, now: LocalInstant): void {
    if (!this.#stalled || asked < this.#heardAt) return;
    if (this.#answeredAt !== undefined) return;
    this.#answeredAt = now;
    this.#roundTrip = now - asked;
    this.#lookAt = this.#judgedAt(now);
  }

  /** Whether this stall is worth asking the network where the server is, before its questions count as unanswered. */
  searches(now: LocalInstant): boolean {
    const rested = now - this.#searchedAt;
    if (rested < this.#searchAfter) return false;
    const afresh = rested >= 2 * SEARCH_AGAIN_MAX;
    this.#searchAfter = afresh ? SEARCH_AGAIN : doubled(this.#searchAfter, SEARCH_AGAIN_MAX);
    this.#searchedAt = now;
    return true;
  }

  /** A search has found it: the next one is as welcome. */
  found(): void {
    this.#searchedAt = -Infinity;
  }

  /** One of the server's name answers elsewhere. `suspected`: it is to be asked whether it is the one. */
  foundElsewhere(): "moved" | "suspected" | undefined {
    if (!this.silent) return undefined;
    this.#elsewhere = true;
    return this.#unanswered ? "moved" : "suspected";
  }

  /** To be called when `deadline` has come; earlier does no harm. */
  look(now: LocalInstant): StallNews {
    if (this.#lookAt === undefined || now < this.#lookAt) return undefined;
    const heldUp = now - this.#lookAt >= HELD_UP;
    this.#lookAt = undefined;
    if (this.#stalled) return heldUp && !this.#putOff ? this.#putOffBriefly(now) : this.#judge(now);
    // Other messages came, and no chunk: it is the music that stopped, and the next chunk says so.
    if (this.#heardAt - this.#chunkAt >= PAUSE_MAX) return undefined;
    this.#stalled = true;
    this.#lookAt = localInstant(this.#heardAt + UNANSWERED_MAX);
    return "stalled";
  }

  /** Once: a slow machine is late each time. */
  #putOffBriefly(now: LocalInstant): StallNews {
    this.#putOff = true;
    this.#lookAt = later(now, HELD_UP);
    return undefined;
  }

  #judge(now: LocalInstant): StallNews {
    if (this.#answeredAt === undefined) {
      this.#unanswered = true;
      return this.#elsewhere ? "moved" : "unanswered";
    }
    const due = this.#judgedAt(localInstant(this.#answeredAt));
    if (now < due) {
      this.#lookAt = due;
      return undefined;
    }
    const proven = this.#heardAt - this.#gaveUpAt > PROVEN;
    this.#againAfter = proven ? AGAIN_AFTER : doubled(this.#againAfter, AGAIN_AFTER_MAX);
    this.#gaveUpAt = now;
    return "hangs";
  }

  #judgedAt(answeredAt: LocalInstant): LocalInstant {
    // A link that was there before TCP can have sent for the third time will carry that, and it is here before another connection is.
    const isAwaited = answeredAt - this.#heardAt < SILENCE_MIN;
    const repeated = BUNDLE + TIMERS_MIN * (TIMER_MIN + this.#roundTrip);
    const least = isAwaited ? repeated : SILENCE_MIN;
    const silent = this.#heardAt + Math.max(least, ROUND_TRIPS_MIN * this.#roundTrip);
    const again = this.#gaveUpAt + this.#againAfter;
    const behind = Math.max(STREAM_BEHIND_MIN, this.#roundTrip);
    return localInstant(Math.max(answeredAt + behind, silent, again));
  }

  #end(): void {
    this.#stalled = false;
    this.#answeredAt = undefined;
    this.#putOff = false;
    this.#unanswered = false;
    this.#elsewhere = false;
  }
}

function later(now: LocalInstant, span: Micros): LocalInstant {
  return localInstant(now + span);
}

function doubled(span: Micros, most: Micros): Micros {
  return Math.min(most, 2 * span) as Micros;
}
