/**
 * Decoded chunks waiting for their moment.
 *
 * The model: an axis of frames, where position p (fractions allowed) is a place in the programme. A
 * chunk lies on it right behind its predecessor when its stamp says so within CONTIGUOUS_MAX, whatever
 * the rounding of stamps or the true rate of the source; else there is a hole as long as the stamps say.
 * Each chunk keeps its own stamp, so position and server time convert exactly inside each chunk: a stamp
 * that is off by less than CONTIGUOUS_MAX shows as lateness, which the rate controller works off, in
 * every room at the same place of the programme.
 */
import { raisedCosine } from "./fade.ts";

/** Largest step of stamps that is a correction of the same line, not a hole. (us) */
const CONTIGUOUS_MAX = 1_000;

/** How far ahead `seek` looks for the end of a run: nobody asks beyond. (s) */
const HORIZON_SECONDS = 2;

export type Insertion = "added" | "duplicate";

interface Piece {
  /** Position of the first frame. */
  readonly first: number;
  readonly end: number;
  /** Server time at which the first frame was recorded. (us) */
  stamp: number;
  readonly samples: Float32Array;
  /** Samples at the start of `samples` that do not belong to the piece. */
  readonly skip: number;
}

/** Positions are frames, stamps are microseconds of the server's clock. */
export class JitterBuffer {
  readonly rateHz: number;
  readonly channels: number;
  /** Chunks cut or thrown away because more lay here than `capacity` allows. */
  overflows = 0;
  /** Bounds of the run of frames found by the last `seek`; infinitely far ahead and behind when there is none. */
  runFrom = Infinity;
  runTo = -Infinity;
  readonly #period: number;
  #capacity: number;
  #pieces: Piece[] = [];

  constructor(options: { rateHz: number; channels: number; capacityMs: number }) {
    this.rateHz = options.rateHz;
    this.channels = options.channels;
    this.#period = 1_000_000 / options.rateHz;
    this.#capacity = (options.capacityMs * options.rateHz) / 1_000;
  }

  get empty(): boolean {
    return this.#pieces.length === 0;
  }

  set capacityMs(value: number) {
    this.#capacity = (value * this.rateHz) / 1_000;
  }

  /** Takes decoded samples (owned from now on) that were recorded from `stamp` on. In any order. */
  insert(stamp: number, samples: Float32Array): Insertion {
    const frames = samples.length / this.channels;
    const last = this.#pieces.at(-1);
    const step = last ? stamp - this.#endStamp(last) : 0;
    const follows = Math.abs(step) < CONTIGUOUS_MAX;
    if (last && step > this.#capacity * this.#period) this.clear();
    if (last && step <= -CONTIGUOUS_MAX) return this.#insertBetween(stamp, samples, frames);
    const first = (last?.end ?? 0) + (follows ? 0 : Math.round(step / this.#period));
    this.#pieces.push({ first, end: first + frames, stamp, samples, skip: 0 });
    this.#bound();
    return "added";
  }

  /** When what lies here ends. NaN when the buffer is empty. (us of server time) */
  get endStamp(): number {
    const last = this.#pieces.at(-1);
    return last ? this.#endStamp(last) : Number.NaN;
  }

  /**
   * Fades over, from `from` to the end of what lies here, to the same sound from elsewhere: `samples` (not kept)
   * begin at `stamp` and reach the end at least.
   */
  blend(stamp: number, samples: Float32Array, from: number): void {
    const { channels } = this;
    const begin = Math.max(stamp, from);
    const end = this.endStamp;
    for (const piece of this.#pieces) {
      if (this.#endStamp(piece) <= begin) continue;
      // Whole frames apart: both were cut from the same sound.
      const apart = Math.round((piece.stamp - stamp) / this.#period);
      for (let frame = 0; frame < piece.end - piece.first; frame++) {
        const share = (piece.stamp + frame * this.#period - begin) / (end - begin);
        const there = (apart + frame) * channels;
        if (share <= 0 || there < 0 || there >= samples.length) continue;
        const gain = raisedCosine(share);
        const here = piece.skip + frame * channels;
        for (let channel = 0; channel < channels; channel++) {
          const old = piece.samples[here + channel] as number;
          const other = samples[there + channel] as number;
          piece.samples[here + channel] = old + gain * (other - old);
        }
      }
    }
  }

  /** Moves over what the other buffer holds of what was recorded from `from` to `to`, less what is here. */
  merge(other: JitterBuffer, from = -Infinity, to = Infinity): void {
    for (const { stamp, samples, skip } of other.#pieces) {
      if (stamp < from || stamp > to) continue;
      this.insert(stamp, skip === 0 ? samples : samples.subarray(skip));
    }
  }

  /** Its stamps are by another clock, which is ahead by `micros`. */
  restamp(micros: number): void {
    for (const piece of this.#pieces) piece.stamp += micros;
  }

  /** When the frame at `position` was recorded. NaN when the buffer is empty. */
  stampAt(position: number): number {
    const piece = this.#pieceAfter(position);
    return piece ? piece.stamp + (position - piece.first) * this.#period : NaN;
  }

  /** The position of what was recorded at `stamp`. NaN when the buffer is empty. */
  positionAt(stamp: number): number {
    const pieces = this.#pieces;
    for (let at = 0; at < pieces.length; at++) {
      const piece = pieces[at] as Piece;
      if (this.#endStamp(piece) > stamp || at === pieces.length - 1) {
        return piece.first + (stamp - piece.stamp) / this.#period;
      }
    }
    return NaN;
  }

  /** Finds the unbroken run of frames that `position` lies in, or else the next one behind it. */
  seek(position: number): void {
    const pieces = this.#pieces;
    const horizon = position + HORIZON_SECONDS * this.rateHz;
    this.runFrom = Infinity;
    this.runTo = -Infinity;
    for (let at = 0; at < pieces.length; at++) {
      const piece = pieces[at] as Piece;
      if (piece.end <= position) continue;
      if (this.runFrom === Infinity) this.runFrom = piece.first;
      else if (piece.first !== this.runTo) return;
      this.runTo = piece.end;
      if (this.runTo > horizon) return;
    }
  }

  /** Copies `count` frames from the whole number `first` on, silence where nothing is. */
  copy(first: number, count: number, into: Float32Array): void {
    const { channels } = this;
    into.fill(0, 0, count * channels);
    const pieces = this.#pieces;
    for (let at = 0; at < pieces.length; at++) {
      const { first: start, end, samples, skip } = pieces[at] as Piece;
      if (end <= first) continue;
      if (start >= first + count) return;
      const from = Math.max(start, first);
      const to = Math.min(end, first + count);
      let source = skip + (from - start) * channels;
      for (let out = (from - first) * channels; out < (to - first) * channels; out++, source++) {
        into[out] = samples[source] as number;
      }
    }
  }

  /** Frames that wait at or behind `position`, holes not counted. */
  framesFrom(position: number): number {
    let sum = 0;
    for (const piece of this.#pieces) {
      sum += Math.max(0, piece.end - Math.max(piece.first, position));
    }
    return sum;
  }

  dropBefore(position: number): void {
    while (this.#pieces.length > 0 && (this.#pieces[0] as Piece).end <= position) {
      this.#pieces.shift();
    }
  }

  clear(): void {
    this.#pieces.length = 0;
  }

  #endStamp(piece: Piece): number {
    return piece.stamp + (piece.end - piece.first) * this.#period;
  }

  /** The piece that holds `position`, else the next one, else the last. */
  #pieceAfter(position: number): Piece | undefined {
    const pieces = this.#pieces;
    for (let at = 0; at < pieces.length; at++) {
      const piece = pieces[at] as Piece;
      if (piece.end > position) return piece;
    }
    return pieces[pieces.length - 1];
  }

  /** A chunk that is not the newest: fills a hole, or repeats what is here and is cut to what is new. */
  #insertBetween(stamp: number, samples: Float32Array, frames: number): Insertion {
    const pieces = this.#pieces;
    const found = pieces.findIndex((piece) => this.#endStamp(piece) - stamp >= CONTIGUOUS_MAX);
    if (found < 0) return "duplicate";
    const startsInside = (pieces[found] as Piece).stamp <= stamp + CONTIGUOUS_MAX;
    const at = startsInside ? found + 1 : found;
    const before = pieces[at - 1];
    const next = pieces[at];

    const nominal = this.#place(stamp, frames, before, next);
    const first = Math.max(nominal, before?.end ?? -Infinity);
    const end = Math.min(nominal + frames, next?.first ?? Infinity);
    if (end > first) {
      const skipped = first - nominal;
      const begun = stamp + skipped * this.#period;
      const skip = skipped * this.channels;
      pieces.splice(at, 0, { first, end, stamp: begun, samples, skip });
      this.#bound();
    }
    const beyond = next ? this.#insertBeyond(next, stamp, samples) : "duplicate";
    return end > first ? "added" : beyond;
  }

  /** What of a chunk comes behind a piece that it covers: chunks of another coding may be longer. */
  #insertBeyond(covered: Piece, stamp: number, samples: Float32Array): Insertion {
    const end = this.#endStamp(covered);
    const ended = stamp + (samples.length / this.channels) * this.#period;
    if (ended - end < CONTIGUOUS_MAX) return "duplicate";
    const frames = Math.round((ended - end) / this.#period);
    return this.insert(end, samples.subarray(samples.length - frames * this.channels));
  }

  /** Where a chunk lies by its stamp: joined to a neighbour when that is what the stamp means. */
  #place(
    stamp: number,
    frames: number,
    before: Piece | undefined,
    next: Piece | undefined,
  ): number {
    if (before && Math.abs(stamp - this.#endStamp(before)) < CONTIGUOUS_MAX) return before.end;
    if (next && Math.abs(stamp + frames * this.#period - next.stamp) < CONTIGUOUS_MAX) {
      return next.first - frames;
    }
    const known = (before ?? next) as Piece;
    return known.first + Math.round((stamp - known.stamp) / this.#period);
  }

  #bound(): void {
    for (;;) {
      const oldest = this.#pieces[0];
      const newest = this.#pieces.at(-1);
      if (!oldest || !newest || newest.end - oldest.first <= this.#capacity) return;
      this.#pieces.shift();
      this.overflows++;
    }
  }
}
