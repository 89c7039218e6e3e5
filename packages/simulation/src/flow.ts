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
/** Before a round trip is known, what it varies by at the least, and the most that is waited. */
const TIMEOUT_FIRST: Micros = millis(1_000);
const VARIATION_MIN: Micros = millis(200);
const TIMEOUT_MAX: Micros = millis(120_000);
/** A packet that was overtaken by one that left so much later is lost, or by so many. */
const OVERTAKEN_BY: Micros = millis(10);
const OVERTAKEN = 3;
/** The end of what is under way is sent again when nothing is heard for so many round trips. */
const PROBE_AFTER = 2;

interface Segment {
  readonly bytes: Uint8Array;
  sentAt: TrueInstant;
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
  repeated?(): void;
}

/**
 * One direction of TCP over a path whose queue overflows: what is lost there the sender finds out and sends again, and
 * has less under way from then on. Roughly Linux's Reno with selective acknowledgements, tail probes and packets of
 * whole writes.
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
  #window = WINDOW_BYTES;
  #threshold = Infinity;
  #turn = 0;
  /** Losses of launches before this one were answered by less under way already. */
  #recoveredAt = 0;
  #roundTrip: number | undefined;
  #variation = 0;
  #timeouts = 0;
  #timer: Happening | undefined;
  #probed = false;

  constructor(simulation: Simulation, path: Path, back: Path, ends: FlowEnds) {
    this.#simulation = simulation;
    this.#path = path;
    this.#back = back;
    this.#ends = ends;
  }

  send(bytes: Uint8Array): void {
    this.unsent += bytes.length;
    this.#waiting.push(bytes);
    // What is written at one moment leaves in one go.
    if (this.#waiting.length === 1)
      this.#simulation.at(this.#simulation.now, () => this.#transmit());
  }

  /** Nothing is sent any more; what is under way still takes its place there. */
  stop(): void {
    if (this.#timer) this.#timer.cancelled = true;
    this.#waiting = [];
    this.#flight = [];
    this.#awaited = [];
  }

  get #flying(): number {
    let sum = 0;
    for (const { lost, acknowledged, bytes } of this.#flight) {
      if (!lost && !acknowledged) sum += bytes.length;
    }
    return sum;
  }

  #transmit(): void {
    for (let flying = this.#flying; flying < this.#window; ) {
      const segment = this.#flight.find(({ lost }) => lost) ?? this.#next();
      if (!segment) break;
      this.#launch(segment);
      flying += segment.bytes.length;
    }
    this.#arm();
  }

  #next(): Segment | undefined {
    const bytes = this.#packet();
    if (!bytes) return undefined;
    const sentAt = this.#simulation.now;
    const state = { lost: false, landed: false, acknowledged: false };
    const segment = { bytes, sentAt, turn: 0, launches: 0, overtaken: 0, ...state };
    this.#flight.push(segment);
    this.#awaited.push(segment);
    return segment;
  }

  /** As many whole writes as a packet holds, or a part of one. */
  #packet(): Uint8Array | undefined {
    const [first] = this.#waiting;
    if (!first) return undefined;
    if (first.length > SEGMENT_BYTES) {
      this.#waiting[0] = first.subarray(SEGMENT_BYTES);
      return first.subarray(0, SEGMENT_BYTES);
    }
    const room = new Uint8Array(SEGMENT_BYTES);
    let length = 0;
    for (
      let next: Uint8Array | undefined = first;
      next && length + next.length <= SEGMENT_BYTES;
    ) {
      room.set(next, length);
      length += next.length;
      this.#waiting.shift();
      next = this.#waiting[0];
    }
    return room.subarray(0, length);
  }

  #launch(segment: Segment): void {
    segment.lost = false;
    segment.overtaken = 0;
    segment.turn = ++this.#turn;
    segment.sentAt = this.#simulation.now;
    if (segment.launches++ > 0) this.#ends.repeated?.();
    if (this.#path.loses() || this.#path.overflows()) return;
    const arrival = this.#path.carry(segment.bytes.length + HEADERS_BYTES);
    const { turn } = segment;
    this.#simulation.at(arrival, () => this.#land(segment, turn));
  }

  #land(segment: Segment, turn: number): void {
    segment.landed = true;
    const heard = this.#back.loses() ? undefined : this.#back.carry(ACKNOWLEDGEMENT_BYTES);
    if (heard !== undefined) this.#simulation.at(heard, () => this.#acknowledge(segment, turn));
    while (this.#awaited[0]?.landed) this.#ends.deliver((this.#awaited.shift() as Segment).bytes);
  }

  #acknowledge(segment: Segment, turn: number): void {
    const { now } = this.#simulation;
    if (segment.launches === 1) this.#learn(now - segment.sentAt);
    segment.acknowledged = true;
    segment.lost = false;
    for (const other of this.#flight) {
      if (other.acknowledged || other.lost || other.turn >= turn) continue;
      other.overtaken++;
      const late = segment.sentAt - other.sentAt >= OVERTAKEN_BY;
      if (late || other.overtaken >= OVERTAKEN) this.#lose(other);
    }
    this.#grow(segment.bytes.length);
    let arrived = 0;
    // An acknowledgement tells of all that landed in order, also of those whose own was lost.
    while (this.#flight[0]?.landed && (this.#flight[0].acknowledged || this.#flight[0].turn < turn))
      arrived += (this.#flight.shift() as Segment).bytes.length;
    this.#probed = false;
    if (arrived > 0) {
      this.unsent -= arrived;
      this.#timeouts = 0;
    }
    this.#transmit();
  }

  #lose(segment: Segment): void {
    segment.lost = true;
    if (segment.turn <= this.#recoveredAt) return;
    this.#threshold = Math.max(WINDOW_BYTES_MIN, this.#flying / 2);
    this.#window = this.#threshold;
    this.#recoveredAt = this.#turn;
  }

  /** Only what was used up says that more would pass. */
  #grow(bytes: number): void {
    if (this.#waiting.length === 0 && this.#flying < this.#window / 2) return;
    const slowStart = this.#window < this.#threshold;
    this.#window += slowStart ? bytes : (SEGMENT_BYTES * bytes) / this.#window;
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
    const once = this.#roundTrip + Math.max(VARIATION_MIN, 4 * this.#variation);
    return micros(Math.min(TIMEOUT_MAX, once * 2 ** this.#timeouts));
  }

  #arm(): void {
    if (this.#timer) this.#timer.cancelled = true;
    this.#timer = undefined;
    if (this.#flight.length === 0) return;
    const probe = this.#roundTrip !== undefined && !this.#probed && this.#timeouts === 0;
    const wait = probe
      ? Math.min(PROBE_AFTER * (this.#roundTrip ?? 0), this.#timeout)
      : this.#timeout;
    const at = later(this.#simulation.now, wait);
    this.#timer = this.#simulation.at(trueTime(at), () => (probe ? this.#probe() : this.#expire()));
  }

  #probe(): void {
    this.#probed = true;
    const last = this.#flight.findLast(({ acknowledged }) => !acknowledged);
    if (last) this.#launch(last);
    this.#arm();
  }

  /** Nothing was heard: all counts as lost, and it begins with little again. */
  #expire(): void {
    this.#timeouts++;
    this.#threshold = Math.max(WINDOW_BYTES_MIN, this.#flying / 2);
    this.#window = SEGMENT_BYTES;
    this.#recoveredAt = this.#turn;
    for (const segment of this.#flight) if (!segment.acknowledged) segment.lost = true;
    this.#transmit();
  }
}
