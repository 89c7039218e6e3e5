import { type Hinge, HingeFit, smallest } from "@tutti/audio/core";

/*
 * The server's clock may be slewed by NTP, and only answers tell: from one moment on they lie off the line, the further
 * the later. Each says where the clock is to within half of what it took longer than the quickest; by that it weighs
 * in a hinge (audio/src/core/hinge.ts). What delay may explain is no witness: a queue that grows moves answers by half of
 * what it delays them.
 */

/** Of all answers within so long the quickest is kept, and of the last so many of those a hinge is looked for. (s) */
const SLICE_S = 0.05;
const SLICES_MAX = 128;
/** Crystals keep their rate for so long. (s) */
const AGE_MAX = 8;
/** What the quickest answers are wrong by, and of what others took longer the part that they are wrong by. (us) */
const NOISE_US = 5;
const DELAY_PART = 0.3;
/** On a noisy path nobody has been as quick as can be: what is unknown of that is what so many of the quickest lie apart. */
const QUICKEST = 4;
/** How far back a hinge is looked for, how much must lie before it, and how little behind. (s) */
const LOOK_BACK_S = 1.5;
const BEFORE_S_MIN = 1.5;
const BEHIND_S_MIN = 0.05;
const STEP_S = 0.01;
/** Answers that no delay explains, and how far off they lie, in deviations: delay moves them by less than 1.7. */
const WITNESSES_MIN = 3;
const WITNESSED = 2;
/** What a hinge must take off the squares, and how many times what lies before it may be left behind it. */
const SQUARES_MIN = 60;
/** What makes it worth to ask more often. */
const SQUARES_DOUBTFUL = 16;
const LEFT_MAX = 4;
/** Less is left to the line that follows crystals, more is a step. (ppm) */
const STEEP_MIN = 100;
const STEEP_MAX = 1_000;
/** For how long a bend is mended, how often, and how far it moves. (s) */
const MENDED_FOR_S = 4;
const MEND_EVERY_S = 0.1;
const MOVED_S_MAX = 0.2;
/** A bend that turns out to be less than that, or than so many deviations, was none. (ppm) */
const BEND_PPM_MIN = 30;
const BEND_DEVIATIONS = 4;

/** Finds bends of the server's clock in answers. Seconds and microseconds since an origin of the owner's. */
export class AnswerBends {
  /** Seconds, microseconds and microseconds: the first `#count` of each. */
  readonly #at = new Float64Array(SLICES_MAX);
  readonly #offset = new Float64Array(SLICES_MAX);
  readonly #took = new Float64Array(SLICES_MAX);
  readonly #sorted = new Float64Array(SLICES_MAX);
  #count = 0;
  readonly #fit = new HingeFit(SLICES_MAX);
  #bend: Hinge | undefined;
  #news: Hinge | undefined;
  #mendedAt = 0;
  #soughtAt = 0;

  /** Whether there may be a bend, which more answers would show. */
  doubtful = false;
  /** The bend that is still being mended: by how much more this host's clock gains behind it. */
  get young(): Hinge | undefined {
    return this.#bend;
  }

  clear(): void {
    this.#count = 0;
    this.#bend = undefined;
    this.#soughtAt = 0;
  }

  /** An answer: when, the offset midway between its bounds, and how far those lie apart. */
  note(at: number, offset: number, took: number): void {
    const last = this.#count - 1;
    if (
      last >= 0 &&
      Math.floor(at / SLICE_S) === Math.floor((this.#at[last] as number) / SLICE_S)
    ) {
      if (took >= (this.#took[last] as number)) return;
      this.#count = last;
    }
    let old = this.#count === SLICES_MAX ? 1 : 0;
    while (old < this.#count && (this.#at[old] as number) < at - AGE_MAX) old++;
    this.#forget(old);
    this.#at[this.#count] = at;
    this.#offset[this.#count] = offset;
    this.#took[this.#count++] = took;
  }

  get #oldest(): number {
    return this.#count > 0 ? (this.#at[0] as number) : 0;
  }

  get #newest(): number {
    return this.#count > 0 ? (this.#at[this.#count - 1] as number) : 0;
  }

  /** This host's clock gains so much more from a moment on: answers from before are turned by that. */
  turn({ at, ppm }: Pick<Hinge, "at" | "ppm">): void {
    for (let index = 0; index < this.#count; index++) {
      const seen = this.#at[index] as number;
      if (seen >= at) break;
      this.#offset[index] = (this.#offset[index] as number) + ppm * (at - seen);
    }
  }

  /** Looks for a bend that was not there before; `quickest`: what the way there and back takes. It has been turned by when it is told. */
  find(quickest: number): Hinge | undefined {
    const newest = this.#newest;
    this.doubtful = false;
    if (newest - this.#soughtAt < SLICE_S) return undefined;
    this.#soughtAt = newest;
    const since = this.#bend ? this.#bend.at + LOOK_BACK_S : 0;
    const from = Math.max(since, newest - LOOK_BACK_S, this.#oldest + BEFORE_S_MIN);
    const hinge = this.#search(from, newest - BEHIND_S_MIN, quickest);
    this.doubtful = this.#fit.squares > SQUARES_DOUBTFUL && Math.abs(hinge?.ppm ?? 0) > STEEP_MIN;
    // At the edge it is what lies further back that does not fit.
    if (!hinge || hinge.at < from + STEP_S || !this.#isProven(hinge)) return undefined;
    this.#news = hinge;
    return this.#take(hinge);
  }

  /** The bend that was found since this was last asked: told once, as it was first seen. */
  takeNews(): Hinge | undefined {
    const news = this.#news;
    this.#news = undefined;
    return news;
  }

  /** Looks again at the bend found last, from time to time; what it says now takes the place of what it said. */
  mend(quickest: number): { readonly now: Hinge; readonly before: Hinge } | undefined {
    const before = this.#bend;
    const newest = this.#newest;
    if (!before || newest - this.#mendedAt < MEND_EVERY_S) return undefined;
    this.turn({ at: before.at, ppm: -before.ppm });
    const found = this.#search(before.at - MOVED_S_MAX, before.at + MOVED_S_MAX, quickest);
    const least = Math.max(BEND_PPM_MIN, BEND_DEVIATIONS * (found?.doubt ?? 0));
    const none = !found || Math.abs(found.ppm) < least;
    const now = this.#take(none ? { at: before.at, ppm: 0, doubt: 0 } : found);
    if (none || newest - now.at > MENDED_FOR_S) this.#bend = undefined;
    return { now, before };
  }

  /** What was found last was something else, which is told otherwise: returns what to undo. */
  withdraw(): Hinge | undefined {
    const bend = this.#bend;
    if (bend) this.turn({ at: bend.at, ppm: -bend.ppm });
    this.#bend = undefined;
    return bend;
  }

  #take(hinge: Hinge): Hinge {
    this.turn(hinge);
    this.#bend = hinge;
    this.#mendedAt = this.#newest;
    return hinge;
  }

  /** What the `rank` quickest took at most. */
  #quickest(rank: number): number {
    this.#sorted.set(this.#took.subarray(0, this.#count));
    return smallest(this.#sorted, this.#count, Math.min(rank, this.#count) - 1);
  }

  /** The server's clock loses what this host's gains. */
  #search(from: number, to: number, quickest: number): Hinge | undefined {
    const fit = this.#fit;
    const took = this.#quickest(1);
    const least = Math.min(quickest, took);
    const noise = NOISE_US + DELAY_PART * (this.#quickest(QUICKEST) - took);
    fit.count = this.#count;
    for (let index = 0; index < this.#count; index++) {
      fit.x[index] = this.#at[index] as number;
      fit.y[index] = -(this.#offset[index] as number);
      fit.weight[index] = 1 / (noise + DELAY_PART * ((this.#took[index] as number) - least)) ** 2;
    }
    fit.begin();
    for (let at = from; at <= to; at += STEP_S) fit.try(at);
    return fit.found;
  }

  #isProven(hinge: Hinge): boolean {
    const { at, ppm } = hinge;
    if (Math.abs(ppm) < STEEP_MIN || Math.abs(ppm) > STEEP_MAX) return false;
    const fit = this.#fit;
    const [before, behind] = fit.left(hinge);
    const usual = Math.max(1, before);
    if (fit.squares < SQUARES_MIN * usual || behind > LEFT_MAX * usual) return false;
    let witnesses = 0;
    for (let k = fit.count - 1; k >= 0 && (fit.x[k] as number) > at; k--) {
      const off = Math.abs(ppm * ((fit.x[k] as number) - at));
      if (off * Math.sqrt(fit.weight[k] as number) > WITNESSED) witnesses++;
    }
    return witnesses >= WITNESSES_MIN;
  }

  /** Forgets the oldest. */
  #forget(old: number): void {
    if (old === 0) return;
    this.#at.copyWithin(0, old, this.#count);
    this.#offset.copyWithin(0, old, this.#count);
    this.#took.copyWithin(0, old, this.#count);
    this.#count -= old;
  }
}
