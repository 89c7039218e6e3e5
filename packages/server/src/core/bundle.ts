import { between, type ServerInstant } from "@tutti/protocol";
import type { AudioMessage } from "./rendition.ts";

/** The greatest part of a buffer that a bundle may be: what is held back cannot outlast an outage of the link. */
const BUFFER_SHARE_MAX = 1 / 5;

/**
 * Chunks that go out together, so that the air is quiet in between: on a path that keeps order, questions about the
 * time wait behind each packet of audio, and a client that is woken seldom costs less.
 *
 * Time is cut into spans by the chunks' own stamps, at another phase for each session; the first chunk of a span
 * goes out with all that were held in the span before it. That takes no timer while chunks come.
 */
export class Bundle {
  /** From recording to hearing. (ms) */
  bufferMs = 0;
  /** The span the client would like; 0: each chunk as it comes. (ms) */
  wishMs = 0;
  readonly #phase: number;
  #held: AudioMessage[] = [];
  #heldSince: ServerInstant | undefined;
  #span = 0;
  /** Of the last that was added. */
  #turn: number | undefined;

  /** `phase`: from 0 to 1. */
  constructor(phase: number) {
    this.#phase = phase;
  }

  /** Returns what is to be sent now: nothing, or all that was held. */
  add(message: AudioMessage, now: ServerInstant): AudioMessage[] {
    const span = 1_000 * Math.min(this.wishMs, this.bufferMs * BUFFER_SHARE_MAX);
    if (span <= 0) return [...this.take(), message];
    const turn = Math.floor(message.recordedAt / span + this.#phase);
    const same = span === this.#span && turn === this.#turn;
    this.#span = span;
    this.#turn = turn;
    this.#held.push(message);
    this.#heldSince ??= now;
    return same ? [] : this.take();
  }

  /** What was held for too long, as no more chunks come. */
  takeOverdue(now: ServerInstant): AudioMessage[] {
    const overdue = this.#heldSince !== undefined && between(this.#heldSince, now) > this.#span;
    return overdue ? this.take() : [];
  }

  clear(): void {
    this.take();
    this.#turn = undefined;
  }

  /** What is held, as nothing comes behind it. */
  take(): AudioMessage[] {
    this.#heldSince = undefined;
    return this.#held.splice(0);
  }
}
