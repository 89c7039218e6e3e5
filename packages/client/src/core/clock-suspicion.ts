import type { LocalInstant, ServerInstant } from "@tutti/protocol";

/** One question to the server and its answer, as both clocks saw it. */
export interface TimeExchange {
  readonly clientSent: LocalInstant;
  readonly serverReceived: ServerInstant;
  readonly serverSent: ServerInstant;
  readonly clientReceived: LocalInstant;
}

/** Contradiction below which an exchange is never suspected, and the same on a path of little uncertainty. (us) */
const SUSPICION_MIN = 60;
const SUSPICION_MIN_QUIET = 25;
const QUIET = 30;
/** The same as a multiple of the uncertainty: for a settled line, on a quiet path, and for one of few exchanges. */
const DOUBT = 2;
const DOUBT_QUIET = 1;
const DOUBT_YOUNG = 4;
/** What `doubtOf` is below on a quiet path. (us) */
export const DOUBT_QUIET_MAX = DOUBT_QUIET * QUIET + SUSPICION_MIN_QUIET;

/** A round trip beyond this says nothing. (us) */
const ROUND_TRIP_MAX = 5_000_000;
/** Exchanges that must contradict the line the same way before it is given up, and within what time. (us) */
const WITNESSES_MIN = 3;
const WITNESS_AGE_MAX = 10_000_000;
/**
 * How unlikely it must be that delay alone held one bound back in every exchange since the first suspicion, as
 * a negative logarithm: it is the least excess, times how often bounds come so near, times their number. A queue
 * that has grown makes that rarer than it was: the mean excess of late knows.
 */
const EVIDENCE_MIN = 6;
/** Weight of an exchange in the mean excess. */
const USUAL_SHARE = 1 / 32;
/** Part of a step by which the receding bound of every later exchange recedes, noise allowed for. */
const RECEDED_PART_MIN = 0.8;

/** A line outside the bounds of so many exchanges in a row is wrong, by more than stamps may be. (us) */
const IMPOSSIBLE_MIN = 4;
const OUTSIDE_MIN = 20;

/** The contradiction from which on an exchange is suspected, of a line that uncertain. `young`: of few exchanges. (us) */
export function doubtOf(uncertainty: number, young: boolean): number {
  if (young) return DOUBT_YOUNG * uncertainty + SUSPICION_MIN;
  if (uncertainty < QUIET) return DOUBT_QUIET * uncertainty + SUSPICION_MIN_QUIET;
  return DOUBT * uncertainty + SUSPICION_MIN;
}

/** Exchanges that contradict the line of the server's clock, and whether they prove it wrong. */
export class Suspicion {
  witnesses: readonly TimeExchange[] = [];
  #impossible: readonly TimeExchange[] = [];
  #sign = 0;
  /** The least contradiction among the witnesses. (us) */
  #size = 0;
  /** Of the receding bound, in all exchanges since the first suspicion: their number and the least. (us) */
  #recededCount = 0;
  #recededMin = Infinity;
  /** Mean excess of the bounds over their lines of late. (us) */
  #upperUsual = 0;
  #lowerUsual = 0;

  clear(): void {
    this.witnesses = [];
    this.#impossible = [];
  }

  /**
   * An exchange, and by how much the line lies outside its bounds. Once enough in a row say so, those are returned: whatever
   * the delays were and however uncertain the line says it is, it is wrong.
   */
  impossible(exchange: TimeExchange, outside: number): readonly TimeExchange[] | undefined {
    this.#impossible = outside > OUTSIDE_MIN ? [...this.#impossible, exchange] : [];
    return this.#impossible.length >= IMPOSSIBLE_MIN ? this.#impossible : undefined;
  }

  /** Learns what excess is usual. `share`: the least weight of this one, as long as they are few. */
  see(upperExcess: number, lowerExcess: number, share: number): void {
    const weight = Math.max(USUAL_SHARE, share);
    this.#upperUsual += weight * (Math.max(0, upperExcess) - this.#upperUsual);
    this.#lowerUsual += weight * (Math.max(0, lowerExcess) - this.#lowerUsual);
  }

  /**
   * An exchange that lies on both lines clears the line of suspicion. One whose receding bound recedes less
   * than a step would have it shows that there was no step: what was suspected was only quicker than
   * any before, and is to be learned: it is returned. A delayed one says neither yes nor no.
   */
  acquit(upperExcess: number, lowerExcess: number, doubt: number): readonly TimeExchange[] {
    if (this.witnesses.length === 0) return [];
    if (Math.max(Math.abs(upperExcess), Math.abs(lowerExcess)) < doubt) {
      this.witnesses = [];
      return [];
    }
    const receded = this.#sign > 0 ? upperExcess : lowerExcess;
    if (receded > RECEDED_PART_MIN * this.#size) {
      this.#recededCount++;
      this.#recededMin = Math.min(this.#recededMin, receded);
      return [];
    }
    const quick = this.witnesses;
    this.witnesses = [];
    return quick;
  }

  /** An exchange that contradicts by so much; the sign is the clock's. (us) */
  add(exchange: TimeExchange, contradiction: number): void {
    const sign = Math.sign(contradiction);
    if (sign !== this.#sign) this.witnesses = [];
    if (this.witnesses.length === 0) {
      this.#recededCount = 0;
      this.#recededMin = Infinity;
    }
    this.#sign = sign;
    const oldest = exchange.clientSent - WITNESS_AGE_MAX;
    const young = this.witnesses.filter(({ clientSent }) => clientSent >= oldest);
    const size = Math.abs(contradiction);
    this.#size = young.length > 0 ? Math.min(this.#size, size) : size;
    this.witnesses = [...young, exchange];
  }

  /** Whether delay alone cannot be it. `nearness`: of the receding bound's side, as the line's fitter has it. */
  proven(nearness: number): boolean {
    if (this.witnesses.length < WITNESSES_MIN) return false;
    const usual = this.#sign > 0 ? this.#upperUsual : this.#lowerUsual;
    return this.#recededCount * this.#recededMin * Math.min(nearness, 1 / usual) >= EVIDENCE_MIN;
  }
}

/** Whether what both clocks saw can be. */
export function plausible(exchange: TimeExchange): boolean {
  const held = exchange.serverSent - exchange.serverReceived;
  const total = exchange.clientReceived - exchange.clientSent;
  return held >= 0 && total >= held && total < ROUND_TRIP_MAX;
}
