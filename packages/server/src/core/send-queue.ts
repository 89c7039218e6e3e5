import {
  after,
  between,
  type Micros,
  micros,
  millis,
  type ServerInstant,
  serverInstant,
} from "@tutti/protocol";
import type { AudioMessage } from "./rendition.ts";
import type { LinkReading } from "./rung-chooser.ts";

/**
 * Most that is handed over and has not arrived, as a share of the greatest age: a link may take as long
 * as that and still be in time. What is under way can neither be dropped nor be overtaken by the time.
 */
const UNSENT_SHARE = 0.65;
/** The same on a link that is too slow, as the time it takes to carry that. */
const UNSENT_MAX_SLOW = millis(150);
/** What a link carries is judged by so much of its time. */
const CARRIED_OVER = millis(1_000);
/** The least that this is in bytes: some packets, whatever the coding. */
export const UNSENT_BYTES_MIN = 4 * 1024;
/** Messages by which a session's bytes per second are judged. */
const RECENT = 16;
/** Messages handed over whose time is remembered: those of some seconds. */
const HANDED = 128;
/** A link that carries something all the time, and never all for so long, is too slow. */
const SLOW_AFTER = millis(2_000);
/** One that carries nothing for so long is not slow but away: what waits may still be heard. */
const AWAY_AFTER = millis(500);
/** So long before the greatest age a message should arrive, as links vary and clients render ahead. */
const AHEAD_MAX = millis(450);
/** The share of the greatest age that this may be, and that is left for waiting at the least. */
const AHEAD_SHARE = 0.42;
const WAIT_SHARE_MIN = 1 / 8;
/** On a slow link so much is dropped at once: music with pauses, where single chunks would be a rattle. */
const DROP_RUN = millis(250);

/** Audio that waits for a slow client. Bounded by age: nothing is kept that could no longer be heard. */
export class SendQueue {
  #ageMax: Micros;
  #waiting: AudioMessage[] = [];
  #unsentBytes = 0;
  /** Handed over since the shell said how much is under way. */
  #handedBytes = 0;
  #dropped = 0;
  #recent: AudioMessage[] = [];
  // Numbers in rings: an object each would live just long enough to be garbage of the slow kind.
  readonly #handedAt = new Float64Array(HANDED);
  readonly #handedSizes = new Float64Array(HANDED);
  /** All that there have been. */
  #handed = 0;
  /** For how long the oldest of what is under way has been. */
  #wayTime: Micros = micros(0);
  #recentBytes = 0;
  #bytesPerMicro = 0;
  /** What the link carries, as a mean that forgets; only while it is never done is that what it can carry. */
  #carriedPerMicro = 0;
  #measuredAt: ServerInstant | undefined;
  #slow = false;
  #slowSince: ServerInstant | undefined;
  #progressAt: ServerInstant | undefined;

  /** Drops what is older than `ageMax`. */
  constructor(ageMax: Micros) {
    this.#ageMax = ageMax;
  }

  set ageMax(value: Micros) {
    this.#ageMax = value;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get waitingBytes(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Most bytes that may be under way. */
  get unsentBytesMax(): number {
    const bytes = this.#slow
      ? this.#carriedPerMicro * UNSENT_MAX_SLOW
      : this.#bytesPerMicro * this.#ageMax * UNSENT_SHARE;
    return Math.max(UNSENT_BYTES_MIN, bytes);
  }

  /** Bytes the shell was given and that have not arrived, as far as it knows, until it says otherwise. */
  setUnsent(bytes: number, now: ServerInstant): LinkReading {
    const carriedBytes = Math.max(0, this.#unsentBytes + this.#handedBytes - bytes);
    const progress = carriedBytes > 0;
    this.#measure(carriedBytes, now);
    this.#unsentBytes = bytes;
    this.#handedBytes = 0;
    this.#wayTime = this.#wayTimeOf(bytes, now);
    const carried = this.#waiting.length === 0 && (!this.#slow || bytes < this.unsentBytesMax / 2);
    if (carried) this.#slowSince = undefined;
    else if (progress) {
      const away = this.#progressAt && between(this.#progressAt, now) > AWAY_AFTER;
      this.#slowSince = away ? now : (this.#slowSince ?? now);
      this.#progressAt = now;
    }
    this.#slow = this.#slowSince !== undefined && between(this.#slowSince, now) > SLOW_AFTER;
    const behindBytes = bytes + this.waitingBytes;
    return { behindBytes, carriedBytes, wayTime: this.#wayTime };
  }

  /** Whether a message may go at once, past the queue: then it must be told as `sent`. */
  get idle(): boolean {
    return this.#waiting.length === 0 && this.#unsentBytes < this.unsentBytesMax;
  }

  push(messages: readonly AudioMessage[]): void {
    this.#waiting.push(...messages);
  }

  /** What may be sent now, in order. */
  take(now: ServerInstant): AudioMessage[] {
    this.#dropOlder(this.#ageMax, now);
    const taken: AudioMessage[] = [];
    let unsent = this.#unsentBytes;
    while (this.#waiting.length > 0 && unsent < this.unsentBytesMax) {
      if (this.#slow) this.#dropRun(now);
      const message = this.#waiting.shift();
      if (!message) break;
      unsent += message.bytes.length;
      taken.push(message);
      this.sent(message, now);
    }
    return taken;
  }

  /** Learns from a message how much this session is sent. */
  sent(message: AudioMessage, now: ServerInstant): void {
    this.#handedAt[this.#handed % HANDED] = now;
    this.#handedSizes[this.#handed % HANDED] = message.bytes.length;
    this.#handed++;
    this.#handedBytes += message.bytes.length;
    this.#recent.push(message);
    this.#recentBytes += message.bytes.length;
    if (this.#recent.length > RECENT) this.#recentBytes -= this.#recent.shift()?.bytes.length ?? 0;
    const [first = message] = this.#recent;
    const span = between(first.recordedAt, message.recordedAt);
    if (span <= 0) return;
    // The last one's own length is not in the span.
    const bytes = this.#recentBytes - message.bytes.length;
    this.#bytesPerMicro = bytes / span;
  }

  /**
   * Goes on in another coding of the same stream: with the message in place of the first that was not handed over,
   * and those of `before` ahead of it. The new coding may fit where the old one was too much.
   */
  turnTo(coded: readonly AudioMessage[], before: Micros): void {
    const sent = this.#recent.at(-1)?.recordedAt;
    const from = this.#waiting[0]?.recordedAt ?? (sent === undefined ? undefined : sent + 1);
    this.#waiting = coded.filter(
      ({ recordedAt }) => from === undefined || recordedAt >= from - before,
    );
    this.#recent = [];
    this.#recentBytes = 0;
    this.#slow = false;
    this.#slowSince = undefined;
  }

  /** Messages dropped since this was asked last. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  clear(): void {
    this.#waiting = [];
  }

  #measure(carriedBytes: number, now: ServerInstant): void {
    const span = this.#measuredAt === undefined ? 0 : between(this.#measuredAt, now);
    this.#measuredAt = now;
    const kept = Math.exp(-span / CARRIED_OVER);
    this.#carriedPerMicro = this.#carriedPerMicro * kept + carriedBytes / CARRIED_OVER;
  }

  #wayTimeOf(unsentBytes: number, now: ServerInstant): Micros {
    const last = Math.max(0, this.#handed - HANDED);
    let at = this.#handed;
    for (let left = unsentBytes; left > 0 && at > last; ) {
      at--;
      left -= this.#handedSizes[at % HANDED] as number;
    }
    const none = at === this.#handed;
    return none ? micros(0) : between(serverInstant(this.#handedAt[at % HANDED] as number), now);
  }

  /** On a slow link a message is long under way. */
  #dropRun(now: ServerInstant): void {
    const [oldest] = this.#waiting;
    const ahead = Math.min(AHEAD_MAX, this.#ageMax * AHEAD_SHARE);
    const ageMax = Math.max(this.#ageMax * WAIT_SHARE_MIN, this.#ageMax - this.#wayTime - ahead);
    if (!oldest || between(oldest.recordedAt, now) < ageMax) return;
    this.#dropOlder(micros(Math.max(ageMax / 2, ageMax - DROP_RUN)), now);
  }

  #dropOlder(age: Micros, now: ServerInstant): void {
    const first = this.#waiting.findIndex(({ recordedAt }) => after(recordedAt, age) > now);
    const late = first < 0 ? this.#waiting.length : first;
    if (late === 0) return;
    this.#waiting.splice(0, late);
    this.#dropped += late;
  }
}
