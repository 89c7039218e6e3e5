import {
  after,
  between,
  durationOf,
  type Frames,
  frames,
  framesIn,
  type Micros,
  micros,
  millis,
  type Ppm,
  type ServerInstant,
  seconds,
} from "@tutti/protocol";
import { SourceLine } from "./source-line.ts";

/*
 * Which server time is frame n?  A line:  stamp(n) = t + (n - m) * period.
 *
 * Frames are counted, so within the line stamps advance evenly however unevenly frames come in. The line
 * runs at the rate of the source as its arrivals tell it (see SourceLine). A frame's stamp should be when
 * it was recorded, which for a live writer is when it came; where the two differ (the source paused, or
 * follows filled silence), the line leans towards it by difference / OFFSET_MEMORY, at most SLEW_MAX: a
 * listener hears no change of pitch, and a millisecond of uncertainty moves no stamp faster than 0.5 ppm.
 * A capture clock is certain within microseconds, so it is approached faster. No line leans towards a
 * source that was found a moment ago: it may yet prove to be somewhere else, or nowhere.
 *
 * What observes:
 * - A capture clock says when its first frame was recorded.
 * - A live writer (a pipe) is observed each time its queue is read empty: then what has arrived is all
 *   that there is by now. Bursts are thereby seen at their ends, always alike.
 * - A writer that is faster than real time gets ahead of it by more than any pipe holds, or never lets
 *   its queue run empty. Then nothing is observed, the rate is nominal, and `wait` makes the reader keep
 *   to real time: the queue holds the writer.
 *
 * A pipe that begins to play is watched for a moment before the first stamp is given: what lay in it is
 * read whole, and the earliest of the first arrivals is closer to the truth than the first. When it shows that the
 * writer waits for us, what it writes was recorded at no moment: then the first frame may be due sooner than a whole
 * buffer from now, as what fills the buffer can be had at once.
 */

/** Time constants with which stamps approach the moment of recording: when it is told, and when it is guessed. */
const CAPTURED_MEMORY: Micros = seconds(60);
const OFFSET_MEMORY: Micros = seconds(2_000);
/** Fastest move of the line beyond the source's rate: less than crystals differ by. (ppm) */
const SLEW_MAX = 50;
/** A source is followed by its rate alone until it has kept its place for so long. */
const LEAN_AFTER: Micros = seconds(2);
/** A capture clock that leaps by more has lost frames. */
const LOST_MIN: Micros = millis(50);
/** Most that is read ahead of real time from a writer with a pace of its own: a full pipe of 64 KiB at 48 kHz in stereo, and some. */
const BURST_MAX: Micros = millis(400);
/** A writer not seen to run dry for this long is ahead of real time, and its rate not its own. */
const UNOBSERVED_MAX: Micros = seconds(2);
/** Who waits for us has made up for a head start by then, however busy the machine is. */
const CATCHING_UP_MAX: Micros = seconds(1);
/** Who has kept one place for so long has a time of its own for good: its pipe may be made larger. */
const STEADY_AFTER: Micros = seconds(5);

/** What the arrival of frames says about the source's clock. */
export type Arrival =
  /** The queue was read empty: by now no more frames than these exist. */
  | { readonly kind: "drained" }
  /** More was waiting than was taken: nothing is learnt. */
  | { readonly kind: "held back" }
  /** The source knows when the first of these frames was recorded. */
  | { readonly kind: "captured"; readonly at: ServerInstant };

/** Whose pace the source keeps: as yet unknown, its own, or ours. */
type Pace =
  | { readonly kind: "unknown"; readonly taken: Frames }
  | { readonly kind: "its own"; readonly seenAt: ServerInstant }
  | { readonly kind: "ours"; readonly since: ServerInstant };

const UNKNOWN: Pace = { kind: "unknown", taken: frames(0) };

/** Frames counted so far <-> server time. One for each stream; counts never go back. */
export class StreamClock {
  readonly #nominal: number;
  readonly #rateHz: number;
  readonly #source: SourceLine;
  /** The line: `#stamp` is of frame `#frame`, each later one `#period` microseconds on. */
  #stamp: ServerInstant | undefined;
  #frame: Frames = frames(0);
  #period: number;
  #count: Frames = frames(0);
  #offsetMemory: Micros = OFFSET_MEMORY;
  #pace: Pace = UNKNOWN;
  /** How far the line moves should its writer wait for us. */
  #sooner: Micros = micros(0);
  /** What a live writer may bring beyond a burst while it is watched. */
  #owed: Micros = micros(0);
  /** Until when the source is watched before the line is fixed; undefined once it is. */
  #settlesAt: ServerInstant | undefined;

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
    this.#nominal = 1_000_000 / rateHz;
    this.#period = this.#nominal;
    this.#source = new SourceLine(rateHz);
  }

  /** Whether frames have a time just now. */
  get running(): boolean {
    return this.#stamp !== undefined;
  }

  /** Whether stamps may be given: before, they still move. */
  get settled(): boolean {
    return this.#settlesAt === undefined;
  }

  /** The number of the next frame. */
  get count(): Frames {
    return this.#count;
  }

  /** How much faster than nominal the source runs, as far as known. */
  get rate(): Ppm {
    return this.#source.rate;
  }

  /** When the next frame is due. Only while running. */
  get next(): ServerInstant {
    return this.stampOf(this.#count);
  }

  /** Whether the source has a time of its own. */
  get live(): boolean {
    return this.#pace.kind === "its own";
  }

  /** Whether it has kept its place for some seconds. */
  get steady(): boolean {
    return this.live && this.#source.placedFor >= STEADY_AFTER;
  }

  /** When a live source has written all before a frame, by its own time. */
  writtenBy(frame: Frames): ServerInstant | undefined {
    return this.live ? this.#source.at(frame) : undefined;
  }

  /** The number of the frame that a live source captures then. */
  frameAt(at: ServerInstant): Frames {
    const ahead = this.live ? between(this.#source.at(this.#count), at) : micros(0);
    return frames(this.#count + Math.round(framesIn(ahead, this.#rateHz)));
  }

  /** Anchors the next frame anew: a stated discontinuity. */
  start(at: ServerInstant): void {
    this.#stamp = at;
    this.#frame = this.#count;
    this.#period = this.#nominal;
    this.#settlesAt = undefined;
    this.relock();
  }

  /**
   * Anchors the next frame at a guess, and where the source's first arrivals say it was at `settlesAt`; for a writer
   * that waits for us at `paced`. `owed` is what a live one may have written while we did not read.
   */
  startAbout(
    at: ServerInstant,
    settlesAt: ServerInstant,
    {
      paced = at,
      owed = micros(0),
    }: { readonly paced?: ServerInstant; readonly owed?: Micros } = {},
  ): void {
    this.start(at);
    this.#settlesAt = settlesAt;
    this.#sooner = between(at, paced);
    this.#owed = owed;
  }

  stop(): void {
    this.#stamp = undefined;
    this.#settlesAt = undefined;
  }

  /** Stamps go on as they are; what comes next is another source, or the same after a pause. */
  relock(): void {
    this.#source.forget();
    this.#pace = UNKNOWN;
  }

  /** The server's clock was set by so much: frames keep their distance to it. */
  move(by: Micros): void {
    this.#source.move(by);
    if (this.#stamp !== undefined) this.#stamp = after(this.#stamp, by);
    if (this.#settlesAt !== undefined) this.#settlesAt = after(this.#settlesAt, by);
    if (this.#pace.kind === "its own") {
      this.#pace = { kind: "its own", seenAt: after(this.#pace.seenAt, by) };
    }
    if (this.#pace.kind === "ours") {
      this.#pace = { kind: "ours", since: after(this.#pace.since, by) };
    }
  }

  /** The server time of a frame; also of frames a little before the line was anchored. */
  stampOf(frame: Frames): ServerInstant {
    const { at, from } = this.#line();
    return after(at, micros((frame - from) * this.#period));
  }

  /** How long the source must wait before it hands over more; zero or less: no longer. */
  wait(now: ServerInstant): Micros {
    if (!this.running || this.#pace.kind === "unknown") return micros(0);
    const ahead = between(now, this.next);
    return this.#pace.kind === "ours" ? ahead : micros(ahead - this.#burstMax);
  }

  /** Counts frames made here (silence, the fallback), which say nothing about the source. */
  fill(count: Frames): void {
    this.#settlesAt = undefined;
    this.#count = frames(this.#count + count);
  }

  /** Counts frames from the source and learns from their arrival. */
  arrive(count: Frames, arrival: Arrival, now: ServerInstant): void {
    const captured = arrival.kind === "captured";
    this.#offsetMemory = captured ? CAPTURED_MEMORY : OFFSET_MEMORY;
    if (captured) this.#observe(this.#count, arrival.at, now);
    this.#count = frames(this.#count + count);
    if (arrival.kind === "drained" && !this.#catchesUp(now)) this.#observe(this.#count, now, now);
    if (arrival.kind === "held back") this.#heldBack(count, now);
    if (!captured && this.#pace.kind === "its own" && between(now, this.next) >= this.#burstMax) {
      this.#keepOurPace(now);
    }
    if (this.#pace.kind === "unknown") return;
    if (this.#settlesAt !== undefined) this.#settle(this.#settlesAt, now);
    else if (this.#pace.kind === "its own") this.#lean();
  }

  /** Frames that a capture clock shows to be lost before the one recorded `at`. */
  lostBefore(at: ServerInstant): Frames {
    if (!this.running || !this.#source.known) return frames(0);
    const gap = between(this.#source.at(this.#count), at);
    return frames(gap > LOST_MIN ? Math.round(framesIn(gap, this.#rateHz)) : 0);
  }

  get #burstMax(): Micros {
    return this.settled ? BURST_MAX : micros(BURST_MAX + this.#owed);
  }

  #observe(frame: Frames, at: ServerInstant, now: ServerInstant): void {
    this.#source.observe(frame, at);
    this.#pace = { kind: "its own", seenAt: now };
  }

  /** A writer that waits for nobody is taken at our pace: real time catches up with what was read. */
  #heldBack(count: Frames, now: ServerInstant): void {
    if (this.#pace.kind === "unknown") {
      const taken = frames(this.#pace.taken + count);
      this.#pace = { kind: "unknown", taken };
      if (durationOf(taken, this.#rateHz) >= this.#burstMax) this.#keepOurPace(now);
    } else if (this.#pace.kind === "its own") {
      if (between(this.#pace.seenAt, now) >= UNOBSERVED_MAX) this.#keepOurPace(now);
    }
  }

  /** Whether a writer that waits for us is read as fast as it can write: an empty queue says that we are the faster ones. */
  #catchesUp(now: ServerInstant): boolean {
    if (this.#pace.kind !== "ours" || this.next >= now) return false;
    return between(this.#pace.since, now) < CATCHING_UP_MAX;
  }

  #keepOurPace(now: ServerInstant): void {
    this.#source.reset();
    this.#pace = { kind: "ours", since: now };
    this.#turn(this.next, this.#nominal);
  }

  /** Fixes the line: to where a live source is, to where we like for one that has no time of its own. */
  #settle(at: ServerInstant, now: ServerInstant): void {
    const live = this.#pace.kind === "its own";
    if (live && now < at) return;
    const next = live ? this.#source.at(this.#count) : after(this.next, this.#sooner);
    this.#turn(next, this.#period);
    this.#settlesAt = undefined;
  }

  /** Follows the source's rate, and what is known of its time. */
  #lean(): void {
    const off = between(this.next, this.#source.at(this.#count));
    const placed = this.#source.placedFor >= LEAN_AFTER;
    const slew = placed ? clamp((off / this.#offsetMemory) * 1e6, SLEW_MAX) : 0;
    this.#turn(this.next, this.#nominal * (1 + (slew - this.#source.rate) * 1e-6));
  }

  /** Turns the line about the next frame, so that a new period leaves no step. */
  #turn(next: ServerInstant, period: number): void {
    this.#stamp = next;
    this.#frame = this.#count;
    this.#period = period;
  }

  #line(): { at: ServerInstant; from: Frames } {
    if (this.#stamp === undefined) throw new Error("the stream clock was asked while it stands");
    return { at: this.#stamp, from: this.#frame };
  }
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}
