/**
 * Where the server's clock is, as this host's clock sees it.
 *
 * The model: offset(t) = server - local is a straight line (both clocks are crystals) for as long as
 * the window reaches. Each exchange bounds it from both sides, because no message travels back in time:
 *
 *   serverSent - clientReceived  <=  offset  <=  serverReceived - clientSent
 *
 * What lies between bound and truth is delay: the path's least delay plus queueing, and queueing only adds.
 * So time is cut into slots, each keeping its lowest upper bound and its highest lower bound, which may
 * come from two exchanges: with jitter, one that was quick both ways is rare. Two parallel lines are fitted to
 * those (clock-line.ts); the offset is midway: what is assumed, and cannot be seen, is that the least delay is
 * the same both ways.
 *
 * Times inside are relative to the first exchange, so that digits are spent on what differs.
 */
import type { ClockBend } from "@tutti/audio/core";
import {
  type LocalInstant,
  type Micros,
  micros,
  type Ppm,
  ppm,
  type ServerInstant,
  serverInstant,
} from "@tutti/protocol";
import { type Line, LineFitter } from "./clock-line.ts";
import { Suspicion, type TimeExchange } from "./clock-suspicion.ts";
import { ClockWindow } from "./clock-window.ts";

export type { TimeExchange };

/** `restarted`: several exchanges contradicted the line, and it was drawn anew from those. */
export type Lesson = "learned" | "rejected" | "suspected" | "restarted";

/** A round trip beyond this says nothing. (us) */
const ROUND_TRIP_MAX = 5_000_000;
/** How far from nominal the two crystals may run against each other, at first guess. (ppm) */
const DRIFT_SPREAD = 30;
/** The same after a small contradiction: something is slewing one of the clocks. (ppm) */
const DRIFT_SPREAD_SLEWING = 400;
/** A contradiction below this is a slew, above it a step. (us) */
const SLEW_MAX = 20_000;

/** Contradiction below which an exchange is never suspected. (us) */
const SUSPICION_MIN = 60;
/** The same as a multiple of the uncertainty: for a settled line, and for one of few exchanges. */
const DOUBT = 2;
const DOUBT_YOUNG = 4;

/** Exchanges that are all fitted; later those that come so near to a line, and one in so long. (us) */
const FITTED_ALWAYS = 32;
const FIT_NEAR = 3;
const FIT_EVERY = 500_000;

/** Of how many slots, the youngest, a bend is looked for; after a first one the oldest, too. And the least number of others. */
const BENT_SLOTS = [3, 8, 20] as const;
const OLD_SLOTS_MIN = 4;
const BENT_EXCHANGES_MIN = 16;
/** How far young bounds must lie off, in us and in deviations. */
const BENT_MIN = 20;
const BENT_DOUBT = 10;
/** After a first bend: what is slewed is slewed back, and what was forgotten left some of the bend. */
const BENT_DOUBT_AGAIN = 4;
const BENT_AGAIN_WITHIN = 30_000_000;
/** More is a queue that has grown. (us) */
const REMNANT_MAX = 5_000;
/** How far the young drift is looked for. (us / us) */
const BEND = 20e-6;

/** How far off a bound may be for being turned by a bend that is known so well and no better. (us) */
const TURNED_WRONG_MAX = 30;

/** How far the server may stray from the line in a second after the last answer. (us) */
const WANDER = 0.3;

/** What sound waits for: that many exchanges, and so little doubt. (us) */
const EXCHANGES_MIN = 3;
const ERROR_MAX_FOR_SOUND = 2_000;
/** On a path too noisy for that: that many exchanges. */
const EXCHANGES_ENOUGH = 16;
interface Bounds {
  readonly upperAt: number;
  readonly upper: number;
  readonly lowerAt: number;
  readonly lower: number;
}

/** Before anything is known. */
const NO_LINE: Line = {
  at: 0,
  upper: 0,
  lower: 0,
  drift: 0,
  variance: 0,
  driftVariance: 0,
  covariance: 0,
};

/** Learns where the server's clock is, and says how sure it is. */
export class ClockFilter {
  #originLocal = 0;
  #originOffset = 0;
  readonly #window = new ClockWindow();
  readonly #fitter = new LineFitter(this.#window);
  #count = 0;
  readonly #suspicion = new Suspicion();
  #bentLast = -Infinity;
  /** What lies further back was turned by a bend that is not known well enough. (us) */
  #horizon = -Infinity;
  #horizonBefore = -Infinity;
  #driftGuess = 0;
  #driftSpread = DRIFT_SPREAD;
  #line: Line = NO_LINE;

  /** Forgets everything but the drift, which is a property of the two machines. */
  reset(): void {
    this.#window.clear();
    this.#count = 0;
    this.#suspicion.clear();
    this.#driftGuess = this.#line.drift;
    this.#driftSpread = DRIFT_SPREAD;
    this.#bentLast = -Infinity;
    this.#horizon = -Infinity;
    this.#horizonBefore = -Infinity;
  }

  learn(exchange: TimeExchange): Lesson {
    if (!plausible(exchange)) return "rejected";
    if (this.#count === 0) this.#begin(exchange);
    const bounds = this.#boundsOf(exchange);
    const contradiction = this.#contradiction(bounds);
    if (contradiction !== 0) return this.#suspect(exchange, contradiction);
    this.#take(bounds);
    if (!this.#matters(bounds)) return "learned";
    const bent = this.#bent();
    this.#fit();
    return bent ? "restarted" : "learned";
  }

  /** This host's clock runs at another rate from a moment on: bounds from before are turned to what they would be by it. */
  bent({ at, ppm: gained, doubt, replaces }: ClockBend): void {
    if (this.#count === 0) return;
    if (replaces) this.#turn(replaces.at, -replaces.ppm);
    else this.#window.forget(this.#window.slotAt(this.#horizon));
    if (!replaces) this.#horizonBefore = this.#horizon;
    this.#turn(at, gained);
    const reach = (TURNED_WRONG_MAX / Math.max(0.1, doubt)) * 1_000_000;
    const horizon = at - this.#originLocal - reach;
    this.#horizon = gained === 0 ? this.#horizonBefore : Math.max(this.#horizonBefore, horizon);
    this.#suspicion.clear();
    this.#fit();
  }

  #turn(at: number, gained: number): void {
    const bentAt = at - this.#originLocal;
    this.#window.turn(bentAt, gained / 1_000_000);
    if (this.#bentLast > bentAt) return;
    this.#driftGuess -= gained / 1_000_000;
    this.#line = { ...this.#line, drift: this.#line.drift - gained / 1_000_000 };
  }

  /** Exchanges learned since the last reset. */
  get exchanges(): number {
    return this.#count;
  }

  /** Whether the line is good enough to place sound by. */
  get acceptable(): boolean {
    if (this.#count < EXCHANGES_MIN) return false;
    return (
      this.#count >= EXCHANGES_ENOUGH || 2 * Math.sqrt(this.#line.variance) < ERROR_MAX_FOR_SOUND
    );
  }

  /** How far the server's clock is ahead of ours at `moment`. */
  offsetAt(moment: LocalInstant): Micros {
    const elapsed = moment - this.#originLocal - this.#line.at;
    return micros(this.#originOffset + this.#middle + this.#line.drift * elapsed);
  }

  serverAt(moment: LocalInstant): ServerInstant {
    return serverInstant(moment + this.offsetAt(moment));
  }

  /** How much faster than ours the server's clock runs. */
  get drift(): Ppm {
    return ppm(this.#line.drift * 1_000_000);
  }

  /** The least time a question and its answer spent under way. */
  get roundTrip(): Micros {
    return micros(this.#line.upper - this.#line.lower);
  }

  /** How far off `offsetAt(moment)` may be for what more answers can improve: two standard deviations. */
  uncertaintyAt(moment: LocalInstant): Micros {
    const { at, variance, driftVariance, covariance } = this.#line;
    const away = moment - this.#originLocal - at;
    const turned = 2 * covariance * away + driftVariance * away * away;
    const wandered = WANDER * (Math.max(0, away) / 1_000_000);
    const whole = Math.max(0, variance + turned) + wandered * wandered;
    return micros(2 * Math.sqrt(whole));
  }

  /**
   * Half the least round trip, as all of it may have been spent one way, and three deviations. The truth
   * lies within; on a path whose ways are alike, far within.
   */
  errorMaxAt(moment: LocalInstant): Micros {
    return micros(1.5 * this.uncertaintyAt(moment) + Math.max(0, this.#halfDelay));
  }

  get #middle(): number {
    return (this.#line.upper + this.#line.lower) / 2;
  }

  get #halfDelay(): number {
    return (this.#line.upper - this.#line.lower) / 2;
  }

  #begin({ clientSent, serverReceived }: TimeExchange): void {
    this.#originLocal = clientSent;
    this.#originOffset = serverReceived - clientSent;
    this.#line = { ...NO_LINE, drift: this.#driftGuess };
  }

  #boundsOf(exchange: TimeExchange): Bounds {
    return {
      upperAt: exchange.clientSent - this.#originLocal,
      upper: exchange.serverReceived - exchange.clientSent - this.#originOffset,
      lowerAt: exchange.clientReceived - this.#originLocal,
      lower: exchange.serverSent - exchange.clientReceived - this.#originOffset,
    };
  }

  /**
   * By how much an exchange cannot be explained by delay: one bound crosses its line while the other
   * recedes from its own, beyond doubt. Nought when it can; the sign is the clock's. (us)
   */
  #contradiction(bounds: Bounds): number {
    if (this.#count < EXCHANGES_MIN) return 0;
    const upperExcess = this.#upperExcess(bounds);
    const lowerExcess = this.#lowerExcess(bounds);
    const moment = (bounds.lowerAt + this.#originLocal) as LocalInstant;
    const deviations = this.#count < EXCHANGES_ENOUGH ? DOUBT_YOUNG : DOUBT;
    const doubt = deviations * this.uncertaintyAt(moment) + SUSPICION_MIN;
    for (const suspect of this.#suspicion.acquit(upperExcess, lowerExcess, doubt)) {
      this.#take(this.#boundsOf(suspect));
    }
    this.#suspicion.see(upperExcess, lowerExcess, 1 / (this.#count - EXCHANGES_MIN + 1));
    if (upperExcess > 0 === lowerExcess > 0) return 0;
    const size = Math.min(Math.abs(upperExcess), Math.abs(lowerExcess));
    if (size < doubt) return 0;
    return upperExcess > 0 ? size : -size;
  }

  #suspect(exchange: TimeExchange, contradiction: number): Lesson {
    this.#suspicion.add(exchange, contradiction);
    const nearness = this.#fitter.nearness(contradiction > 0 ? 1 : -1);
    if (!this.#suspicion.proven(nearness)) return "suspected";
    const { witnesses } = this.#suspicion;
    this.reset();
    if (Math.abs(contradiction) < SLEW_MAX) {
      this.#driftSpread = DRIFT_SPREAD_SLEWING;
      this.#bentLast = 0;
    }
    for (const witness of witnesses) {
      if (this.#count === 0) this.#begin(witness);
      this.#take(this.#boundsOf(witness));
    }
    this.#fit();
    return "restarted";
  }

  /**
   * Whether one of the clocks runs at another rate than it did, as NTP makes it: then both bounds of the young
   * slots lie off the lines through the old ones, the same way and beyond doubt, and the old ones are forgotten.
   * And lines through both parts lie closer together than those through either. A path that has become longer moves
   * one bound more than the other.
   */
  #bent(): boolean {
    const { length } = this.#window;
    if (this.#window.slotAt(this.#horizon) > 0) return false;
    const again = this.#line.at - this.#bentLast < BENT_AGAIN_WITHIN;
    for (const slots of BENT_SLOTS) {
      if (length - slots >= OLD_SLOTS_MIN && this.#bentAt(length - slots, again)) return true;
      if (again && length - slots >= OLD_SLOTS_MIN && this.#remnantUntil(slots)) return true;
    }
    return false;
  }

  /** After a bend: whether the oldest slots are still from before it, as lines without them lie further apart. */
  #remnantUntil(split: number): boolean {
    const { drift } = this.#line;
    const young = this.#fitter.fit({ drift, spread: BEND }, drift, split);
    const apart = young.upper - young.lower - this.#line.upper + this.#line.lower;
    const least = BENT_MIN + BENT_DOUBT_AGAIN * Math.sqrt(young.variance);
    if (apart / 2 < least || apart / 2 > REMNANT_MAX) return false;
    this.#window.forget(split);
    return true;
  }

  #bentAt(split: number, again: boolean): boolean {
    const { drift } = this.#line;
    if (this.#window.exchangesFrom(split) < BENT_EXCHANGES_MIN) return false;
    const old = this.#fitter.fit({ drift, spread: DRIFT_SPREAD / 1_000_000 }, drift, 0, split);
    const young = this.#fitter.fitAlike({ drift, spread: BEND }, split);
    const upper = young.upper - old.upper;
    const lower = young.lower - old.lower;
    const moved = upper > 0 === lower > 0 ? Math.min(Math.abs(upper), Math.abs(lower)) : 0;
    const apart = Math.min(old.upper - old.lower, young.upper - young.lower);
    const squeezed = (apart - this.#line.upper + this.#line.lower) / 2;
    const doubt = again ? BENT_DOUBT_AGAIN : BENT_DOUBT;
    const least = BENT_MIN + doubt * Math.sqrt(old.variance + young.variance);
    const size = Math.max(moved, squeezed);
    if (size < least || Math.abs(upper - lower) > size) return false;
    this.#window.forget(split);
    this.#driftGuess = young.drift;
    this.#driftSpread = DRIFT_SPREAD_SLEWING;
    this.#bentLast = this.#line.at;
    return true;
  }

  /** Most exchanges over a noisy path lie deep in its queues and change nothing that cannot wait. */
  #matters(bounds: Bounds): boolean {
    if (this.#count < FITTED_ALWAYS || bounds.lowerAt - this.#line.at > FIT_EVERY) return true;
    const near = FIT_NEAR / this.#window.exchanges;
    return (
      this.#upperExcess(bounds) * this.#fitter.nearness(1) < near ||
      this.#lowerExcess(bounds) * this.#fitter.nearness(-1) < near
    );
  }

  #upperExcess({ upperAt, upper }: Bounds): number {
    return upper - this.#line.upper - this.#line.drift * (upperAt - this.#line.at);
  }

  #lowerExcess({ lowerAt, lower }: Bounds): number {
    return this.#line.lower + this.#line.drift * (lowerAt - this.#line.at) - lower;
  }

  #fit(): void {
    const prior = { drift: this.#driftGuess, spread: this.#driftSpread / 1_000_000 };
    const from = this.#window.slotAt(this.#horizon);
    this.#line = this.#fitter.fit(prior, this.#line.drift, from);
  }

  #take({ upperAt, upper, lowerAt, lower }: Bounds): void {
    this.#window.take(upperAt, upper, lowerAt, lower, this.#line.drift);
    this.#count++;
  }
}

function plausible(exchange: TimeExchange): boolean {
  const held = exchange.serverSent - exchange.serverReceived;
  const total = exchange.clientReceived - exchange.clientSent;
  return held >= 0 && total >= held && total < ROUND_TRIP_MAX;
}
