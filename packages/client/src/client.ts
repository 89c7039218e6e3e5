import type { AudioOutput } from "@tutti/audio";
import {
  type Hello,
  type LocalInstant,
  millis,
  PEER_SILENCE_MAX,
  parseMixer,
  seconds,
} from "@tutti/protocol";
import type { ClientConfig } from "@tutti/protocol/config";
import { readBoard } from "./board.ts";
import { ClockWatch, now } from "./clock.ts";
import {
  cardLatencyMs,
  hintsOf,
  Player,
  type PlayerConfig,
  type PlayerInput,
  type PlayerOutput,
  type PowerNews,
  Preroll,
} from "./core/index.ts";
import { makeDecoder } from "./decoders/index.ts";
import type { ClientEvent } from "./log-events.ts";
import type { Meter } from "./meter.ts";
import { Connection, type Endpoint, type ServerDirectory } from "./network/connection.ts";
import { TimeSocket } from "./network/time-socket.ts";
import { type OpenDevice, Output } from "./output.ts";
import { PowerTimer } from "./power-timer.ts";
import { ProcessUsage } from "./process-usage.ts";
import { PumpTimer } from "./pump.ts";

/** How the output is opened before a stream says what it needs: what most streams need. */
const FIRST_WISH = { rateHz: 48_000, channels: 2, latencyMs: cardLatencyMs() };
/** Where there is another server to go to: one that lives says something every two seconds at least. */
const SILENCE_MAX_AMONG_SEVERAL = seconds(3);
/** By then music plays, and looking at the machine is in nobody's way. */
const BOARD_AFTER_MS = 3_000;
/** An underrun makes the watch over the clocks look between two turns of the pump. */
const LOOK_AGAIN_WITHIN = millis(100);
/** How often the player may tell the server how well it plays. */
const REPORT_EVERY_MS = 1_000;

export interface ClientParts {
  readonly config: ClientConfig;
  readonly hello: Hello;
  readonly servers: ServerDirectory;
  readonly openDevice: OpenDevice;
  readonly meter?: Meter;
  onEvent(event: ClientEvent): void;
}

/** Of the volume, what is the player's. */
function levelled({ mixer, ...volume }: ClientConfig["volume"]): PlayerConfig["volume"] {
  const choice = parseMixer(mixer);
  if (choice.kind === "software") return { ...volume, curve: choice.curve ?? volume.curve };
  return { ...volume, mixer: choice.kind === "none" ? "none" : "outside" };
}

/** The player with the world around it: network, clock and card. Does what the player says. */
export class Client {
  readonly #parts: ClientParts;
  readonly #player: Player;
  readonly #preroll: Preroll;
  readonly #connection: Connection;
  readonly #timeSocket: TimeSocket;
  /** Asks one who may be the server at another address. */
  readonly #elsewhere: TimeSocket;
  readonly #pump: PumpTimer;
  readonly #output: Output;
  readonly #power: PowerTimer;
  #address = "";
  #endpoint: Endpoint | undefined;
  #board: NodeJS.Timeout | undefined;
  #hints: readonly string[] | undefined;
  #settled = false;
  /** The connection is given up because nothing came over it. */
  #silent = false;
  /** Reasons told since the last connection. */
  readonly #refusals = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #timerFor: LocalInstant | undefined;
  #watch: ClockWatch | undefined;
  readonly #usage = new ProcessUsage();
  #reports: NodeJS.Timeout | undefined;

  constructor(parts: ClientParts) {
    const { config, hello, servers } = parts;
    const { latencyMs } = config;
    const volume = levelled(config.volume);
    this.#parts = parts;
    const silenceMax = servers.several ? SILENCE_MAX_AMONG_SEVERAL : PEER_SILENCE_MAX;
    this.#player = new Player(
      { hello, latencyMs, volume, silenceMax },
      { makeDecoder, random: Math.random },
    );
    this.#connection = new Connection(servers, this.#connectionEvents(), Math.random);
    this.#timeSocket = new TimeSocket((exchange) => this.#feed({ kind: "time answer", exchange }));
    this.#elsewhere = new TimeSocket((exchange, address) =>
      this.#feed({ kind: "answer from elsewhere", exchange, address }),
    );
    this.#preroll = new Preroll(this.#player, config.output.prerollMs);
    this.#pump = new PumpTimer(this.#preroll, {
      queueMs: config.output.queueMs,
      ...(parts.meter && { meter: parts.meter }),
      onEvent: (event) => {
        parts.onEvent(event);
        // A host that slept may be found out by this first, when news from the server wake it.
        this.#watch?.look(LOOK_AGAIN_WITHIN);
      },
      // Before anything is rendered by a clock that was left.
      onTurn: (paceMs) => this.#watch?.look(millis(paceMs)),
    });
    const owner = {
      onOpened: (output: AudioOutput) => this.#pump.attach(output),
      onClosed: () => this.#pump.detach(),
      onShort: () => this.#pump.look(),
      onEvent: parts.onEvent,
    };
    this.#output = new Output(config.output.device, parts.openDevice, owner, FIRST_WISH);
    this.#power = new PowerTimer(
      {
        idleAfterMs: config.hooks.idleAfterMs,
        releaseAfterMs: config.output.releaseAfterMs,
      },
      () => this.#player.musicUntil,
      (news) => this.#onPower(news),
    );
  }

  /** The connection first: its answer is under way while the card is opened. */
  start(): void {
    void this.#connection.run();
    this.#output.start();
    this.#power.look();
    this.#pump.start();
    this.#board = setTimeout(() => void this.#lookAtBoard(), BOARD_AFTER_MS);
    this.#reports = setInterval(() => this.#report(), REPORT_EVERY_MS);
    this.#watch = new ClockWatch((event) => {
      this.#parts.onEvent(event);
      if (event.kind === "clock jumped") this.#wake();
    });
  }

  /** Fades out, and resolves once card and sockets are free. */
  async stop(): Promise<void> {
    this.#watch = undefined;
    this.#power.stop();
    clearInterval(this.#reports);
    clearTimeout(this.#board);
    clearTimeout(this.#timer);
    await this.#pump.fadeOut();
    this.#parts.servers.stop?.();
    this.#connection.close();
    const sockets = [this.#timeSocket.close(), this.#elsewhere.close()];
    await Promise.all([...sockets, this.#output.close()]);
  }

  /** Where the server is has changed: no point in waiting. */
  reconnect(): void {
    this.#connection.wake();
  }

  /** One of the server's name is there. (numeric) */
  foundElsewhere(address: string): void {
    this.#feed({ kind: "found elsewhere", address });
  }

  /** The volume was set at the speaker itself. */
  setLocally(volumePercent: number, muted: boolean): void {
    this.#feed({ kind: "local volume", volumePercent, muted });
  }

  /** Another server is wanted: ends this connection. */
  leave(reason: string): void {
    this.#connection.drop(reason);
  }

  /** Whether anything but silence is heard. */
  get sounding(): boolean {
    return this.#player.sounding;
  }

  #connectionEvents() {
    const tell = this.#parts.onEvent;
    return {
      onConnected: (endpoint: Endpoint, address: string) => {
        this.#address = address;
        this.#endpoint = endpoint;
        this.#settled = false;
        this.#refusals.clear();
        tell({ kind: "connected", ...endpoint });
        this.#feed({ kind: "connected" });
      },
      onBytes: (bytes: Uint8Array) => {
        const accepted = this.#feed({ kind: "received", bytes });
        if (accepted && !this.#settled) this.#settle();
        this.#pump.hurry();
      },
      onDisconnected: (endpoint: Endpoint, reason: string) => {
        tell({ kind: "disconnected", ...endpoint, reason });
        this.#parts.servers.lost?.(this.#silent);
        this.#silent = false;
        this.#timeSocket.forget();
        this.#elsewhere.forget();
        this.#feed({ kind: "disconnected" });
      },
      onRefused: (endpoint: Endpoint, reason: string) => {
        // A server that stays away says so once, not at each attempt.
        const known = this.#refusals.has(reason);
        this.#refusals.add(reason);
        if (!known) tell({ kind: "connection refused", ...endpoint, reason });
      },
    };
  }

  /** Returns whether the connection is still wanted. */
  #feed(input: PlayerInput): boolean {
    const outputs = this.#player.handle(input, now());
    for (const output of outputs) this.#perform(output);
    this.#power.look();
    this.#setTimer();
    return outputs.every(({ kind }) => kind !== "close");
  }

  #perform(output: PlayerOutput): void {
    switch (output.kind) {
      case "send":
        this.#connection.send(output.bytes);
        return;
      case "ask time":
        this.#ask(output);
        return;
      case "look for server":
        this.#parts.servers.doubt?.(this.#address);
        return;
      case "server heard":
        this.#parts.servers.trust?.();
        return;
      case "close":
        this.#connection.drop(output.reason, output.again);
        return;
      case "restart":
        this.#output.reopen();
        this.#connection.drop("restarting");
        return;
      case "format":
        this.#output.want({ rateHz: output.format.rateHz, channels: output.format.channels });
        return;
      case "event":
        this.#parts.onEvent(output.event);
        if (output.event.kind === "server silent") this.#silent = true;
        if (output.event.kind === "server moved") this.#parts.servers.moved?.(output.event.address);
        if (output.event.kind === "settings") {
          this.#output.want({ latencyMs: cardLatencyMs(this.#player.waitMs) });
        }
        return;
    }
  }

  #ask({ question, address, port }: Extract<PlayerOutput, { kind: "ask time" }>): void {
    if (address === undefined) void this.#timeSocket.ask(question, this.#address, port);
    else void this.#elsewhere.ask(question, address, port);
  }

  #onPower(news: PowerNews): void {
    switch (news) {
      case "release":
        this.#output.rest();
        return;
      case "reopen":
        // A card that was closed begins as an amplifier does: what it swallows at first shall be silence.
        if (this.#output.resume()) this.#preroll.begin(now());
        return;
      case "play":
        this.#preroll.begin(now());
        this.#parts.onEvent({ kind: "play" });
        return;
      case "idle":
        this.#parts.onEvent({ kind: "idle" });
        return;
    }
  }

  /** After a sleep: what is queued was to be heard before it. */
  #wake(): void {
    this.#feed({ kind: "clock jumped" });
    this.#pump.restart();
  }

  #report(): void {
    const serverRank = this.#parts.servers.rank;
    const shell = { ...this.#pump.report(), ...this.#usage.take(), serverRank, hints: this.#hints };
    this.#feed({ kind: "report", shell });
  }

  /** Once: what is weak about this machine stays so, and a person decides what to do. */
  async #lookAtBoard(): Promise<void> {
    const hints = hintsOf(await readBoard());
    for (const hint of hints) this.#parts.onEvent({ kind: "weak board", ...hint });
    if (hints.length > 0) this.#hints = hints.map(({ what, advice }) => `${what}: ${advice}`);
  }

  /** What came makes sense: this is a server, not some open port. */
  #settle(): void {
    this.#settled = true;
    this.#connection.succeeded();
    if (this.#endpoint) this.#parts.servers.settled?.(this.#endpoint);
  }

  /** One timer, moved only when the player's deadline moved. */
  #setTimer(): void {
    const { deadline } = this.#player;
    if (deadline === this.#timerFor) return;
    clearTimeout(this.#timer);
    this.#timerFor = deadline;
    if (deadline === undefined) return;
    // Timers count whole milliseconds: cut off, it would fire before its time and once again a millisecond later.
    const waitMs = Math.max(0, Math.ceil((deadline - now()) / 1_000));
    this.#timer = setTimeout(() => {
      this.#timerFor = undefined;
      this.#feed({ kind: "deadline" });
    }, waitMs);
  }
}
