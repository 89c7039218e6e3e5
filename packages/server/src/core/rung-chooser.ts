/**
 * Which rung of a ladder of codings a link can carry.
 *
 * The model: TCP delivers everything, only later. A link that is too slow shows as bytes that stay under way ever
 * longer while it never rests; what arrives meanwhile is what it can carry. A link that was away shows the
 * same age, but then carries faster than is needed: a lower rung would not have helped. So down is decided by what
 * is carried, at once and as far as needed; up is tried after quiet, one rung at a time, and ever more seldom
 * where it was in vain, as nothing tells beforehand what a link could carry.
 *
 * A client may wish for a rung that needs little, however fast its link is, and takes that back: then it gets at once what it had.
 */
import { between, type Micros, micros, millis, type ServerInstant, seconds } from "@tutti/protocol";

/** What is known of a client's link at one moment. */
export interface LinkReading {
  /** Made for it and not known to have arrived. */
  readonly behindBytes: number;
  /** Arrived since the reading before. */
  readonly carriedBytes: number;
  /** For how long the oldest of what is under way has been. */
  readonly wayTime: Micros;
}

export type RungReason =
  | "link too slow"
  | "chunks too late"
  | "link carries more"
  | "its clock is not known well yet: less audio leaves room for questions"
  | "questions about the time need less room again";

export interface RungChange {
  readonly from: number;
  readonly to: number;
  readonly reason: RungReason;
  /** What the link carried when it was too slow. (kbit/s) */
  readonly carriedKbit?: number;
}

/** Age of what is under way, less the round trip, by which a link never rests: a share of the buffer. */
const BUSY_SHARE = 0.08;
/** It must have been busy for so long to be judged. */
const JUDGED_OVER = millis(250);
/** What it carries is judged by so much of its time. */
const REMEMBERED = millis(1_500);
/** One that carries nothing for so long is away, not slow. */
const AWAY_AFTER = millis(400);
/** The age that is a sign of trouble, as a share of the buffer; on a rung just risen to; and when all is well. */
const TROUBLE_SHARE = 0.25;
const TRIAL_SHARE = 0.12;
/** A link falls behind when that much more is made for it than it carries. One with much under way may be long. */
const BEHIND_SHARE = 0.05;
/** A rung needs that much more than it says, as music varies. */
const NEED = 1.1;
/** A rung that is chosen leaves room to catch up. */
const FIT = 0.85;
/** What was sent before a change has to arrive first: so long nothing is judged. */
const SETTLE = millis(800);
/** The same after a rise: little was under way. */
const SETTLE_RISEN = millis(400);
/** A sign of trouble counts for so long. */
const TROUBLE_LASTS = seconds(1);
/** A rung just risen to is on trial. */
const TRIAL = seconds(30);
/** Quiet before a rung is tried, at first and at most. */
const UP_AFTER_MIN = seconds(10);
const UP_AFTER_MAX = seconds(600);

const WISHED = "its clock is not known well yet: less audio leaves room for questions";
const TAKEN_BACK = "questions about the time need less room again";

/** Quick down, slow up. For one client and one ladder; a new connection goes on with it. */
export class RungChooser {
  /** Least time to the client and back: what is under way is no younger on the best of days. */
  roundTrip: Micros = micros(0);
  readonly #kbits: readonly number[];
  readonly #buffer: Micros;
  /** From 0 to 1: clients of one house do not try at the same moment. */
  readonly #phase: number;
  #rung: number;
  /** By rung: how long it must have been quiet before it is tried. */
  readonly #upAfter: Micros[];
  /** By rung: when it was found to be too much. */
  readonly #leftAt: (ServerInstant | undefined)[] = [];
  #quietSince: ServerInstant;
  /** The last sign of trouble, and whether something came too late to be heard. */
  #trouble: { readonly at: ServerInstant; readonly late: boolean } | undefined;
  #changedAt: ServerInstant;
  #roseAt: ServerInstant | undefined;
  /** The rung that it had to leave by its client's wish alone. */
  #beforeWish: number | undefined;
  /** Since when it never rested, and how far behind it was then and is now. */
  #busySince: ServerInstant | undefined;
  #behindThen = 0;
  #behindNow = 0;
  /** For how long the oldest of what is under way has been held up. (us) */
  #held = 0;
  #carriedAt: ServerInstant;
  /** What was carried while it was busy. */
  #carried: { readonly at: ServerInstant; readonly bytes: number; readonly behind: number }[] = [];

  /** `kbits`: what each rung needs, worst first. Begins with the best, unless with `rung`. */
  constructor(
    options: {
      readonly kbits: readonly number[];
      readonly buffer: Micros;
      readonly phase: number;
      readonly rung?: number;
    },
    now: ServerInstant,
  ) {
    this.#kbits = options.kbits;
    this.#buffer = options.buffer;
    this.#phase = options.phase;
    this.#rung = options.rung ?? options.kbits.length - 1;
    this.#upAfter = options.kbits.map(() => UP_AFTER_MIN);
    this.#quietSince = now;
    this.#changedAt = now;
    this.#carriedAt = now;
  }

  get rung(): number {
    return this.#rung;
  }

  /** A new connection, or another stream with the same ladder: what was under way is gone. */
  restart(now: ServerInstant): void {
    this.#settle(now);
    this.#quietSince = now;
  }

  /** To be told whenever it is known anew what the link carries. */
  learn({ behindBytes, carriedBytes, wayTime }: LinkReading, now: ServerInstant): void {
    this.#behindNow = behindBytes;
    if (carriedBytes > 0) {
      if (between(this.#carriedAt, now) > AWAY_AFTER) this.#forgetBusy();
      this.#carriedAt = now;
    }
    const held = wayTime - this.roundTrip;
    this.#held = held;
    if (held < this.#buffer * BUSY_SHARE) this.#forgetBusy();
    else if (this.#busySince === undefined) {
      this.#busySince = now;
      this.#behindThen = behindBytes;
    } else this.#carried.push({ at: now, bytes: carriedBytes, behind: behindBytes });
    const trial = this.#roseAt !== undefined && between(this.#roseAt, now) < TRIAL;
    const share = trial ? TRIAL_SHARE : TROUBLE_SHARE;
    if (held > this.#buffer * share) this.#troubled(this.#trouble?.late ?? false, now);
    else if (!this.#trouble?.late) this.#trouble = undefined;
  }

  /** Chunks were dropped, or came too late to be heard. */
  late(now: ServerInstant): void {
    this.#troubled(true, now);
  }

  /** The change that is due, if any: it counts as done. To be asked often. `kbitMax`: the client's wish. */
  decide(now: ServerInstant, kbitMax = Infinity): RungChange | undefined {
    const settle = this.#roseAt === this.#changedAt ? SETTLE_RISEN : SETTLE;
    if (between(this.#changedAt, now) < settle) return undefined;
    if (this.#trouble && between(this.#trouble.at, now) > TROUBLE_LASTS) this.#trouble = undefined;
    if (this.#trouble) return this.#down(this.#trouble.late, now);
    const wished = Math.max(
      0,
      this.#kbits.findLastIndex((kbit) => kbit <= kbitMax),
    );
    return this.#grant(wished, now) ?? this.#up(wished, now);
  }

  #grant(wished: number, now: ServerInstant): RungChange | undefined {
    const before = this.#beforeWish;
    if (this.#rung > wished) {
      this.#beforeWish ??= this.#rung;
      this.#roseAt = undefined;
      return this.#change(wished, WISHED, now);
    }
    if (before === undefined || wished < before) return undefined;
    this.#beforeWish = undefined;
    return this.#change(before, TAKEN_BACK, now);
  }

  #troubled(late: boolean, now: ServerInstant): void {
    this.#trouble = { at: now, late };
    this.#quietSince = now;
  }

  #down(late: boolean, now: ServerInstant): RungChange | undefined {
    const carried = this.#carriedLately(now);
    if (carried === undefined || this.#rung === 0) return undefined;
    const carriedKbit = carried.kbit;
    const needed = this.#kbits[this.#rung] as number;
    const fallsBehind = this.#behindNow - this.#behindThen > carried.bytes * BEHIND_SHARE;
    const inVain = this.#roseAt !== undefined && between(this.#roseAt, now) < TRIAL;
    if (carriedKbit > needed * NEED || !(late || fallsBehind || inVain)) return undefined;
    this.#roseAt = undefined;
    this.#beforeWish = undefined;
    // A try that is ended in time has left little to catch up with.
    const ended = inVain && this.#held < this.#buffer * TROUBLE_SHARE;
    const fitting = this.#kbits.findLastIndex((kbit) => kbit <= carriedKbit * (ended ? 1 : FIT));
    const to = Math.max(0, Math.min(fitting, this.#rung - 1));
    for (let rung = to + 1; rung <= this.#rung; rung++) this.#putOff(rung, now);
    const reason = late ? "chunks too late" : "link too slow";
    return this.#change(to, reason, now, Math.round(carriedKbit));
  }

  /** A rung that had to be left again is tried later than the last time. */
  #putOff(rung: number, now: ServerInstant): void {
    const [wait = UP_AFTER_MIN, leftAt] = [this.#upAfter[rung], this.#leftAt[rung]];
    const again = leftAt !== undefined && between(leftAt, now) < UP_AFTER_MAX;
    if (again) this.#upAfter[rung] = micros(Math.min(UP_AFTER_MAX, 2 * wait));
    this.#leftAt[rung] = now;
  }

  #up(most: number, now: ServerInstant): RungChange | undefined {
    const waited = this.#upAfter[this.#rung] ?? UP_AFTER_MIN;
    if (this.#roseAt !== undefined && between(this.#roseAt, now) > Math.max(TRIAL, waited)) {
      this.#roseAt = undefined;
      this.#upAfter[this.#rung] = micros(Math.max(UP_AFTER_MIN, waited / 2));
    }
    const upAfter = this.#upAfter[this.#rung + 1];
    if (upAfter === undefined || this.#rung >= most) return undefined;
    if (between(this.#quietSince, now) < upAfter * (1 + this.#phase / 2)) return undefined;
    this.#roseAt = now;
    this.#quietSince = now;
    return this.#change(this.#rung + 1, "link carries more", now);
  }

  #change(to: number, reason: RungReason, now: ServerInstant, carriedKbit?: number): RungChange {
    const from = this.#rung;
    this.#rung = to;
    this.#settle(now);
    return { from, to, reason, ...(carriedKbit !== undefined && { carriedKbit }) };
  }

  #settle(now: ServerInstant): void {
    this.#changedAt = now;
    this.#carriedAt = now;
    this.#trouble = undefined;
    this.#forgetBusy();
  }

  #forgetBusy(): void {
    this.#busySince = undefined;
    this.#carried = [];
  }

  /** What the link can carry; undefined while it rests, is away, or was not busy for long enough. */
  #carriedLately(now: ServerInstant): { kbit: number; bytes: number } | undefined {
    if (this.#busySince === undefined || between(this.#carriedAt, now) > AWAY_AFTER)
      return undefined;
    while (this.#carried[0] && between(this.#carried[0].at, now) > REMEMBERED) {
      const first = this.#carried.shift();
      this.#busySince = first?.at ?? this.#busySince;
      this.#behindThen = first?.behind ?? this.#behindThen;
    }
    // Up to where something arrived: a link that has just fallen silent is not slow for that.
    const span = between(this.#busySince, this.#carriedAt);
    if (span < JUDGED_OVER) return undefined;
    const bytes = this.#carried.reduce((sum, each) => sum + each.bytes, 0);
    return { kbit: (bytes * 8_000) / span, bytes };
  }
}
