import {
  after,
  type Micros,
  micros,
  millis,
  type ServerInstant,
  seconds,
  serverInstant,
} from "@tutti/protocol";
import type { StreamClock } from "./stream-clock.ts";

/** How long a pipe is watched before its first chunk gets its stamp: five arrivals of a usual writer. */
const WATCH_MAX = millis(100);
/** The share of the buffer that this may cost. */
const WATCH_SHARE = 0.1;
/** Clients need this to connect and to learn the time; half a buffer is left for the first chunks too. */
const LEAD_MIN = millis(500);
/**
 * What a server reads of a source that waits for it is stamped from the present on: a chunk ahead of the moment of reading, which
 * file systems tell in steps of up to 10 ms.
 */
const STAMPED_AHEAD = millis(10);
/** No pipe of ours holds more of a live source than this. */
const OWED_MAX = seconds(4);

export interface BeginningOptions {
  /** From recording to hearing. */
  readonly buffer: Micros;
  readonly chunk: Micros;
}

/** When the first frame is due of a source that does not say when it was recorded. */
export class Beginning {
  readonly #chunk: Micros;
  readonly #watch: Micros;
  /** How far back the first frame of a source that waits for us is stamped; below 0, not at all. */
  readonly #headStart: Micros;
  /** Up to where stamps have been given. */
  #stampedUntil: ServerInstant | undefined;
  /** When the first frame was recorded of what was found, if its writer is live. */
  #foundFrom: ServerInstant | undefined;
  /** What a live source may bring that could not be read in time. */
  #owed: Micros = micros(0);
  #waited = false;
  /** Whether what plays began with what had waited for us. */
  #behind = false;

  constructor({ buffer, chunk }: BeginningOptions) {
    this.#chunk = chunk;
    this.#watch = micros(Math.min(WATCH_MAX, buffer * WATCH_SHARE));
    this.#headStart = micros(buffer - Math.max(LEAD_MIN, buffer / 2));
  }

  /** Whether what plays lay in the source already, left by a writer that may be gone. */
  get waited(): boolean {
    return this.#waited;
  }

  /** Whether what was recorded then had waited for us for so long that nobody hears it any more, `length` later. */
  past(recordedAt: ServerInstant, length: Micros, now: ServerInstant): boolean {
    return this.#behind && after(recordedAt, length) <= now;
  }

  /**
   * So much lay in the source when it was opened, written for a server that is no more: a live writer's is exactly as old as it is
   * long. Nobody had read for `unread` at the least, if that is known: up to there the other one may have given stamps.
   */
  found(span: Micros, unread: Micros | undefined, now: ServerInstant): void {
    this.#foundFrom = after(now, micros(-span));
    if (unread === undefined) return;
    this.stamped(after(now, micros(this.#chunk + STAMPED_AHEAD - unread)));
  }

  /** We were held up for `span`, and a live source has written on. */
  heldUp(span: Micros): void {
    this.#owed = micros(Math.min(span, OWED_MAX));
  }

  /** So far stamps have been given: none after a pause may lie before. */
  stamped(until: ServerInstant): void {
    this.#stampedUntil = until;
  }

  /** The source begins just now, as far as nothing else is known; its first arrivals will tell. */
  begin(clock: StreamClock, now: ServerInstant): void {
    const latest = after(now, micros(-this.#chunk));
    const sooner = after(now, micros(-this.#headStart));
    const paced = Math.max(sooner, this.#stampedUntil ?? -Infinity);
    clock.startAbout(this.#foundFrom ?? latest, after(now, this.#watch), {
      paced: serverInstant(Math.min(latest, paced)),
      owed: this.#owed,
    });
    this.#waited = this.#foundFrom !== undefined;
    this.#behind = this.#waited || this.#owed > 0;
    this.#foundFrom = undefined;
    this.#owed = micros(0);
  }

  /** The server's clock was set by so much. */
  move(by: Micros): void {
    if (this.#foundFrom !== undefined) this.#foundFrom = after(this.#foundFrom, by);
    if (this.#stampedUntil !== undefined) this.#stampedUntil = after(this.#stampedUntil, by);
  }
}
