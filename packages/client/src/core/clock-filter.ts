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
import {
  type LocalInstant,
  type Micros,
  micros,
  type Ppm,
  ppm,
  type ServerInstant,
  serverInstant,
} from "@tutti/protocol";
import { fitLine, type Line, type Slot, WANDER } from "./clock-line.ts";

/** One question to the server and its answer, as both clocks saw it. */
export interface TimeExchange {
  readonly clientSent: LocalInstant;
  readonly serverReceived: ServerInstant;
  readonly serverSent: ServerInstant;
  readonly clientReceived: LocalInstant;
}

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

/** Slots in the window, and how they grow with the age of the filter. (s) */
const SLOTS_MAX = 32;
const SLOT_SECONDS_MIN = 0.2;
const SLOT_SECONDS_MAX = 8;
const SLOTS_FOR_AGE = 12;

/** Exchanges that must contradict the line the same way before it is given up, and within what time. (us) */
const SUSPECTS_MIN = 3;
const SUSPECT_AGE_MAX = 10_000_000;
/**
 * How unlikely it must be that delay alone held one bound back in every exchange since the first suspicion, as
 * a negative logarithm: it is the least excess over the mean one, times their number.
 */
const EVIDENCE_MIN = 6;
/** Weight of an exchange in the mean excess. */
const MEAN_SHARE = 1 / 32;
/** Part of a step by which the receding bound of every later exchange recedes, noise allowed for. */
const RECEDED_PART_MIN = 0.8;
/** Contradiction below which an exchange is never suspected. (us) */
const SUSPICION_MIN = 60;
/** The same as a multiple of the uncertainty: for a settled line, and for one of few exchanges. */
const DOUBT = 2;
const DOUBT_YOUNG = 4;

/** What sound waits for: that many exchanges, and a bound of that. (us) */
const EXCHANGES_MIN = 3;
const ERROR_MAX_FOR_SOUND = 5_000;
/** On a path too long for that bound: that many exchanges. */
const EXCHANGES_ENOUGH = 24;
/** Part of the least delay that may differ between the directions. */
const ASYMMETRY = 0.1;

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
  centre: 0,
  driftVariance: 0,
};

/** Learns where the server's clock is, and says how sure it is. */
export class ClockFilter {
  #originLocal = 0;
  #originOffset = 0;
  #slots: Slot[] = [];
  #count = 0;
  #suspects: TimeExchange[] = [];
  #suspectSign = 0;
  /** The least contradiction among the suspects. (us) */
  #suspectSize = 0;
  /** Of the receding bound, in all exchanges since the first suspicion: their number and the least. (us) */
  #recededCount = 0;
  #recededMin = Infinity;
  /** Mean excess of the bounds over their lines. (us) */
  #upperExcess = 0;
  #lowerExcess = 0;
  #driftGuess = 0;
  #driftSpread = DRIFT_SPREAD;
  #line: Line = NO_LINE;

  /** Forgets everything but the drift, which is a property of the two machines. */
  reset(): void {
    this.#slots = [];
    this.#count = 0;
    this.#suspects = [];
    this.#driftGuess = this.#line.drift;
    this.#driftSpread = DRIFT_SPREAD;
  }

  learn(exchange: TimeExchange): Lesson {
    if (!plausible(exchange)) return "rejected";
    if (this.#count === 0) this.#begin(exchange);
    const bounds = this.#boundsOf(exchange);
    const contradiction = this.#contradiction(bounds);
    if (contradiction !== 0) return this.#suspect(exchange, contradiction);
    this.#take(bounds);
    this.#fit();
    return "learned";
  }

  /** Exchanges learned since the last reset. */
  get exchanges(): number {
    return this.#count;
  }

  /** Whether the line is good enough to place sound by. */
  get acceptable(): boolean {
    if (this.#count < EXCHANGES_MIN) return false;
    if (this.#halfDelay < ERROR_MAX_FOR_SOUND || this.#count >= EXCHANGES_ENOUGH) return true;
    return this.#count >= 8 && 2 * Math.sqrt(this.#line.variance) < ERROR_MAX_FOR_SOUND;
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
    const away = moment - this.#originLocal - this.#line.centre;
    const since = Math.max(0, moment - this.#originLocal - this.#line.at) / 1_000_000;
    const variance =
      this.#line.variance + away * away * this.#line.driftVariance + (WANDER * since) ** 2;
    return micros(2 * Math.sqrt(variance));
  }

  /** Three deviations, and what the least delay may differ between the directions if that is a tenth of it. */
  errorMaxAt(moment: LocalInstant): Micros {
    return micros(1.5 * this.uncertaintyAt(moment) + ASYMMETRY * this.#halfDelay);
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
    const upperExcess =
      bounds.upper - this.#line.upper - this.#line.drift * (bounds.upperAt - this.#line.at);
    const lowerExcess =
      this.#line.lower + this.#line.drift * (bounds.lowerAt - this.#line.at) - bounds.lower;
    const moment = (bounds.lowerAt + this.#originLocal) as LocalInstant;
    const deviations = this.#count < EXCHANGES_ENOUGH ? DOUBT_YOUNG : DOUBT;
    const doubt = deviations * this.uncertaintyAt(moment) + SUSPICION_MIN;
    this.#acquit(upperExcess, lowerExcess, doubt);
    const share = Math.max(MEAN_SHARE, 1 / (this.#count - EXCHANGES_MIN + 1));
    this.#upperExcess += share * (Math.max(0, upperExcess) - this.#upperExcess);
    this.#lowerExcess += share * (Math.max(0, lowerExcess) - this.#lowerExcess);
    if (upperExcess > 0 === lowerExcess > 0) return 0;
    const size = Math.min(Math.abs(upperExcess), Math.abs(lowerExcess));
    if (size < doubt) return 0;
    return upperExcess > 0 ? size : -size;
  }

  /**
   * An exchange that lies on both lines clears the line of suspicion. One whose receding bound recedes less
   * than a step would have it shows that there was no step: what was suspected was only quicker than
   * any before, and is learned. A delayed one says neither yes nor no.
   */
  #acquit(upperExcess: number, lowerExcess: number, doubt: number): void {
    if (this.#suspects.length === 0) return;
    if (Math.max(Math.abs(upperExcess), Math.abs(lowerExcess)) < doubt) {
      this.#suspects = [];
      return;
    }
    const receded = this.#suspectSign > 0 ? upperExcess : lowerExcess;
    if (receded > RECEDED_PART_MIN * this.#suspectSize) {
      this.#recededCount++;
      this.#recededMin = Math.min(this.#recededMin, receded);
      return;
    }
    for (const suspect of this.#suspects) this.#take(this.#boundsOf(suspect));
    this.#suspects = [];
  }

  get #evidence(): number {
    const mean = this.#suspectSign > 0 ? this.#upperExcess : this.#lowerExcess;
    return (this.#recededCount * this.#recededMin) / mean;
  }

  #suspect(exchange: TimeExchange, contradiction: number): Lesson {
    const sign = Math.sign(contradiction);
    if (sign !== this.#suspectSign) this.#suspects = [];
    if (this.#suspects.length === 0) {
      this.#recededCount = 0;
      this.#recededMin = Infinity;
    }
    this.#suspectSign = sign;
    const oldest = exchange.clientSent - SUSPECT_AGE_MAX;
    this.#suspects = this.#suspects.filter(({ clientSent }) => clientSent >= oldest);
    const size = Math.abs(contradiction);
    this.#suspectSize = this.#suspects.length > 0 ? Math.min(this.#suspectSize, size) : size;
    this.#suspects.push(exchange);
    if (this.#suspects.length < SUSPECTS_MIN || this.#evidence < EVIDENCE_MIN) return "suspected";
    const witnesses = this.#suspects;
    this.reset();
    if (Math.abs(contradiction) < SLEW_MAX) this.#driftSpread = DRIFT_SPREAD_SLEWING;
    for (const witness of witnesses) {
      if (this.#count === 0) this.#begin(witness);
      this.#take(this.#boundsOf(witness));
    }
    this.#fit();
    return "restarted";
  }

  #fit(): void {
    const prior = { drift: this.#driftGuess, spread: this.#driftSpread / 1_000_000 };
    this.#line = fitLine(this.#slots, prior, this.#line.drift);
  }

  #take({ upperAt, upper, lowerAt, lower }: Bounds): void {
    const slot = this.#slotAt(upperAt);
    const drift = this.#line.drift;
    if (upper - drift * upperAt < slot.upper - drift * slot.upperAt) {
      slot.upper = upper;
      slot.upperAt = upperAt;
    }
    if (lower - drift * lowerAt > slot.lower - drift * slot.lowerAt) {
      slot.lower = lower;
      slot.lowerAt = lowerAt;
    }
    slot.upperSum += upper - drift * (upperAt - slot.begun);
    slot.lowerSum += lower - drift * (lowerAt - slot.begun);
    slot.count++;
    this.#count++;
  }

  #slotAt(moment: number): Slot {
    const newest = this.#slots.at(-1);
    const length = Math.min(
      SLOT_SECONDS_MAX,
      Math.max(SLOT_SECONDS_MIN, moment / 1_000_000 / SLOTS_FOR_AGE),
    );
    if (newest && moment < newest.begun + length * 1_000_000) return newest;
    const slot: Slot = {
      begun: moment,
      count: 0,
      upperAt: moment,
      upper: Infinity,
      lowerAt: moment,
      lower: -Infinity,
      upperSum: 0,
      lowerSum: 0,
    };
    this.#slots.push(slot);
    if (this.#slots.length > SLOTS_MAX) this.#slots.shift();
    return slot;
  }
}

function plausible(exchange: TimeExchange): boolean {
  const held = exchange.serverSent - exchange.serverReceived;
  const total = exchange.clientReceived - exchange.clientSent;
  return held >= 0 && total >= held && total < ROUND_TRIP_MAX;
}
