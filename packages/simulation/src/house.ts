import { type Micros, seconds } from "@tutti/protocol";
import {
  type HouseReport,
  type Listened,
  type PairReport,
  pairsOf,
  reportPair,
  reportRoom,
  reportTogether,
  type Span,
} from "./report.ts";
import { Room, type RoomOptions } from "./room.ts";
import { ServerHost, type ServerHostOptions } from "./server-host.ts";
import { later, Simulation, trueTime } from "./simulation.ts";
import type { Trace } from "./trace.ts";

export interface HouseOptions {
  readonly seed: number;
  /** Of the music; the simulation has no use for more than telephones have. (Hz) */
  readonly rateHz?: number;
  readonly server?: ServerHostOptions;
  /** Those that rooms go over to when the server before them in this order is gone. */
  readonly spares?: readonly ServerHostOptions[];
  readonly rooms: readonly RoomOptions[];
  readonly trace?: Trace | undefined;
}

const UNDER_WAY = seconds(60);

/** A server and its rooms in virtual time. The same options give the same run, to the last digit. */
export class House {
  readonly simulation: Simulation;
  readonly server: ServerHost;
  readonly spares: readonly ServerHost[];
  readonly rooms: readonly Room[];
  /** Virtual seconds for each real second spent in `run`. Not part of any report. */
  speed = 0;

  constructor({ seed, rateHz = 8_000, server = {}, spares = [], rooms, trace }: HouseOptions) {
    this.simulation = new Simulation(seed);
    const { simulation } = this;
    this.server = new ServerHost({ simulation, name: "server", rateHz, trace }, server);
    this.spares = spares.map((options, index) => {
      const name = `spare ${index + 1}`;
      return new ServerHost({ simulation, name, rateHz, programme: index + 1, trace }, options);
    });
    const servers = [this.server, ...this.spares] as const;
    const world = { simulation, servers, trace };
    const built: Room[] = [];
    for (const [index, options] of rooms.entries()) {
      const name = options.name ?? `room ${index + 1}`;
      const shared = options.linkOf === undefined ? undefined : built[options.linkOf]?.link;
      built.push(new Room(world, name, options, shared));
    }
    this.rooms = built;
  }

  /** Something that shall happen `span` after the start of the run. */
  at(span: Micros, run: (house: House) => void): void {
    this.simulation.at(trueTime(span), () => run(this));
  }

  /** The same again and again, each `period` after the one before, the first after one. */
  every(period: Micros, run: (house: House) => void): void {
    this.simulation.after(period, () => {
      run(this);
      this.every(period, run);
    });
  }

  /** Kills the server and starts it again after `downFor`; `moved` as ServerHost.start takes it. */
  restartServer(downFor: Micros, moved?: Parameters<ServerHost["start"]>[0]): void {
    this.server.crash();
    this.simulation.after(downFor, () => this.server.start(moved));
  }

  run(span: Micros): void {
    const from = this.simulation.now;
    const started = performance.now();
    this.simulation.run(later(from, span));
    this.speed = span / seconds(1) / ((performance.now() - started) / 1_000);
  }

  /** Reports reach back to now at most, from now on. What is under way was stamped less than `UNDER_WAY` ago. */
  forget(): void {
    const { now } = this.simulation;
    const stamped = later(now, -UNDER_WAY);
    for (const { clock } of [this.server, ...this.spares]) clock.forget(stamped);
    for (const { ear, clock } of this.rooms) {
      ear.forget(now);
      clock.forget(stamped);
    }
  }

  /** About the run so far, from `from` to `to` after its start: an hour by default without its first 10 s. */
  report(
    from: Micros = seconds(10),
    to: Micros = this.simulation.now as number as Micros,
  ): HouseReport {
    const span: Span = { from: trueTime(from), to: trueTime(to) };
    const listened = this.rooms.map(listenedOf);
    let pairs: PairReport[] | undefined;
    return {
      rooms: listened.map((room) => reportRoom(room, span)),
      // Two hundred rooms are twenty thousand pairs: made for those who ask.
      get pairs() {
        pairs ??= pairsOf(listened).map(([a, b]) => reportPair(a, b, span));
        return pairs;
      },
      together: reportTogether(listened, span),
      counts: {
        ...this.server.counts,
        ...prefixed("source", this.server.source.counts),
        ...prefixed("stamps", this.server.timetable.counts),
        "clock steps": this.server.clock.counts.steps,
        "clock slews": this.server.clock.counts.slews,
        ...prefixed("loop", this.server.loop.counts),
      },
    };
  }
}

function listenedOf(room: Room): Listened {
  const { name, ear, switchedOnAt, link, clock, loop, counts, cardCounters } = room;
  return {
    name,
    ear,
    switchedOnAt,
    counts: {
      ...counts,
      ...prefixed("in", link.toClient.counts),
      ...prefixed("out", link.toServer.counts),
      ...prefixed("clock", clock.counts),
      ...prefixed("loop", loop.counts),
      ...prefixed("tcp", room.tcpCounts),
      ...prefixed("card", cardCounters ?? {}),
    },
  };
}

function prefixed(name: string, counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).map(([kind, count]) => [`${name} ${kind}`, count]),
  );
}
