import { type Micros, millis } from "@tutti/protocol";
import { Flow } from "./flow.ts";
import { type Link, type Path, RETRANSMISSION_TIMEOUT } from "./link.ts";
import type { Random } from "./random.ts";
import { later, type Simulation, type TrueInstant, trueTime } from "./simulation.ts";

/** What an end of a connection is told. */
export interface Peer {
  received(bytes: Uint8Array): void;
  closed(): void;
}

/** What was lost again and again: when it was sent first, and how much later for the last time. */
export interface Straggler {
  readonly at: TrueInstant;
  readonly late: Micros;
}

type End = "client" | "server";

/** One direction, named after where it leads. */
interface Way {
  /** Handed over and not arrived; of that, under way. (bytes) */
  unsent: number;
  flying: number;
  waiting: Uint8Array[];
  /** Most that may be under way. (bytes) */
  window: number;
  /** When the last of what is under way arrives. */
  arrived: TrueInstant;
}

function newWay(): Way {
  return { unsent: 0, flying: 0, waiting: [], window: WINDOW_BYTES_MIN, arrived: trueTime(0) };
}

/** Payload of a packet on Ethernet or Wi-Fi. (bytes) */
const SEGMENT_BYTES = 1_448;
/**
 * Most that is under way and not acknowledged; the rest waits in the kernel's buffer. It grows by what arrives and
 * is halved by a loss: on a path of seconds it has to be large. (bytes)
 */
const ACKNOWLEDGEMENT_BYTES = 52;
const WINDOW_BYTES_MIN = 32 * 1024;
const WINDOW_BYTES_MAX = 1024 * 1024;
/** Of the losses, those that TCP sees by what follows, without waiting for its timer. */
const FAST_RETRANSMIT = 0.7;
/** Reads do not end where writes ended: so often one delivery is torn in two. */
const TEAR = 0.02;
const TIMEOUTS_MAX = 8;
/** Less than that every buffer outlasts. */
const STRAGGLER_MIN = millis(400);

/**
 * A TCP connection: everything arrives, in order, once; loss shows as delay of all that follows.
 * Its window grows and shrinks as TCP's does, roughly; acknowledgements cost nothing.
 */
export class Connection {
  readonly counts = { retransmissions: 0, breaks: 0 };
  /** Outages apart. */
  readonly stragglers: Straggler[] = [];
  readonly #simulation: Simulation;
  readonly #random: Random;
  readonly #link: Link;
  readonly #ways: Record<End, Way> = { client: newWay(), server: newWay() };
  #open = true;
  #closedBy: End | undefined;
  #silent = false;
  readonly #onDrained: (to: End) => void;
  readonly #peers: { readonly client: Peer; readonly server: Peer };
  /** Where it matters what is under way, packet by packet. */
  readonly #flows: { readonly client: Flow; readonly server: Flow } | undefined;

  /** `onDrained` is told when something has arrived at `to`, unless that is `exact`. */
  constructor(
    simulation: Simulation,
    name: string,
    link: Link,
    peers: { client: Peer; server: Peer },
    onDrained: (to: End) => void = () => {},
  ) {
    this.#simulation = simulation;
    this.#random = simulation.random(`connection ${name}`);
    this.#link = link;
    this.#peers = peers;
    this.#onDrained = onDrained;
    const { toClient, toServer } = link;
    // A queue that overflows is filled by packets, and where nothing overtakes each holds up the datagrams behind it.
    const exact = [toClient, toServer].some(
      ({ profile: { queueMs, inOrder } }) => queueMs !== undefined || inOrder,
    );
    if (exact) this.#flows = { client: this.#flow("client"), server: this.#flow("server") };
  }

  /** Whether each packet is followed. */
  get exact(): boolean {
    return this.#flows !== undefined;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** What was handed over for `to` and has not arrived, which Linux tells of its own buffer too. (bytes) */
  backlog(to: End): number {
    return this.#flows?.[to].unsent ?? this.#ways[to].unsent;
  }

  send(to: End, bytes: Uint8Array): void {
    if (!this.#open) return;
    if (this.#flows) {
      this.#flows[to].send(bytes);
      return;
    }
    const way = this.#ways[to];
    way.unsent += bytes.length;
    way.waiting.push(bytes);
    this.#transmit(to);
  }

  /** The end at `by` closes; the other hears of it when what was sent before has arrived. */
  close(by: End): void {
    if (!this.#open || this.#closedBy) return;
    this.#closedBy = by;
    const other = by === "client" ? "server" : "client";
    if (this.#flows) this.#flows[other].end();
    else this.#simulation.at(this.#arrival(other, 0), () => this.#end(other));
  }

  /** From now on nothing arrives at either end, and nobody is told. */
  fallSilent(): void {
    this.#silent = true;
    this.#stop();
  }

  /** Both ends see a reset at once; what is under way is lost. */
  break(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stop();
    this.counts.breaks++;
    this.#peers.client.closed();
    this.#peers.server.closed();
  }

  #transmit(to: End): void {
    const way = this.#ways[to];
    while (way.flying < way.window) {
      const bytes = way.waiting.shift();
      if (!bytes) return;
      way.flying += bytes.length;
      this.#simulation.at(this.#arrival(to, bytes.length), () => this.#deliver(to, bytes));
    }
  }

  /** In order: nothing arrives before what was sent before it. */
  #arrival(to: End, bytes: number): TrueInstant {
    const path = to === "client" ? this.#link.toClient : this.#link.toServer;
    const way = this.#ways[to];
    const repeats = this.#repeats(path, bytes);
    if (repeats > 0) way.window = Math.max(WINDOW_BYTES_MIN, way.window / 2);
    const carried = later(path.carry(bytes), repeats);
    way.arrived = trueTime(Math.max(carried, way.arrived));
    return way.arrived;
  }

  #end(told: End): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stop();
    if (!this.#silent) this.#peers[told].closed();
  }

  #stop(): void {
    this.#flows?.client.stop();
    this.#flows?.server.stop();
  }

  #flow(to: End): Flow {
    const { toClient, toServer } = this.#link;
    const [path, back] = to === "client" ? [toClient, toServer] : [toServer, toClient];
    return new Flow(this.#simulation, path, back, {
      deliver: (bytes) => {
        if (!this.#open || this.#silent) return;
        if (this.#closedBy === to) this.#refuse(to);
        else this.#hand(to, bytes);
      },
      ended: () => this.#end(to),
      repeated: () => this.counts.retransmissions++,
      straggled: (straggler) => this.stragglers.push(straggler),
    });
  }

  #deliver(to: End, bytes: Uint8Array): void {
    if (!this.#open || this.#silent) return;
    if (this.#closedBy === to) {
      this.#refuse(to);
      return;
    }
    const way = this.#ways[to];
    way.unsent -= bytes.length;
    way.flying -= bytes.length;
    this.#acknowledge(to);
    if (way.waiting.length > 0) way.window = Math.min(WINDOW_BYTES_MAX, way.window + bytes.length);
    this.#transmit(to);
    this.#onDrained(to);
    this.#hand(to, bytes);
  }

  #hand(to: End, bytes: Uint8Array): void {
    const peer = this.#peers[to];
    if (bytes.length < 2 || !this.#random.chance(TEAR)) {
      peer.received(bytes);
      return;
    }
    const cut = 1 + Math.floor(this.#random.next() * (bytes.length - 1));
    peer.received(bytes.subarray(0, cut));
    peer.received(bytes.subarray(cut));
  }

  /** Takes its place on the way back, where on some links nothing overtakes it. What it says is known already. */
  #acknowledge(by: End): void {
    const path = by === "client" ? this.#link.toServer : this.#link.toClient;
    path.carry(ACKNOWLEDGEMENT_BYTES);
  }

  /** Bytes for an end that has closed are answered by a reset. */
  #refuse(closed: End): void {
    const other = closed === "client" ? "server" : "client";
    const path = other === "client" ? this.#link.toClient : this.#link.toServer;
    this.#simulation.at(path.carry(0), () => this.#end(other));
  }

  /** The delay that lost packets cause. Only what was lost is sent again: of several packets mostly one. */
  #repeats(path: Path, bytes: number): Micros {
    let packets = Math.max(1, Math.ceil(bytes / SEGMENT_BYTES));
    if (path.isOut) return this.#untilBack(path);
    let delay = 0;
    let timeout: number = RETRANSMISSION_TIMEOUT;
    for (let losses = 0; path.loses(packets) && losses < TIMEOUTS_MAX; losses++) {
      this.counts.retransmissions++;
      packets = 1;
      if (losses === 0 && this.#random.chance(FAST_RETRANSMIT)) {
        delay += this.#link.roundTrip + millis(this.#random.between(1, 20));
        continue;
      }
      delay += timeout;
      timeout *= 2;
    }
    const late = delay as Micros;
    if (late >= STRAGGLER_MIN) this.stragglers.push({ at: this.#simulation.now, late });
    return late;
  }

  /** An outage is over for TCP with the first of its repeats after the end: 0.2, 0.6, 1.4, 3.0 s .. from now. */
  #untilBack(path: Path): Micros {
    const out: TrueInstant = path.outEnd;
    let wait: number = RETRANSMISSION_TIMEOUT;
    for (let step: number = wait; later(this.#simulation.now, wait) < out; wait += step) {
      step *= 2;
      this.counts.retransmissions++;
    }
    path.counts.lost++;
    return wait as Micros;
  }
}
