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
 * those (clock-line.ts); the offset is midway, mended by the mean of those that were quick both ways (clock-mean.ts):
 * what is assumed, and cannot be seen, is that the least delay is the same both ways.
 *
 * Times inside are relative to the first exchange, so that digits are spent on what differs.
 */
import type { ClockBend, Hinge } from "@tutti/audio/core";
import {
  type LocalInstant,
  type Micros,
  micros,
  type Ppm,
  ppm,
  type ServerInstant,
  serverInstant,
} from "@tutti/protocol";
import { AnswerBends } from "./answer-bends.ts";
import { BendHorizon } from "./bend-horizon.ts";
import { BoundBends, type Bounds, DRIFT_SPREAD_SLEWING } from "./bound-bends.ts";
import { type DriftPrior, type Line, LineFitter, NO_LINE, varianceAt } from "./clock-line.ts";
import { ClockMean } from "./clock-mean.ts";
import {
  DOUBT_QUIET_MAX,
  doubtOf,
  plausible,
  Suspicion,
  type TimeExchange,
} from "./clock-suspicion.ts";
import { ClockWindow } from "./clock-window.ts";
import { leastMove } from "./least-move.ts";
import { SlotBends } from "./slot-bends.ts";

export type { TimeExchange };

/** `restarted`: several exchanges contradicted the line, and it was drawn anew from those. */
export type Lesson = "learned" | "rejected" | "suspected" | "restarted";

/** How far from nominal the two crystals may run against each other, at first guess. (us / us) */
const DRIFT_SPREAD = 30e-6;
/** How many pairs of hosts are so far apart for one whose clocks NTP keeps, at first: fewer are, but to believe that makes those no better known. */
const DRIFT_ODDS = 1;
/** A contradiction below this may be a slew, above it is a step. One shows as a bend when it is so old. (us) */
const SLEW_MAX = 20_000;
const BEND_SHOWN_AFTER = 300_000;

/** Exchanges that are all fitted; later those that come so near to a line, and one in so long. (us) */
const FITTED_ALWAYS = 32;
const FIT_NEAR = 3;
const FIT_EVERY = 500_000;

/** Bends told by card and answers within so long are the same one. (s) */
const SAME_BEND_S = 0.6;
/** A path that changes is believed slowly: a bend of the clock makes it look short at first. (us) */
const PATH_FOLLOWED_IN = 5_000_000;

/** How far the server may stray from the line in a second after the last answer. (us) */
const WANDER = 0.3;

/** Lines that cross by more are none: no clock keeps its rate between such bounds. (us) */
const CROSSED = 60;

/** What sound waits for: that many exchanges, and so little doubt. (us) */
const EXCHANGES_MIN = 3;
const ERROR_MAX_FOR_SOUND = 2_000;
/** On a path too noisy for that: that many exchanges. */
const EXCHANGES_ENOUGH = 16;

/** Learns where the server's clock is, and says how sure it is. */
export class ClockFilter {
  #originLocal = 0;
  #originOffset = 0;
  readonly #window = new ClockWindow();
  readonly #fitter = new LineFitter(this.#window);
  readonly #mean = new ClockMean();
  #count = 0;
  readonly #suspicion = new Suspicion();
  readonly #answers = new AnswerBends();
  readonly #slotBends = new SlotBends(this.#window, this.#fitter);
  readonly #boundBends = new BoundBends(this.#window, this.#fitter);
  /** What lies further back was turned by a bend that is not known well enough. */
  readonly #horizon = new BendHorizon();
  /** The least round trip, as it was before a bend squeezes the lines. (us) */
  #path = 0;
  /** The least round trip of a single exchange since the last reset. (us) */
  #quickest = 0;
  #prior: DriftPrior = { drift: 0, spread: DRIFT_SPREAD, odds: DRIFT_ODDS };
  #line: Line = NO_LINE;

  /** Forgets everything but the drift, which is a property of the two machines. */
  reset(): void {
    this.#window.clear();
    this.#mean.clear();
    this.#count = 0;
    this.#suspicion.clear();
    this.#answers.clear();
    this.#prior = { drift: this.#line.drift, spread: DRIFT_SPREAD, odds: DRIFT_ODDS };
    this.#boundBends.slewedFrom = undefined;
    this.#slotBends.lastAt = -Infinity;
    this.#horizon.clear();
  }

  learn(exchange: TimeExchange): Lesson {
    if (!plausible(exchange)) return "rejected";
    if (this.#count === 0) this.#begin(exchange);
    const bounds = this.#boundsOf(exchange);
    const doubt = this.#doubtAt(bounds);
    const contradiction = this.#contradiction(bounds, doubt);
    const outside = this.#count < EXCHANGES_MIN ? 0 : this.#outside(bounds);
    const impossible = this.#suspicion.impossible(exchange, outside);
    if (impossible) return this.#restart(impossible, outside);
    if (this.#followsBend(bounds)) return "suspected";
    if (Math.abs(contradiction) >= doubt) return this.#suspect(exchange, contradiction);
    this.#take(bounds);
    const hurries = this.#answers.doubtful && doubt < DOUBT_QUIET_MAX;
    if (!this.#matters(bounds)) return hurries ? "suspected" : "learned";
    const drift = this.#from > 0 ? undefined : this.#slotBends.forgetOld(this.#line);
    if (drift !== undefined) this.#prior = { ...this.#prior, drift, spread: DRIFT_SPREAD_SLEWING };
    this.#fit();
    const crossed = this.#line.lower - this.#line.upper;
    const mayBend = crossed > CROSSED || this.#boundBends.slewedFrom !== undefined;
    if (mayBend && this.#followsBoundBend(bounds.lowerAt)) return "restarted";
    if (crossed > CROSSED + 2 * Math.sqrt(this.#line.variance)) this.#uncross();
    if (drift !== undefined) return "restarted";
    return hurries ? "suspected" : "learned";
  }

  /** This host's clock runs at another rate from a moment on: bounds from before are turned to what they would be by it. */
  bent({ at, ppm: gained, doubt, replaces }: ClockBend): void {
    if (this.#count === 0) return;
    const now = { at: this.#secondsAt(at), ppm: gained, doubt };
    const before = replaces && { ...replaces, at: this.#secondsAt(replaces.at) };
    const { young } = this.#answers;
    // The same bend, seen in the answers before the card told of it.
    if (young && Math.abs(young.at - now.at) < SAME_BEND_S && young.ppm > 0 === now.ppm > 0) {
      this.#turn(undefined, this.#answers.withdraw());
    }
    if (before) this.#answers.turn({ at: before.at, ppm: -before.ppm });
    this.#answers.turn(now);
    this.#turn(now, before);
    this.#fit();
  }

  /** Whether answers show that the server's clock runs at another rate; bounds from before have been turned by that then. */
  #followsBend(bounds: Bounds): boolean {
    const { upperAt, upper, lowerAt, lower } = bounds;
    this.#answers.note((upperAt + lowerAt) / 2e6, (upper + lower) / 2, upper - lower);
    const mended = this.#answers.mend(this.#path);
    if (mended) this.#turn(mended.now, mended.before);
    const found = this.#answers.find(this.#path);
    if (!found) return false;
    for (const witness of this.#suspicion.witnesses) this.#take(this.#boundsOf(witness));
    this.#take(bounds);
    this.#turn(found, undefined);
    this.#fit();
    return true;
  }

  /** Whether bounds show that the server's clock is slewed; those from before are forgotten then. */
  #followsBoundBend(at: number): boolean {
    if (this.#count < EXCHANGES_ENOUGH) return false;
    this.#prior = this.#boundBends.ended(this.#line) ?? this.#prior;
    const suspects = this.#suspicion.witnesses.map((witness) => this.#boundsOf(witness));
    const known = { drift: this.#line.drift, prior: this.#prior, from: this.#from, suspects };
    const bend = this.#boundBends.look(at, known);
    if (!bend) return false;
    for (const suspect of suspects) this.#take(suspect);
    this.#suspicion.clear();
    this.#window.forget(this.#window.slotAt(bend.at));
    this.#mean.clear();
    this.#prior = { drift: bend.drift, spread: bend.spread, odds: 1 };
    this.#slotBends.lastAt = this.#line.at;
    this.#horizon.clear();
    this.#fit();
    return true;
  }

  /** Lines that cross show that there is a bend, if no more: what is old goes. */
  #uncross(): void {
    if (this.#boundBends.isQuiet) return;
    this.#window.forget(Math.ceil(this.#window.length / 4));
    this.#prior = { ...this.#prior, odds: 1 };
    this.#fit();
  }

  #turn(now: Hinge | undefined, before: Pick<Hinge, "at" | "ppm"> | undefined): void {
    if (before) this.#turnWindow(before.at, -before.ppm);
    else this.#horizon.begin(Math.sqrt(this.#line.variance));
    if (now) this.#turnWindow(now.at, now.ppm);
    this.#suspicion.clear();
    this.#horizon.turned(now);
  }

  #turnWindow(atSeconds: number, gained: number): void {
    const bentAt = atSeconds * 1_000_000;
    this.#window.turn(bentAt, gained / 1_000_000);
    this.#mean.turn(bentAt, gained / 1_000_000);
    if (this.#slotBends.lastAt > bentAt) return;
    this.#prior = { ...this.#prior, drift: this.#prior.drift - gained / 1_000_000 };
    this.#line = { ...this.#line, drift: this.#line.drift - gained / 1_000_000 };
  }

  #secondsAt(moment: LocalInstant): number {
    return (moment - this.#originLocal) / 1_000_000;
  }

  /** The bend of the server's clock that answers have shown since this was last asked: by how much more this host's gains. */
  takeBendNews(): Hinge | undefined {
    return this.#answers.takeNews();
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

  /**
   * The least time a question and its answer spent under way: by the lines, or where a clock that moves under way has had those
   * cross, of a single exchange.
   */
  get roundTrip(): Micros {
    const apart = this.#line.upper - this.#line.lower;
    return micros(apart > 0 ? apart : this.#quickest);
  }

  /** How far off `offsetAt(moment)` may be for what more answers can improve: two standard deviations. */
  uncertaintyAt(moment: LocalInstant): Micros {
    const away = moment - this.#originLocal - this.#line.at;
    const wandered = WANDER * (Math.max(0, away) / 1_000_000);
    return micros(2 * Math.sqrt(varianceAt(this.#line, away) + wandered * wandered));
  }

  /**
   * Half the least round trip, as all of it may have been spent one way, and three deviations. The truth
   * lies within; on a path whose ways are alike, far within.
   */
  errorMaxAt(moment: LocalInstant): Micros {
    return micros(1.5 * this.uncertaintyAt(moment) + this.roundTrip / 2);
  }

  /** The first slot that counts. */
  get #from(): number {
    return this.#horizon.slot(this.#window, this.#line.drift, this.#path);
  }

  get #middle(): number {
    return (this.#line.upper + this.#line.lower) / 2;
  }

  #begin({ clientSent, serverReceived }: TimeExchange): void {
    this.#originLocal = clientSent;
    this.#originOffset = serverReceived - clientSent;
    this.#line = { ...NO_LINE, drift: this.#prior.drift };
    this.#quickest = Infinity;
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
   * recedes from its own. Nought when it can; the sign is the clock's. (us)
   */
  #contradiction(bounds: Bounds, doubt: number): number {
    if (this.#count < EXCHANGES_MIN) return 0;
    const upperExcess = this.#upperExcess(bounds);
    const lowerExcess = this.#lowerExcess(bounds);
    for (const suspect of this.#suspicion.acquit(upperExcess, lowerExcess, doubt)) {
      this.#take(this.#boundsOf(suspect));
    }
    this.#suspicion.see(upperExcess, lowerExcess, 1 / (this.#count - EXCHANGES_MIN + 1));
    if (upperExcess > 0 === lowerExcess > 0) return 0;
    const size = Math.min(Math.abs(upperExcess), Math.abs(lowerExcess));
    return upperExcess > 0 ? size : -size;
  }

  #doubtAt({ lowerAt }: Bounds): number {
    const uncertainty = this.uncertaintyAt((lowerAt + this.#originLocal) as LocalInstant);
    return doubtOf(uncertainty, this.#count < EXCHANGES_ENOUGH);
  }

  #suspect(exchange: TimeExchange, contradiction: number): Lesson {
    this.#suspicion.add(exchange, contradiction);
    const nearness = this.#fitter.nearness(contradiction > 0 ? 1 : -1);
    const { witnesses } = this.#suspicion;
    const isSmall = Math.abs(contradiction) < SLEW_MAX;
    const seen = exchange.clientReceived - this.#originLocal;
    if (isSmall && this.#followsBoundBend(seen)) return "restarted";
    const since = exchange.clientSent - (witnesses[0]?.clientSent ?? 0);
    const mayBend = isSmall && since < BEND_SHOWN_AFTER;
    if (mayBend || !this.#suspicion.proven(nearness)) return "suspected";
    return this.#restart(witnesses, contradiction);
  }

  /** Draws the line anew, by those exchanges alone. `moved`: by how much the clock has, at least. (us) */
  #restart(witnesses: readonly TimeExchange[], moved: number): Lesson {
    const { clientReceived } = witnesses.at(-1) as TimeExchange;
    const believed = this.offsetAt(clientReceived);
    this.reset();
    if (Math.abs(moved) < SLEW_MAX) {
      this.#prior = { ...this.#prior, spread: DRIFT_SPREAD_SLEWING };
      this.#slotBends.lastAt = 0;
    }
    for (const witness of witnesses) {
      if (this.#count === 0) this.#begin(witness);
      this.#take(this.#boundsOf(witness));
    }
    const offset = believed - this.#originOffset;
    const belief = { offset, drift: this.#prior.drift, path: this.#path };
    const nearest = leastMove(this.#window, belief, moved);
    if (nearest) this.#take(nearest);
    this.#fit();
    return "restarted";
  }

  /** By how much the line lies outside what an exchange allows, whatever its delays: the truth lies within. (us) */
  #outside({ upperAt, upper, lowerAt, lower }: Bounds): number {
    const { at, drift } = this.#line;
    const above = this.#middle + drift * (upperAt - at) - upper;
    const below = lower - this.#middle - drift * (lowerAt - at);
    return Math.max(above, below);
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
    const from = this.#from;
    const before = this.#line.at;
    const strip = this.#fitter.fit(this.#prior, this.#line.drift, from);
    this.#line = this.#mean.mend(
      strip,
      from > 0 ? (this.#window.upperAt[from] as number) : -Infinity,
    );
    const share = this.#count < EXCHANGES_ENOUGH ? 1 : (this.#line.at - before) / PATH_FOLLOWED_IN;
    this.#path += Math.max(0, Math.min(1, share)) * (this.roundTrip - this.#path);
  }

  #take({ upperAt, upper, lowerAt, lower }: Bounds): void {
    this.#quickest = Math.min(this.#quickest, upper - lower);
    this.#window.take(upperAt, upper, lowerAt, lower, this.#line.drift);
    this.#mean.note((upperAt + lowerAt) / 2, (upper + lower) / 2, upper - lower);
    this.#count++;
  }
}
