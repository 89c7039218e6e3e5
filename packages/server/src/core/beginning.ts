import {
  after,
  between,
  type Micros,
  micros,
  millis,
  type ServerInstant,
  serverInstant,
} from "@tutti/protocol";
import type { StreamClock } from "./stream-clock.ts";

/** How long a pipe is watched before its first chunk gets its stamp: five arrivals of a usual writer. */
const WATCH_MAX = millis(100);
/** The share of the buffer that this may cost. */
const WATCH_SHARE = 0.1;
/** Clients need this to connect and to learn the time; half a buffer is left for the first chunks too. */
const LEAD_MIN = millis(500);
/** What a source has so soon after it was opened for the first time was written before. */
const WAITED_MAX = millis(50);

/** When the first frame is due of a source that does not say when it was recorded. */
export class Beginning {
  readonly #watch: Micros;
  /** How far back the first frame of a source that waits for us is stamped; below 0, not at all. */
  readonly #headStart: Micros;
  #openedAt: ServerInstant | undefined;
  /** Up to where stamps have been given. */
  #stampedUntil: ServerInstant | undefined;
  #waited = false;

  constructor(buffer: Micros) {
    this.#watch = micros(Math.min(WATCH_MAX, buffer * WATCH_SHARE));
    this.#headStart = micros(buffer - Math.max(LEAD_MIN, buffer / 2));
  }

  /** Whether what plays lay in the source already, left by a writer that may be gone. */
  get waited(): boolean {
    return this.#waited;
  }

  /** The source is open, and what it has at once was written for a server that is no more. */
  opened(now: ServerInstant): void {
    this.#openedAt ??= now;
  }

  /** So far stamps have been given: none after a pause may lie before. */
  stamped(until: ServerInstant): void {
    this.#stampedUntil = until;
  }

  /** The source begins about `at`; its first arrivals will tell. */
  begin(clock: StreamClock, at: ServerInstant, now: ServerInstant): void {
    this.#waited = this.#openedAt !== undefined && between(this.#openedAt, now) <= WAITED_MAX;
    const sooner = after(now, micros(-this.#headStart));
    const paced = Math.max(sooner, this.#stampedUntil ?? -Infinity);
    clock.startAbout(at, after(now, this.#watch), serverInstant(Math.min(at, paced)));
  }

  /** The server's clock was set by so much. */
  move(by: Micros): void {
    if (this.#openedAt !== undefined) this.#openedAt = after(this.#openedAt, by);
    if (this.#stampedUntil !== undefined) this.#stampedUntil = after(this.#stampedUntil, by);
  }
}
