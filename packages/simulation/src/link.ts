import { type Micros, micros, millis } from "@tutti/protocol";
import type { Random } from "./random.ts";
import { later, type Simulation, type TrueInstant, trueTime } from "./simulation.ts";

/** How one way between a room and the server behaves, both directions alike but for `powerSave`. */
export interface LinkProfile {
  /** Least time from one end to the other. */
  readonly delayMs: number;
  /** Mean of what comes on top, exponentially distributed. */
  readonly jitterMs: number;
  /** Evenly distributed from 0 to this, on top: what emulators of networks mean by "5 ms, more or less". */
  readonly spreadMs?: number;
  /** Nothing overtakes: one packet that takes long holds up those behind it, datagrams too. */
  readonly inOrder?: boolean;
  /** Of packets, as the transport sees it: after the radio's own repeats. */
  readonly loss: number;
  readonly rateKbit: number;
  /** A packet is lost when those before it need longer than that to pass; without, all wait. */
  readonly queueMs?: number;
  /** The radio is silent: everything waits, nothing is lost. How often on average, and how long. */
  readonly stalls?: { readonly everyMs: number; readonly fromMs: number; readonly toMs: number };
  /** The client's radio sleeps when idle for `awakeMs`; what is sent to it waits for the next beacon. */
  readonly powerSave?: { readonly beaconMs: number; readonly awakeMs: number };
  /** Somebody's upload fills a queue before the bottleneck: how often, how long, how deep it gets. */
  readonly crossTraffic?: {
    readonly everyMs: number;
    readonly lastsMs: number;
    readonly queueMs: number;
  };
}

/** Named after what a home has. Orders of magnitude of measured home networks, not of any one of them. */
export const LINKS = {
  lan: { delayMs: 0.1, jitterMs: 0.02, loss: 0, rateKbit: 100_000 },
  wifi: { delayMs: 1, jitterMs: 1, loss: 0.001, rateKbit: 20_000 },
  "busy wifi": {
    delayMs: 2,
    jitterMs: 6,
    loss: 0.01,
    rateKbit: 8_000,
    stalls: { everyMs: 3_000, fromMs: 50, toMs: 250 },
  },
  "power save": {
    delayMs: 1,
    jitterMs: 1,
    loss: 0.001,
    rateKbit: 20_000,
    powerSave: { beaconMs: 102.4, awakeMs: 10 },
  },
  bufferbloat: {
    delayMs: 2,
    jitterMs: 1,
    loss: 0.001,
    rateKbit: 8_000,
    crossTraffic: { everyMs: 20_000, lastsMs: 4_000, queueMs: 600 },
  },
} as const satisfies Record<string, LinkProfile>;

export type LinkName = keyof typeof LINKS;

/** Both directions alike, or each its own. */
export type LinkChoice =
  | LinkName
  | LinkProfile
  | { readonly toClient: LinkProfile; readonly toServer: LinkProfile };

/** What a direction of a link did to the packets of a run. `underWayMs`: of all packets together. */
export type LinkCounts = Record<
  | "packets"
  | "bytes"
  | "lost"
  | "overflows"
  | "underWayMs"
  | "stalls"
  | "beaconWaits"
  | "queueFills"
  | "outages",
  number
>;

/** Crossing time of a queue that fills grows as fast as a sender of thrice the rate fills it. */
const QUEUE_GROWTH = 2;

/** Nobody's upload lasts longer than so many times the mean. */
const CROWD_LASTS_MAX = 3;

/** One direction of a link: first in, first out through one bottleneck. */
export class Path {
  readonly counts: LinkCounts = {
    packets: 0,
    bytes: 0,
    lost: 0,
    overflows: 0,
    underWayMs: 0,
    stalls: 0,
    beaconWaits: 0,
    queueFills: 0,
    outages: 0,
  };
  profile: LinkProfile;
  readonly #simulation: Simulation;
  readonly #random: Random;
  #idleFrom = trueTime(0);
  #awakeUntil = trueTime(0);
  #lastArrival = trueTime(0);
  #stall: Spell;
  #crowd: Spell;
  #outage: Spell = { start: trueTime(-1), end: trueTime(-1) };

  constructor(simulation: Simulation, name: string, profile: LinkProfile) {
    this.#simulation = simulation;
    this.#random = simulation.random(`path ${name}`);
    this.profile = profile;
    this.#stall = this.#drawStall(simulation.now);
    this.#crowd = this.#drawCrowd(simulation.now);
  }

  /** Narrows or widens the bottleneck: what queues before it moves at the new rate. */
  limit(rateKbit: number): void {
    const queued = Math.max(0, this.#idleFrom - this.#simulation.now);
    this.#idleFrom = later(this.#simulation.now, (queued * this.profile.rateKbit) / rateKbit);
    this.profile = { ...this.profile, rateKbit };
  }

  /** When what is sent now arrives at the other end, if it is not lost. */
  carry(bytes: number): TrueInstant {
    this.counts.packets++;
    this.counts.bytes += bytes;
    const start = Math.max(this.#simulation.now, this.#idleFrom, this.#heldUntil());
    this.#idleFrom = trueTime(start + (bytes * 8_000) / this.profile.rateKbit);
    const { delayMs, jitterMs, spreadMs = 0, inOrder = false } = this.profile;
    const spread = spreadMs > 0 ? this.#random.between(0, spreadMs) : 0;
    const onTheWay = millis(delayMs + spread + this.#random.exponential(jitterMs));
    const arrival = this.#beacon(later(this.#idleFrom, onTheWay));
    this.#lastArrival = inOrder ? trueTime(Math.max(arrival, this.#lastArrival)) : arrival;
    this.counts.underWayMs += (this.#lastArrival - this.#simulation.now) / millis(1);
    return this.#lastArrival;
  }

  /** Whether a packet sent now finds no room in the queue, and is lost. */
  overflows(): boolean {
    const { queueMs = Infinity } = this.profile;
    const full = this.#idleFrom - this.#simulation.now > millis(queueMs);
    if (full) this.counts.overflows++;
    return full;
  }

  /** Whether a packet sent now gets lost, here or in an outage. */
  loses(packets = 1): boolean {
    const lost = this.isOut || this.#random.chance(1 - (1 - this.profile.loss) ** packets);
    if (lost) this.counts.lost++;
    return lost;
  }

  /** Nothing passes for `span`: what is sent meanwhile is lost. */
  cut(span: Micros): void {
    this.counts.outages++;
    const { now } = this.#simulation;
    this.#outage = { start: now, end: later(now, span) };
  }

  /** Everything waits for `span`, nothing is lost. */
  stall(span: Micros): void {
    const { now } = this.#simulation;
    this.#stall = { start: now, end: later(now, span) };
  }

  get isOut(): boolean {
    return this.#simulation.now < this.#outage.end;
  }

  get outEnd(): TrueInstant {
    return this.#outage.end;
  }

  #heldUntil(): number {
    const { now } = this.#simulation;
    while (now >= this.#stall.end) this.#stall = this.#drawStall(this.#stall.end);
    while (now >= this.#crowd.end) this.#crowd = this.#drawCrowd(this.#crowd.end);
    return Math.max(this.#stallEnd(now), this.#queueEnd(now));
  }

  #stallEnd(now: TrueInstant): number {
    if (now < this.#stall.start) return now;
    if (this.#idleFrom < this.#stall.end) this.counts.stalls++;
    return this.#stall.end;
  }

  #queueEnd(now: TrueInstant): number {
    const { crossTraffic } = this.profile;
    if (!crossTraffic || now < this.#crowd.start) return now;
    this.counts.queueFills++;
    return now + Math.min(QUEUE_GROWTH * (now - this.#crowd.start), millis(crossTraffic.queueMs));
  }

  #beacon(arrival: TrueInstant): TrueInstant {
    const { powerSave } = this.profile;
    if (!powerSave) return arrival;
    const beacon = millis(powerSave.beaconMs);
    const asleep = arrival > this.#awakeUntil;
    const heard = asleep ? trueTime(Math.ceil(arrival / beacon) * beacon) : arrival;
    if (asleep) this.counts.beaconWaits++;
    this.#awakeUntil = later(heard, millis(powerSave.awakeMs));
    return heard;
  }

  #drawStall(from: TrueInstant): Spell {
    const { stalls } = this.profile;
    if (!stalls) return NEVER;
    const start = later(from, this.#random.exponential(millis(stalls.everyMs)));
    return { start, end: later(start, millis(this.#random.between(stalls.fromMs, stalls.toMs))) };
  }

  #drawCrowd(from: TrueInstant): Spell {
    const { crossTraffic } = this.profile;
    if (!crossTraffic) return NEVER;
    const start = later(from, this.#random.exponential(millis(crossTraffic.everyMs)));
    const lasts = Math.min(this.#random.exponential(1), CROWD_LASTS_MAX) * crossTraffic.lastsMs;
    return { start, end: later(start, millis(lasts)) };
  }
}

interface Spell {
  readonly start: TrueInstant;
  readonly end: TrueInstant;
}

const NEVER: Spell = { start: trueTime(1e18), end: trueTime(1e18) };

/** Both directions between one room and the server, and UDP over them. */
export class Link {
  readonly toClient: Path;
  readonly toServer: Path;
  readonly #simulation: Simulation;

  constructor(simulation: Simulation, name: string, choice: LinkChoice) {
    const chosen = typeof choice === "string" ? LINKS[choice] : choice;
    const both: { toClient: LinkProfile; toServer: LinkProfile } =
      "toClient" in chosen ? chosen : { toClient: chosen, toServer: chosen };
    this.#simulation = simulation;
    this.toClient = new Path(simulation, `to ${name}`, both.toClient);
    const { powerSave: _, ...awake } = both.toServer;
    this.toServer = new Path(simulation, `from ${name}`, awake);
  }

  /** A datagram: late, early, out of order or never. */
  datagram(path: Path, bytes: number, deliver: () => void): void {
    if (path.loses() || path.overflows()) return;
    this.#simulation.at(path.carry(bytes), deliver);
  }

  cut(span: Micros): void {
    this.toClient.cut(span);
    this.toServer.cut(span);
  }

  stall(span: Micros): void {
    this.toClient.stall(span);
    this.toServer.stall(span);
  }

  /** Narrows or widens both directions from now on. */
  limit(rateKbit: number): void {
    this.toClient.limit(rateKbit);
    this.toServer.limit(rateKbit);
  }

  get roundTrip(): Micros {
    const ways = [this.toClient, this.toServer];
    return micros(
      ways.reduce((sum, { profile }) => {
        const { delayMs, jitterMs, spreadMs = 0 } = profile;
        return sum + millis(delayMs + jitterMs + spreadMs / 2);
      }, 0),
    );
  }
}

/** How long a TCP sender waits for an acknowledgement at least, in Linux, and again twice as long. */
export const RETRANSMISSION_TIMEOUT: Micros = millis(200);
