import { ServerChoice } from "@tutti/client/core";
import { type LocalInstant, localInstant, type Micros, millis, seconds } from "@tutti/protocol";
import type { EventLoop } from "./event-loop.ts";
import type { HostClock } from "./host-clock.ts";
import type { Link } from "./link.ts";
import type { ServerHost } from "./server-host.ts";
import { later, type Simulation, type TrueInstant, trueTime } from "./simulation.ts";

/** As the client's shell has it (client/src/network/server-list.ts). */
const LOOK_EVERY: Micros = millis(500);
const PROBE_EVERY: Micros = seconds(2);
const PROBE_MAX: Micros = seconds(1);
/** How long it is knocked at one that does not answer before the next one has its turn (client/src/network/connection.ts). */
const KNOCK_FOR: Micros = seconds(2);
/** A SYN, and what answers it. (bytes) */
const KNOCK_BYTES = 60;

/** What a list of several servers asks of its room, and tells it. */
export interface ListOwner {
  readonly simulation: Simulation;
  readonly clock: HostClock;
  readonly loop: EventLoop;
  readonly link: Link;
  sounding(): boolean;
  /** The connection is to be ended: a better server is back. */
  leave(): void;
  onMoved(kind: "failed over" | "went back"): void;
}

/** The servers that a room was given, the wanted one first, and which of them it is with or tries. */
export class ServerList {
  /** Whom the room is with, or knocks at. */
  present: ServerHost;
  readonly #servers: readonly ServerHost[];
  readonly #choice: ServerChoice;
  readonly #owner: ListOwner;
  /** Whether the present attempt has been answered as by a server. */
  #settled = false;
  #knockedAtSince: TrueInstant | undefined;
  #probedAt = trueTime(-PROBE_EVERY);

  constructor(servers: readonly [ServerHost, ...ServerHost[]], owner: ListOwner) {
    this.#servers = servers;
    this.#choice = new ServerChoice(servers.length);
    this.#owner = owner;
    this.present = servers[0];
  }

  get several(): boolean {
    return this.#servers.length > 1;
  }

  /** From now on a better server is looked for while the room is with another. */
  watch(): void {
    if (!this.several) return;
    const { loop, simulation } = this.#owner;
    loop.wakeAt(later(simulation.now, LOOK_EVERY), () => {
      this.#look();
      this.watch();
    });
  }

  /** Whom to connect to now. One that has not answered so far keeps its turn for a while. */
  next(): ServerHost {
    const { now } = this.#owner.simulation;
    if (this.#knockedAtSince !== undefined && now - this.#knockedAtSince < KNOCK_FOR)
      return this.present;
    this.#knockedAtSince = now;
    this.#settled = false;
    this.present = this.#servers[this.#choice.next(this.#now)] ?? this.present;
    return this.present;
  }

  /** It was refused or accepted: whatever comes next is a new attempt. */
  answered(): void {
    this.#knockedAtSince = undefined;
  }

  /** Something that makes sense came. */
  heard(): void {
    if (this.#settled) return;
    this.#settled = true;
    const move = this.#choice.settled(this.#servers.indexOf(this.present), this.#now);
    if (move) this.#owner.onMoved(move === "over" ? "failed over" : "went back");
  }

  /** The connection is over; `silent`: after it had been waited for. */
  lost(silent: boolean): void {
    this.#choice.lost(this.#now, silent);
  }

  get #now(): LocalInstant {
    return localInstant(this.#owner.clock.now);
  }

  #look(): void {
    const { present } = this.#choice;
    if (present === undefined || present === 0) return;
    this.#probe(present);
    if (this.#choice.better(this.#owner.sounding(), this.#now) !== undefined) this.#owner.leave();
  }

  #probe(present: number): void {
    const { simulation, loop, link } = this.#owner;
    if (simulation.now - this.#probedAt < PROBE_EVERY) return;
    this.#probedAt = simulation.now;
    for (const [index, server] of this.#servers.slice(0, present).entries()) {
      let told = false;
      const tell = (answers: boolean) => {
        if (told) return;
        told = true;
        loop.post(() => this.#choice.heardOf(index, answers, this.#now));
      };
      simulation.after(PROBE_MAX, () => tell(false));
      // A kernel answers for a process that hangs: it is asked what only the process does.
      link.datagram(link.toServer, KNOCK_BYTES, () => {
        server.loop.post(() => {
          const answers = server.isUp;
          link.datagram(link.toClient, KNOCK_BYTES, () => tell(answers));
        });
      });
    }
  }
}
