import { type Micros, micros, millis } from "@tutti/protocol";
import type { Path } from "./link.ts";
import {
  type Happening,
  later,
  type Simulation,
  type TrueInstant,
  trueTime,
} from "./simulation.ts";

/** Payload of a packet, and what is sent before anything is known. (bytes) */
const SEGMENT_BYTES = 1_448;
const WINDOW_BYTES = 10 * SEGMENT_BYTES;
const WINDOW_BYTES_MIN = 2 * SEGMENT_BYTES;
const ACKNOWLEDGEMENT_BYTES = 52;
/** Headers of TCP and IP. (bytes) */
const HEADERS_BYTES = 52;
/** What is waited before a round trip is known, at least beside the round trip, and at most. */
const TIMEOUT_FIRST: Micros = millis(1_000);
const TIMEOUT_MIN: Micros = millis(200);
const TIMEOUT_MAX: Micros = millis(120_000);
/** What arrives so soon after another is read with it and acknowledged with it, as drivers collect packets. */
const TOGETHER: Micros = micros(200);
/** Less than that every buffer outlasts. */
const STRAGGLER_MIN: Micros = millis(400);
/** A packet that was overtaken by one that left so much later is lost, or by so many. */
const OVERTAKEN_BY: Micros = millis(10);
const OVERTAKEN = 3;
/** The end of what is under way is sent again when nothing is heard for so many round trips; a lone packet later (RFC 8985, 7). */
const PROBE_AFTER = 2;

/** How CUBIC grows, what it keeps after a loss, and what it grows by where Reno would be quicker (RFC 9438, 4 and 5). */
const CUBIC_C = 0.4;
const CUBIC_BETA = 0.7;
const RENO_FRIENDLY = (3 * (1 - CUBIC_BETA)) / (1 + CUBIC_BETA);

interface Segment {
  readonly bytes: Uint8Array;
  /** Nothing comes behind it. */
  readonly last: boolean;
  readonly firstSentAt: TrueInstant;
  sentAt: TrueInstant;
  /** Lost in an outage, once at least. */
  wasOut: boolean;
  /** Of all launches of this flow. */
  turn: number;
  launches: number;
  overtaken: number;
  lost: boolean;
  landed: boolean;
  acknowledged: boolean;
}

export interface FlowEnds {
  /** In order, once. */
  deliver(bytes: Uint8Array): void;
  /** All is delivered, and no more comes. */
  ended(): void;
  repeated?(): void;
  /** Something arrived that was lost again and again. */
  straggled?(straggler: { readonly at: TrueInstant; readonly late: Micros }): void;
}

/**
 * One direction of TCP: what is lost the sender finds out and sends again, and has less under way from then on. What is
 * written at one moment leaves as full packets, as many as may be under way, each with its own delay. Roughly Linux's
 * CUBIC with selective acknowledgements and tail probes; on the way no packet of a flow overtakes another.
 */
export class Flow {
  /** Handed over and not known to have arrived. (bytes) */
  unsent = 0;
  readonly #simulation: Simulation;
  readonly #path: Path;
  readonly #back: Path;
  readonly #ends: FlowEnds;
  #waiting: Uint8Array[] = [];
  /** Of the sender: not acknowledged up to there. */
  #flight: Segment[] = [];
  /** Of the receiver: not delivered. */
  #awaited: Segment[] = [];
  /** Landed and not acknowledged, each with the launch that it came by. */
  #landed: { readonly segment: Segment; readonly turn: number }[] = [];
  /** When the youngest of what is under way arrives. */
  #arrived = trueTime(0);
  #stopped = false;
  #ending = false;
  #window = WINDOW_BYTES;
  #threshold = Infinity;
  /** The window when less was put under way for the last time, when that was, and what Reno would have since. (bytes) */
  #windowBefore = 0;
  #reducedAt = trueTime(0);
  #windowOfReno = 0;
  /** What was so before the timer went off, and the last launch by then: an answer to one up to it says that it went off for nothing. */
  #beforeTimeout:
    | { readonly window: number; readonly threshold: number; readonly turn: number }
    | undefined;
  #turn = 0;
  /** Losses of launches before this one were answered by less under way already. */
  #recoveredAt = 0;
  #roundTrip: number | undefined;
  #variation = 0;
  #timeouts = 0;
  #timer: Happening | undefined;
  /** When nothing will have been heard for too long: the timer goes off then at the earliest. */
  #deadline = trueTime(Infinity);
  #probed = false;

  constructor(simulation: Simulation, path: Path, back: Path, ends: FlowEnds) {
    this.#simulation = simulation;
    this.#path = path;
    this.#back = back;
    this.#ends = ends;
  }

  send(bytes: Uint8Array): void {
    this.unsent += bytes.length;
    if (this.#stopped) return;
    this.#waiting.push(bytes);
    if (this.#waiting.length === 1) this.#transmitSoon();
  }

  /** The other end is told, behind all that was sent. */
  end(): void {
    this.#ending = true;
    this.#transmitSoon();
  }

  /** Nothing is sent any more; what is under way still takes its place there. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer) this.#timer.cancelled = true;
    this.#waiting = [];
    this.#flight = [];
    this.#awaited = [];
    this.#landed = [];
  }

  /** What is written at one moment leaves in one go. */
  #transmitSoon(): void {
    this.#simulation.at(this.#simulation.now, () => this.#transmit());
  }

  get #flying(): number {
    let sum = 0;
    for (const { lost, acknowledged, bytes } of this.#flight) {
      if (!lost && !acknowledged) sum += bytes.length;
    }
    return sum;
  }

  #transmit(): void {
    if (this.#stopped) return;
    for (let flying = this.#flying; flying < this.#window; ) {
      const segment = this.#flight.find(({ lost }) => lost) ?? this.#next();
      if (!segment) break;
      this.#launch(segment);
      flying += segment.bytes.length;
    }
    this.#arm();
  }

  #next(): Segment | undefined {
    const packet = this.#packet();
    if (!packet && !this.#ending) return undefined;
    if (!packet) this.#ending = false;
    const [bytes, last] = packet ? [packet, false] : [NOTHING, true];
    const { now } = this.#simulation;
    const times = { firstSentAt: now, sentAt: now, wasOut: false };
    const state = { lost: false, landed: false, acknowledged: false };
    const segment = { bytes, last, ...times, turn: 0, launches: 0, overtaken: 0, ...state };
    this.#flight.push(segment);
    this.#awaited.push(segment);
    return segment;
  }

  /** As much as a packet holds of what waits. */
  #packet(): Uint8Array | undefined {
    const [first] = this.#waiting;
    if (!first) return undefined;
    if (first.length >= SEGMENT_BYTES || this.#waiting.length === 1) {
      if (first.length > SEGMENT_BYTES) this.#waiting[0] = first.subarray(SEGMENT_BYTES);
      else this.#waiting.shift();
      return first.subarray(0, SEGMENT_BYTES);
    }
    const room = new Uint8Array(SEGMENT_BYTES);
    let length = 0;
    while (this.#waiting[0] && length < SEGMENT_BYTES) {
      const piece = this.#waiting[0].subarray(0, SEGMENT_BYTES - length);
      room.set(piece, length);
      length += piece.length;
      const rest = this.#waiting[0].subarray(piece.length);
      if (rest.length > 0) this.#waiting[0] = rest;
      else this.#waiting.shift();
    }
    return room.subarray(0, length);
  }

  #launch(segment: Segment): void {
    segment.lost = false;
    segment.overtaken = 0;
    segment.turn = ++this.#turn;
    segment.sentAt = this.#simulation.now;
    if (segment.launches++ > 0) this.#ends.repeated?.();
    segment.wasOut ||= this.#path.isOut;
    if (this.#path.loses() || this.#path.overflows()) return;
    const carried = this.#path.carry(segment.bytes.length + HEADERS_BYTES);
    this.#arrived = trueTime(Math.max(carried, this.#arrived));
    const { turn } = segment;
    this.#simulation.at(this.#arrived, () => this.#land(segment, turn));
  }

  #land(segment: Segment, turn: number): void {
    if (this.#stopped) return;
    if (!segment.landed) this.#noteStraggler(segment);
    segment.landed = true;
    this.#landed.push({ segment, turn });
    if (this.#landed.length === 1) this.#simulation.after(TOGETHER, () => this.#read());
  }

  #noteStraggler({ wasOut, firstSentAt, sentAt }: Segment): void {
    const late = micros(sentAt - firstSentAt);
    if (!wasOut && late >= STRAGGLER_MIN) this.#ends.straggled?.({ at: firstSentAt, late });
  }

  /** The receiver wakes up: hands on what is in order, and acknowledges all that landed. */
  #read(): void {
    const landed = this.#landed.splice(0);
    if (landed.length === 0) return;
    const heard = this.#back.loses() ? undefined : this.#back.carry(ACKNOWLEDGEMENT_BYTES);
    if (heard !== undefined) this.#simulation.at(heard, () => this.#acknowledge(landed));
    const missing = this.#awaited.findIndex((segment) => !segment.landed);
    const ready = this.#awaited.splice(0, missing < 0 ? this.#awaited.length : missing);
    const bytes = joined(ready);
    if (bytes.length > 0) this.#ends.deliver(bytes);
    if (ready.at(-1)?.last) this.#ends.ended();
  }

  #acknowledge(landed: readonly { readonly segment: Segment; readonly turn: number }[]): void {
    if (this.#stopped) return;
    for (const { segment, turn } of landed) this.#mark(segment, turn);
    const newest = Math.max(...landed.map(({ turn }) => turn));
    let arrived = 0;
    // An acknowledgement tells of all that landed in order, also of those whose own was lost.
    while (
      this.#flight[0]?.landed &&
      (this.#flight[0].acknowledged || this.#flight[0].turn < newest)
    )
      arrived += (this.#flight.shift() as Segment).bytes.length;
    this.#probed = false;
    if (arrived > 0) {
      this.unsent -= arrived;
      this.#timeouts = 0;
    }
    this.#transmit();
  }

  #mark(segment: Segment, turn: number): void {
    this.#judgeTimeout(turn);
    if (segment.launches === 1) this.#learn(this.#simulation.now - segment.sentAt);
    segment.acknowledged = true;
    segment.lost = false;
    for (const other of this.#flight) {
      if (other.acknowledged || other.lost || other.turn >= turn) continue;
      other.overtaken++;
      const late = segment.sentAt - other.sentAt >= OVERTAKEN_BY;
      if (late || other.overtaken >= OVERTAKEN) this.#lose(other);
    }
    this.#grow(segment.bytes.length);
  }

  /** What arrives late was not lost (F-RTO, RFC 5682): all is as before the timer went off. */
  #judgeTimeout(turn: number): void {
    const before = this.#beforeTimeout;
    this.#beforeTimeout = undefined;
    if (!before || turn > before.turn) return;
    this.#window = before.window;
    this.#threshold = before.threshold;
    for (const segment of this.#flight) segment.lost = false;
  }

  #lose(segment: Segment): void {
    segment.lost = true;
    if (segment.turn <= this.#recoveredAt) return;
    this.#reduce();
    this.#window = this.#threshold;
  }

  #reduce(): void {
    this.#windowBefore = this.#window;
    this.#threshold = Math.max(WINDOW_BYTES_MIN, this.#window * CUBIC_BETA);
    this.#windowOfReno = this.#threshold;
    this.#reducedAt = this.#simulation.now;
    this.#recoveredAt = this.#turn;
  }

  /** Only what was used up says that more would pass. */
  #grow(bytes: number): void {
    if (this.#waiting.length === 0 && this.#flying < this.#window / 2) return;
    if (this.#window < this.#threshold) {
      this.#window += bytes;
      return;
    }
    this.#windowOfReno += (RENO_FRIENDLY * SEGMENT_BYTES * bytes) / this.#window;
    const before = this.#windowBefore / SEGMENT_BYTES;
    const seconds = (this.#simulation.now - this.#reducedAt + (this.#roundTrip ?? 0)) / 1e6;
    const back = Math.cbrt((before * (1 - CUBIC_BETA)) / CUBIC_C);
    const target = SEGMENT_BYTES * (CUBIC_C * (seconds - back) ** 3 + before);
    const step = Math.min(Math.max(0, target - this.#window), this.#window / 2);
    this.#window = Math.max(this.#window + (step * bytes) / this.#window, this.#windowOfReno);
  }

  #learn(roundTrip: number): void {
    const known = this.#roundTrip ?? roundTrip;
    const apart = Math.abs(roundTrip - known);
    this.#variation =
      this.#roundTrip === undefined
        ? roundTrip / 2
        : this.#variation + (apart - this.#variation) / 4;
    this.#roundTrip = known + (roundTrip - known) / 8;
  }

  get #timeout(): Micros {
    if (this.#roundTrip === undefined) return micros(TIMEOUT_FIRST * 2 ** this.#timeouts);
    const once = this.#roundTrip + Math.max(TIMEOUT_MIN, 4 * this.#variation);
    return micros(Math.min(TIMEOUT_MAX, once * 2 ** this.#timeouts));
  }

  /** The timer that stands is left standing, as most of what is sent is acknowledged long before. */
  #arm(): void {
    const resting = this.#flight.length === 0;
    const alone = this.#flight.length === 1 ? TIMEOUT_MIN : 0;
    const wait = this.#probes
      ? Math.min(PROBE_AFTER * (this.#roundTrip ?? 0) + alone, this.#timeout)
      : this.#timeout;
    this.#deadline = resting ? trueTime(Infinity) : later(this.#simulation.now, wait);
    if (resting || (this.#timer && this.#timer.at <= this.#deadline)) return;
    if (this.#timer) this.#timer.cancelled = true;
    this.#timer = this.#simulation.at(this.#deadline, () => this.#goOff());
  }

  #goOff(): void {
    this.#timer = undefined;
    if (this.#deadline === Infinity) return;
    if (this.#simulation.now < this.#deadline) {
      this.#timer = this.#simulation.at(this.#deadline, () => this.#goOff());
    } else if (this.#probes) this.#probe();
    else this.#expire();
  }

  get #probes(): boolean {
    return this.#roundTrip !== undefined && !this.#probed && this.#timeouts === 0;
  }

  #probe(): void {
    this.#probed = true;
    const last = this.#flight.findLast(({ acknowledged }) => !acknowledged);
    if (last) this.#launch(last);
    this.#arm();
  }

  /** Nothing was heard: all counts as lost, and it begins with little again. */
  #expire(): void {
    const [window, threshold, turn] = [this.#window, this.#threshold, this.#turn];
    this.#beforeTimeout ??= { window, threshold, turn };
    this.#timeouts++;
    this.#reduce();
    this.#window = SEGMENT_BYTES;
    for (const segment of this.#flight) if (!segment.acknowledged) segment.lost = true;
    this.#transmit();
  }
}

const NOTHING = new Uint8Array();

function joined(segments: readonly Segment[]): Uint8Array {
  if (segments.length === 1) return (segments[0] as Segment).bytes;
  const whole = new Uint8Array(segments.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of segments) {
    whole.set(bytes, at);
    at += bytes.length;
  }
  return whole;
}
