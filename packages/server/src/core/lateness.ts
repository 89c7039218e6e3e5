import { after, between, type Micros, micros, millis, type ServerInstant } from "@tutti/protocol";

/** A source that goes on so soon was never away, whether or not it catches up. */
const PAUSE_MIN = millis(250);
/** Nor one that is no later than so many times what it was at worst of late: some write 100 ms at once, and now 40 ms late. */
const USUAL_TIMES = 1.5;
/** What is left of the worst with each piece that comes. */
const USUAL_KEPT = 63 / 64;
/** Never less: writers hand over 20 ms at once, and may be a scheduling late with them. */
const GAP_MIN = millis(30);
/** How much of the buffer may pass before silence goes out: clients need the rest for links that stall. */
const GAP_SHARE = 0.4;
/** Silence that is 600 ms early outlasts every stall of a link that music outlasts. */
const GAP_MAX = millis(400);
/** Timers of a process that runs are later than this seldom. */
const HELD_UP_MIN = millis(5);
/** Where it is we who were held up, the source's bytes may lie unread, or it was held up too: so long is waited for them. */
const GRACE_MAX = millis(50);

/** How late a source is, and what follows from it. `next` is always when the stream's next frame is due. */
export class Lateness {
  /** So late, a source has stopped and silence takes over. */
  readonly gapMax: Micros;
  /** So far behind real time silence stays as long as the source may come back with all that it owes. */
  readonly lag: Micros;
  /** Who comes back later than this was late or has paused, which makes a difference. */
  readonly #pauseMin: Micros;
  readonly #staleMin: Micros;
  readonly #grace: Micros;
  #graceUntil: ServerInstant | undefined;
  /** How late it is at worst while it has not been away. (us) */
  #usual = 0;

  constructor(buffer: Micros, chunk: Micros) {
    const gapMin = Math.max(GAP_MIN, 2 * chunk);
    this.#pauseMin = micros(Math.min(PAUSE_MIN, Math.max(gapMin, buffer / 4)));
    const gapMax = Math.min(GAP_MAX, buffer * GAP_SHARE);
    this.gapMax = micros(Math.max(this.#pauseMin, gapMax));
    this.lag = micros(Math.max(0, this.gapMax - gapMin));
    this.#grace = micros(Math.min(GRACE_MAX, this.gapMax));
    this.#staleMin = micros(Math.max(buffer / 2, this.gapMax + GRACE_MAX));
  }

  /** When to ask whether it has stopped. */
  deadline(next: ServerInstant): ServerInstant {
    return this.#graceUntil ?? after(next, this.gapMax);
  }

  /** Whether the source has stopped. When it is we who are late, it gets a moment more. */
  gone(next: ServerInstant, now: ServerInstant): boolean {
    if (this.#graceUntil !== undefined) return now >= this.#graceUntil;
    const overdue = between(next, now) - this.gapMax;
    if (overdue < 0) return false;
    if (overdue < HELD_UP_MIN) return true;
    this.#graceUntil = after(now, this.#grace);
    return false;
  }

  /** Something came. */
  came(next: ServerInstant, now: ServerInstant): void {
    this.over();
    if (!this.paused(next, now))
      this.#usual = Math.max(between(next, now), USUAL_KEPT * this.#usual);
  }

  /** Nothing is waited for any more. */
  over(): void {
    this.#graceUntil = undefined;
  }

  /** Whether what comes now comes after what may have been a pause. */
  paused(next: ServerInstant, now: ServerInstant): boolean {
    const usual = Math.min(this.gapMax, USUAL_TIMES * this.#usual);
    return between(next, now) > Math.max(this.#pauseMin, usual);
  }

  /** Whether the next frame is so late that catching up would be in vain. */
  stale(next: ServerInstant, now: ServerInstant): boolean {
    return between(next, now) > this.#staleMin;
  }

  /** The server's clock was set by so much. */
  move(by: Micros): void {
    if (this.#graceUntil !== undefined) this.#graceUntil = after(this.#graceUntil, by);
  }
}
