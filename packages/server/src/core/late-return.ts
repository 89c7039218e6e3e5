import {
  after,
  between,
  durationOf,
  type Frames,
  frameBytes,
  frames,
  type Micros,
  micros,
  millis,
  type SampleFormat,
  type ServerInstant,
  seconds,
} from "@tutti/protocol";
import { copyOf, framesOf, joined } from "./pcm.ts";
import type { Arrival } from "./stream-clock.ts";

/*
 * A live source went on after it had been away: was it only late, or had it paused?
 *
 * Who was late (its process or the whole machine stood still) writes at once all that it owes. So when its queue is
 * empty again it is where it would have been, by the line of its earlier arrivals. What it brought then goes on at its
 * old time, without what silence has replaced already, and nobody hears the music later for the rest of the day. Who had
 * paused goes on where it was, as much later as it was away; nothing of that may be left out.
 *
 * A writer in blocks is where it would have been each time that it writes one, so what comes is held until one more
 * has come. A writer that is ahead of its line is another one, or one that has no time of its own.
 */

/** Longest that is waited for a block more. */
const HOLD_MIN = millis(30);
const HOLD_MAX = millis(100);
const HOLD_SHARE = 0.1;
/** As far off its line a source may be that is back on it. */
const OFF_MAX = millis(5);

/** Who comes back later than this owes nothing any more. */
const AWAY_MAX = seconds(1);

export type Verdict = "unclear" | "late" | "paused";

/** What came back. */
export interface Returned {
  readonly pcm: Uint8Array;
  /** The number of its first frame, if it was only late. */
  readonly first: Frames;
  /** Of its last piece. */
  readonly arrival: Arrival;
}

/** Where a source stopped in the middle of sound. */
export interface Stop {
  readonly at: ServerInstant;
  /** The number of the frame that would have been next. */
  readonly frame: Frames;
}

/** Holds what a source brings that was away, until it is clear how to go on. */
export class LateReturn {
  readonly #format: SampleFormat;
  readonly #holdMax: Micros;
  #stop: Stop | undefined;
  /** How much of that which the source still brings silence has replaced. */
  #replaced: Frames = frames(0);
  #held: (Returned & { readonly until: ServerInstant }) | undefined;

  constructor(format: SampleFormat, buffer: Micros) {
    this.#format = format;
    this.#holdMax = micros(Math.max(HOLD_MIN, Math.min(HOLD_MAX, buffer * HOLD_SHARE)));
  }

  /** Whether what comes at `now` may be late, if the source stopped at `at`. */
  possible(at: ServerInstant | undefined, now: ServerInstant): boolean {
    return at !== undefined && between(at, now) <= AWAY_MAX;
  }

  /** The source stopped there; with undefined, that is past. */
  set stop(stop: Stop | undefined) {
    this.#stop = stop;
  }

  get stop(): Stop | undefined {
    return this.#stop;
  }

  get replaced(): Frames {
    return this.#replaced;
  }

  /** So much of what comes is to be left out. */
  set replaced(count: Frames) {
    this.#replaced = count;
  }

  /** What is left of a piece, as a copy, without what silence has replaced. */
  leaveOut(pcm: Uint8Array, arrival: Arrival): Pick<Returned, "pcm" | "arrival"> {
    const count = frames(Math.min(this.#replaced, framesOf(pcm, this.#format)));
    this.#replaced = frames(this.#replaced - count);
    const rest = copyOf(pcm, count * frameBytes(this.#format));
    if (arrival.kind !== "captured") return { pcm: rest, arrival };
    const at = after(arrival.at, durationOf(count, this.#format.rateHz));
    return { pcm: rest, arrival: { kind: "captured", at } };
  }

  /** When to ask for a verdict if nothing comes; undefined while nothing is held. */
  get deadline(): ServerInstant | undefined {
    return this.#held?.until;
  }

  /** One piece more; `first` is the number of the first one's first frame. The bytes stay the caller's. */
  hold(pcm: Uint8Array, first: Frames, arrival: Arrival, now: ServerInstant): void {
    const held = this.#held;
    this.#held = {
      pcm: held ? joined(held.pcm, pcm) : copyOf(pcm, 0),
      first: held?.first ?? first,
      arrival,
      until: held?.until ?? after(now, this.#holdMax),
    };
  }

  /** `writtenBy` tells when the source has written all before a frame, if it keeps its time. Only while something is held. */
  verdict(writtenBy: (frame: Frames) => ServerInstant | undefined, now: ServerInstant): Verdict {
    if (!this.#held) return "unclear";
    const { pcm, first, arrival, until } = this.#held;
    const due = writtenBy(frames(first + framesOf(pcm, this.#format)));
    const behind = due === undefined ? -Infinity : between(due, now);
    if (behind < -OFF_MAX) return "paused";
    if (behind <= OFF_MAX && arrival.kind === "drained") return "late";
    return now >= until ? "paused" : "unclear";
  }

  /** Hands over what is held. Only while something is. */
  take(): Returned & { readonly span: Micros } {
    if (!this.#held) throw new Error("nothing came back");
    const { pcm, first, arrival } = this.#held;
    this.#held = undefined;
    const span = durationOf(framesOf(pcm, this.#format), this.#format.rateHz);
    return { pcm, first, arrival, span };
  }

  /** The server's clock was set by so much. */
  move(by: Micros): void {
    if (this.#stop) this.#stop = { ...this.#stop, at: after(this.#stop.at, by) };
    if (this.#held) this.#held = { ...this.#held, until: after(this.#held.until, by) };
  }
}
