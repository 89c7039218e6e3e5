/**
 * Which rung of a ladder of codings a link can carry.
 *
 * The model: TCP delivers everything, only later. A link that is too slow shows as bytes that stay under way ever
 * longer while it never rests; what arrives meanwhile is what it can carry. A link that was away shows the
 * same age, but then carries faster than is needed: a lower rung would not have helped. So down is decided by what
 * is carried, at once and as far as needed; up is tried after quiet, one rung at a time, and ever more seldom
 * where it was in vain, as nothing tells beforehand what a link could carry.
 */
import { between, type Micros, micros, millis, type ServerInstant, seconds } from "@tutti/protocol";

/** What is known of a client's link at one moment. */
export interface LinkReading {
  /** Handed over and not known to have arrived. */
  readonly unsentBytes: number;
  /** Arrived since the reading before. */
  readonly carriedBytes: number;
  /** For how long the oldest of what is under way has been. */
  readonly wayTime: Micros;
}

export type RungReason = "link too slow" | "chunks too late" | "link carries more";

export interface RungChange {
  readonly from: number;
  readonly to: number;
  readonly reason: RungReason;
  /** What the link carried when it was too slow. (kbit/s) */
  readonly carriedKbit?: number;
}

/** A link with less under way rests now and then. (bytes) */
const BUSY_BYTES_MIN = 4 * 1024;
/** It must have been busy for so long to be judged. */
const JUDGED_OVER = millis(400);
/** What it carries is judged by so much of its time. */
const REMEMBERED = millis(1_500);
/** One that carries nothing for so long is away, not slow. */
const AWAY_AFTER = millis(400);
/** Age of what is under way that is a sign of trouble, as a share of the buffer; on a rung just risen to; and when all is well. */
const TROUBLE_SHARE = 0.25;
const TRIAL_SHARE = 0.12;
/** A rung needs that much more than it says, as music varies. */
const NEED = 1.1;
/** A rung that is chosen leaves room to catch up. */
const FIT = 0.85;
/** What was sent before a change has to arrive first: so long nothing is judged. */
const SETTLE = millis(800);
/** A rung just risen to is on trial. */
const TRIAL = seconds(30);
/** Quiet before the next rung is tried, at first and at most. */
const UP_AFTER_MIN = seconds(10);
const UP_AFTER_MAX = seconds(600);

/** Quick down, slow up. For one client and one ladder; a new connection goes on with it. */
export class RungChooser {
  readonly #kbits: readonly number[];
  readonly #buffer: Micros;
  /** From 0 to 1: clients of one house do not try at the same moment. */
  readonly #phase: number;
  #rung: number;
  #upAfter: Micros = UP_AFTER_MIN;
  #troubledAt: ServerInstant;
  #changedAt: ServerInstant;
  #roseAt: ServerInstant | undefined;
  #busySince: ServerInstant | undefined;
  #carriedAt: ServerInstant;
  /** What was carried while it was busy. */
  #carried: { readonly at: ServerInstant; readonly bytes: number }[] = [];
  #late = false;
  #slow: "no" | "trouble" | "slow" = "no";

  /** `kbits`: what each rung needs, worst first. Begins with the best. */
  constructor(
    options: { readonly kbits: readonly number[]; readonly buffer: Micros; readonly phase: number },
    now: ServerInstant,
  ) {
    this.#kbits = options.kbits;
    this.#buffer = options.buffer;
    this.#phase = options.phase;
    this.#rung = options.kbits.length - 1;
    this.#troubledAt = now;
    this.#changedAt = now;
    this.#carriedAt = now;
  }

  get rung(): number {
    return this.#rung;
  }

  /** A new connection, or another stream with the same ladder: what was under way is gone. */
  restart(now: ServerInstant): void {
    this.#settle(now);
    this.#troubledAt = now;
  }

  /** To be told whenever it is known anew what the link carries. */
  learn({ unsentBytes, carriedBytes, wayTime }: LinkReading, now: ServerInstant): void {
    if (carriedBytes > 0) {
      if (between(this.#carriedAt, now) > AWAY_AFTER) this.#forgetBusy();
      this.#carriedAt = now;
    }
    if (unsentBytes < BUSY_BYTES_MIN) this.#forgetBusy();
    else if (this.#busySince === undefined) this.#busySince = now;
    else this.#carried.push({ at: now, bytes: carriedBytes });
    const trial = this.#roseAt !== undefined && between(this.#roseAt, now) < TRIAL;
    const share = trial ? TRIAL_SHARE : TROUBLE_SHARE;
    this.#slow = wayTime > this.#buffer * share ? "trouble" : "no";
    if (this.#slow === "trouble") this.#troubledAt = now;
  }

  /** Chunks were dropped, or came too late to be heard. */
  late(now: ServerInstant): void {
    this.#late = true;
    this.#troubledAt = now;
  }

  /** The change that is due, if any: it counts as done. To be asked often. */
  decide(now: ServerInstant): RungChange | undefined {
    if (between(this.#changedAt, now) < SETTLE) return undefined;
    const troubled = this.#slow === "trouble" || this.#late;
    if (troubled) return this.#down(now);
    return this.#up(now);
  }

  #down(now: ServerInstant): RungChange | undefined {
    const carriedKbit = this.#carriedKbit(now);
    if (carriedKbit === undefined) return undefined;
    const reason: RungReason = this.#late ? "chunks too late" : "link too slow";
    this.#late = false;
    const needed = this.#kbits[this.#rung] as number;
    if (this.#rung === 0 || carriedKbit > needed * NEED) return undefined;
    const fitting = this.#kbits.findLastIndex((kbit) => kbit <= carriedKbit * FIT);
    const to = Math.max(0, Math.min(fitting, this.#rung - 1));
    const inVain = this.#roseAt !== undefined && between(this.#roseAt, now) < TRIAL;
    if (inVain) this.#upAfter = micros(Math.min(UP_AFTER_MAX, 2 * this.#upAfter));
    this.#roseAt = undefined;
    return this.#change(to, reason, now, Math.round(carriedKbit));
  }

  #up(now: ServerInstant): RungChange | undefined {
    if (this.#roseAt !== undefined && between(this.#roseAt, now) > TRIAL) {
      this.#roseAt = undefined;
      this.#upAfter = micros(Math.max(UP_AFTER_MIN, this.#upAfter / 2));
    }
    const quietMin = this.#upAfter * (1 + this.#phase / 2);
    if (this.#rung === this.#kbits.length - 1 || between(this.#troubledAt, now) < quietMin) {
      return undefined;
    }
    this.#roseAt = now;
    this.#troubledAt = now;
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
    this.#late = false;
    this.#slow = "no";
    this.#forgetBusy();
  }

  #forgetBusy(): void {
    this.#busySince = undefined;
    this.#carried = [];
  }

  /** What the link can carry; undefined while it rests, is away, or was not busy for long enough. */
  #carriedKbit(now: ServerInstant): number | undefined {
    if (this.#busySince === undefined || between(this.#carriedAt, now) > AWAY_AFTER)
      return undefined;
    while (this.#carried[0] && between(this.#carried[0].at, now) > REMEMBERED) {
      this.#busySince = this.#carried.shift()?.at ?? this.#busySince;
    }
    const span = between(this.#busySince, now);
    if (span < JUDGED_OVER) return undefined;
    const bytes = this.#carried.reduce((sum, each) => sum + each.bytes, 0);
    return (bytes * 8_000) / span;
  }
}
