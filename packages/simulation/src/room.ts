import { Player, type PlayerInput, type PlayerOutput, Pump } from "@tutti/client/core";
import { localInstant, type Micros, millis, seconds } from "@tutti/protocol";
import type { CardOptions } from "./card-options.ts";
import type { Connection, Peer, Straggler } from "./connection.ts";
import { Ear } from "./ear.ts";
import { EventLoop, type EventLoopOptions } from "./event-loop.ts";
import { type ClockOptions, HostClock } from "./host-clock.ts";
import { Link, type LinkChoice } from "./link.ts";
import { playerConfig } from "./player-config.ts";
import { Questions } from "./questions.ts";
import type { Random } from "./random.ts";
import type { ServerHost } from "./server-host.ts";
import { ServerList } from "./server-list.ts";
import {
  type Happening,
  later,
  type Simulation,
  type TrueInstant,
  trueTime,
} from "./simulation.ts";
import { SoundCard } from "./sound-card.ts";
import type { Trace } from "./trace.ts";

export interface RoomOptions {
  readonly name?: string;
  readonly link?: LinkChoice;
  /** Index of an earlier room behind the same access point: one link carries what is for both. */
  readonly linkOf?: number;
  readonly card?: CardOptions;
  readonly clock?: ClockOptions;
  readonly loop?: EventLoopOptions;
  /** When it is switched on, after the start of the run. */
  readonly switchedOnAfter?: Micros;
  readonly queueMs?: number;
}

/** A SYN, and what answers it. */
const KNOCK_BYTES = 68;
/** What the daemon queues for music. (ms) */
const QUEUE_MS = 250;
const PAUSE_MS_MIN = 25;
const PAUSE_MS_MAX = 50;
/** As the player says it when nothing came for too long. */
const SILENT = "server is silent";
/** How often a client knocks while nobody answers. */
const KNOCK_EVERY = millis(300);
/** How often the daemon has its player report. */
const REPORT_EVERY = seconds(1);
/** How often a client looks whether its host slept. */
const CLOCK_WATCH = millis(100);

/** What a room finds when it is built. */
export interface World {
  readonly simulation: Simulation;
  /** The wanted one first. */
  readonly servers: readonly [ServerHost, ...ServerHost[]];
  readonly trace?: Trace | undefined;
}

/** A client's machine: clock, JavaScript thread, card, link, and the client's core. */
export class Room {
  readonly name: string;
  readonly clock: HostClock;
  readonly loop: EventLoop;
  readonly link: Link;
  readonly ear: Ear;
  readonly counts: Record<string, number> = {};
  readonly switchedOnAt: TrueInstant;
  readonly #simulation: Simulation;
  readonly #servers: ServerList;
  readonly #questions: Questions;
  readonly #trace: Trace | undefined;
  readonly #random: Random;
  readonly #options: RoomOptions;
  #player: Player | undefined;
  #pump: Pump | undefined;
  /** The clock jumped, and nobody has noticed yet. */
  #jumped = false;
  #card: SoundCard | undefined;
  #connection: Connection | undefined;
  /** Which connection counts: what others still say does not. */
  #attempt = "";
  #failures = 0;
  readonly #connections: Pick<Connection, "counts" | "stragglers">[] = [];
  #plannedFor: TrueInstant | undefined;
  #timer: Happening | undefined;
  #ticks: Happening | undefined;
  #paceMs = 0;

  /** `shared`: the link of the room that `linkOf` means. */
  constructor(world: World, name: string, options: RoomOptions, shared?: Link) {
    const { simulation, servers } = world;
    this.name = name;
    this.#trace = world.trace;
    this.#simulation = simulation;
    this.#options = options;
    this.#random = simulation.random(`room ${name}`);
    this.clock = new HostClock(simulation, name, options.clock);
    this.loop = new EventLoop(simulation, name, options.loop);
    this.link = shared ?? new Link(simulation, name, options.link ?? "lan");
    this.ear = new Ear(servers.map(({ timetable }) => timetable));
    const host = { simulation, clock: this.clock, loop: this.loop, link: this.link };
    this.#servers = new ServerList(servers, {
      ...host,
      sounding: () => this.#player?.sounding === true,
      leave: () => this.#leave("another server is wanted"),
      onMoved: (kind) => this.#tell({ kind }),
    });
    const asker = { ...host, servers: this.#servers };
    this.#questions = new Questions(asker, (input) => this.#handle(input));
    this.switchedOnAt = later(simulation.now, options.switchedOnAfter ?? 0);
    simulation.at(this.switchedOnAt, () => this.#switchOn());
  }

  /** Frames, underruns and the like, as the card counted them. */
  get cardCounters() {
    const card = this.#card;
    return card && { ...card.counters(), ...card.counts, heardFrames: card.heardFrames };
  }

  /** Over all connections so far. */
  get tcpCounts(): Connection["counts"] {
    const sums = { retransmissions: 0, breaks: 0 };
    for (const { retransmissions, breaks } of this.#connections.map(({ counts }) => counts)) {
      sums.retransmissions += retransmissions;
      sums.breaks += breaks;
    }
    return sums;
  }

  /** Of all connections so far. */
  get stragglers(): Straggler[] {
    return this.#connections.flatMap(({ stragglers }) => stragglers);
  }

  get player(): Player | undefined {
    return this.#player;
  }

  /** The machine sleeps for `span`: clock, thread and card stand still, nothing gets through. */
  suspend(span: Micros): void {
    this.clock.suspend();
    this.loop.suspend();
    this.#card?.suspend();
    this.link.cut(span);
    this.#simulation.after(span, () => {
      this.clock.resume();
      this.#card?.wakeUp();
      this.loop.resume();
      this.#noticeJump();
    });
  }

  /** The host's clock is set, as when a virtual machine is restored. */
  stepClock(by: Micros): void {
    this.clock.step(by);
    this.#noticeJump();
  }

  /** The connection is reset, as by a router that forgot it. */
  breakConnection(): void {
    this.#connection?.break();
  }

  /** The server's host gets another address: what is under way is lost, and so is whatever is sent to the old one. */
  moveServer(): void {
    this.#connection?.fallSilent();
    this.#questions.moved = true;
  }

  /** The card's callback is held up: longer than the card's buffer is an underrun. */
  stallCard(span: Micros): void {
    this.#card?.stall(span);
  }

  /** The watch finds out the next time that it looks. */
  #noticeJump(): void {
    this.#jumped = true;
    const after = this.#random.between(0, CLOCK_WATCH);
    this.loop.wakeAt(later(this.#simulation.now, after), () => this.#checkClock());
  }

  #checkClock(): void {
    if (!this.#jumped) return;
    this.#jumped = false;
    this.#handle({ kind: "clock jumped" });
    this.#pump?.restart(localInstant(this.clock.now));
  }

  #switchOn(): void {
    const ports = {
      makeDecoder: (codec: string, header: Uint8Array) =>
        this.#servers.present.shelf.makeDecoder(codec, header),
      random: () => this.#random.next(),
    };
    this.#player = new Player(playerConfig(this.name, this.#servers.several), ports);
    this.#pump = new Pump(this.#player, { queueMs: this.#options.queueMs ?? QUEUE_MS });
    this.#openCard(this.#servers.present.source.format);
    this.#tick();
    this.#report();
    this.#servers.watch();
    this.#connect();
  }

  #openCard(format: { readonly rateHz: number; readonly channels: number }): void {
    const { rateHz, channels } = format;
    const machine = { simulation: this.#simulation, clock: this.clock, name: this.name };
    const card = new SoundCard(machine, { rateHz, channels }, this.#options.card ?? {}, {
      onHeard: (heard) => this.ear.hear(heard),
      onShort: () => this.loop.post(() => this.#tick()),
    });
    this.#card = card;
    this.#pump?.attach(card, localInstant(this.clock.now));
  }

  /** Node's intervals come late by what the thread is late, and catch up with nothing. */
  #tick(): void {
    const pump = this.#pump;
    if (!pump) return;
    pump.tick(localInstant(this.clock.now));
    for (const event of pump.events.splice(0)) {
      this.#tell(event);
      this.#checkClock();
    }
    this.#plan();
    this.#pace(pump);
  }

  /** Has the pump tick when it asks for it, also when news from the server made it ask for another pace. */
  #pace({ paceMs }: Pump): void {
    if (this.#ticks) this.#ticks.cancelled = true;
    this.#paceMs = paceMs;
    const at = later(this.#simulation.now, millis(paceMs));
    this.#ticks = this.loop.wakeAt(at, () => this.#tick());
  }

  #hurry(): void {
    const pump = this.#pump;
    if (pump?.hurry(localInstant(this.clock.now))) this.#tick();
    else if (pump && pump.paceMs !== this.#paceMs) this.#pace(pump);
  }

  #report(): void {
    const pump = this.#pump;
    if (pump) this.#handle({ kind: "report", shell: pump.report(localInstant(this.clock.now)) });
    this.loop.wakeAt(later(this.#simulation.now, REPORT_EVERY), () => this.#report());
  }

  #connect(): void {
    const { now } = this.#simulation;
    const server = this.#servers.next();
    const attempt = this.#random.hex(8);
    const peer: Peer = {
      received: (bytes) => this.#input(attempt, { kind: "received", bytes }),
      closed: () => this.#input(attempt, { kind: "disconnected" }),
    };
    this.#attempt = attempt;
    if (this.link.toServer.isOut) {
      this.#retryAt(later(now, KNOCK_EVERY * this.#random.between(0.75, 1.25)));
      return;
    }
    const heardAt = this.link.toServer.carry(KNOCK_BYTES);
    this.#simulation.at(heardAt, () => {
      const connection = server.accept(this.link, this.name, peer);
      this.#simulation.at(this.link.toClient.carry(KNOCK_BYTES), () => {
        this.#servers.answered();
        if (connection?.isOpen) this.loop.post(() => this.#connected(connection));
        else this.loop.post(() => this.#retry());
      });
    });
  }

  #connected(connection: Connection): void {
    this.#connection = connection;
    this.#questions.moved = false;
    this.#questions.endSearch();
    this.#connections.push({ counts: connection.counts, stragglers: connection.stragglers });
    this.#tell({ kind: "connects" });
    this.#handle({ kind: "connected" });
  }

  #input(attempt: string, input: PlayerInput): void {
    this.loop.post(() => {
      if (attempt !== this.#attempt) return;
      if (input.kind === "received") {
        this.#failures = 0;
        this.#servers.heard();
      }
      if (input.kind === "disconnected") this.#disconnected();
      else this.#handle(input);
      if (input.kind === "received") this.#hurry();
    });
  }

  #disconnected(reason = "", again: "at once" | "later" = "later"): void {
    this.#tell({ kind: "disconnects" });
    this.#connection = undefined;
    this.#servers.lost(reason === SILENT);
    this.#handle({ kind: "disconnected" });
    if (again === "at once") this.loop.post(() => this.#connect());
    else this.#retry();
  }

  #retry(): void {
    const pauseMs = Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** this.#failures++);
    const wait = millis(pauseMs * this.#random.between(0.5, 1));
    this.#retryAt(later(this.#simulation.now, wait));
  }

  #retryAt(when: TrueInstant): void {
    this.loop.wakeAt(when, () => this.#connect());
  }

  #handle(input: PlayerInput): void {
    if (!this.#player) return;
    for (const output of this.#player.handle(input, localInstant(this.clock.now))) {
      this.#perform(output);
    }
    this.#plan();
  }

  #perform(output: PlayerOutput): void {
    switch (output.kind) {
      case "send":
        this.#connection?.send("server", output.bytes);
        return;
      case "ask time":
        this.#questions.ask(output);
        return;
      case "look for server":
        this.#questions.search();
        return;
      case "server heard":
        this.#questions.endSearch();
        return;
      case "close":
        this.#leave(output.reason, output.again);
        return;
      case "format":
        this.#wantFormat(output.format);
        return;
      case "event":
        this.#tell(output.event);
        return;
    }
  }

  #leave(reason: string, again: "at once" | "later" = "later"): void {
    this.#tell({ kind: `closed: ${reason}` });
    this.#connection?.close("client");
    this.#attempt = "";
    this.#disconnected(reason, again);
  }

  #wantFormat(format: { readonly rateHz: number; readonly channels: number }): void {
    const open = this.#card;
    if (
      !open ||
      (open.format.rateHz === format.rateHz && open.format.channels === format.channels)
    ) {
      return;
    }
    void open.close();
    this.#openCard(format);
  }

  #plan(): void {
    const deadline = this.#player?.deadline;
    const at = deadline === undefined ? undefined : this.clock.trueOf(deadline);
    if (this.#timer && !this.#timer.cancelled && this.#plannedFor === at) return;
    if (this.#timer) this.#timer.cancelled = true;
    this.#plannedFor = at;
    if (at === undefined) return;
    this.#timer = this.loop.wakeAt(trueTime(at), () => {
      this.#plannedFor = undefined;
      this.#handle({ kind: "deadline" });
    });
  }

  #tell(event: { readonly kind: string }): void {
    this.counts[event.kind] = (this.counts[event.kind] ?? 0) + 1;
    this.#trace?.(this.#simulation.now, this.name, event);
  }
}
