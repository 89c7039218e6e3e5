import { arrivalOf } from "@tutti/audio/core";
import {
  HEADER_BYTES,
  type Micros,
  millis,
  type SampleFormat,
  type ServerInstant,
  serverInstant,
  stampSent,
  type TimeAnswer,
  type TimeQuestion,
} from "@tutti/protocol";
import type { StreamConfig } from "@tutti/protocol/config";
import {
  Server,
  type ServerCoreConfig,
  type ServerEvent,
  type ServerInput,
  type ServerOutput,
  type ServerPorts,
} from "@tutti/server/core";
import { Carriage } from "./carriage.ts";
import { type CodecName, CodecShelf } from "./codec.ts";
import { Connection, type Peer } from "./connection.ts";
import { EventLoop, type EventLoopOptions } from "./event-loop.ts";
import { Fifo } from "./fifo.ts";
import { type ClockOptions, HostClock } from "./host-clock.ts";
import type { Link } from "./link.ts";
import type { Random } from "./random.ts";
import { SIGNAL_FRAMES } from "./signal.ts";
import { type Happening, later, type Simulation } from "./simulation.ts";
import { Source, type SourceOptions } from "./source.ts";
import { Timetable } from "./timetable.ts";
import type { Trace } from "./trace.ts";

export interface ServerHostOptions {
  readonly bufferMs?: number;
  /** From recording to hearing where a room wishes for more than `bufferMs`. */
  readonly playOutMs?: number;
  /** Up to there the server may lengthen the buffer by itself. */
  readonly bufferMaxMs?: number;
  readonly clients?: ServerCoreConfig["clients"];
  readonly chunkMs?: number;
  readonly codec?: CodecName;
  /** Of Opus. (kbit/s) */
  readonly kbit?: number;
  /** With it, clients on slow links get less, down to this. (kbit/s) */
  readonly ladderFromKbit?: number;
  readonly clock?: ClockOptions;
  readonly loop?: EventLoopOptions;
  readonly source?: SourceOptions;
  /** What the FIFO holds. (ms) */
  readonly pipeMs?: number;
}

/** Where a server is, and what it is called there. */
export interface Site {
  readonly simulation: Simulation;
  readonly name: string;
  /** Of the music; rooms play at the same. (Hz) */
  readonly rateHz: number;
  /** Servers of one house play different music, so that it is heard whose a room plays; below MUSICS. */
  readonly programme?: number;
  readonly trace?: Trace | undefined;
}

/** How many servers can be told apart by their music. */
const MUSICS = 4;
export const STREAM_PORT = 1_704;
const STREAM = "music";
/** What a FIFO of 64 KiB holds at the usual 48 kHz in stereo, whatever the rate here. (ms) */
const PIPE_MS = 341;
/** Positions in the header of a message and in a chunk's body. */
const SIZE_AT = 22;
const STAMP_AT = HEADER_BYTES;
const PAYLOAD_AT = HEADER_BYTES + 12;
const CHUNK_TYPE = 2;
const TIME_TYPE = 4;

/** The server's machine: a clock, a JavaScript thread, a source, and the server's core while it is up. */
export class ServerHost {
  readonly timetable: Timetable;
  /** What the packets under way stand for: rooms decode from it. */
  readonly shelf: CodecShelf;
  readonly source: Source;
  readonly loop: EventLoop;
  readonly counts: Record<string, number> = { starts: 0, crashes: 0 };
  clock: HostClock;
  readonly #simulation: Simulation;
  readonly #random: Random;
  readonly #options: ServerHostOptions;
  readonly #name: string;
  readonly #trace: Trace | undefined;
  readonly #config: StreamConfig;
  /** What the server has made of it by itself. */
  #lengthenedMs: number | undefined;
  #core: Server | undefined;
  #sessions = new Map<number, Connection>();
  readonly #carriage: Carriage;
  /** What the source wrote and nobody read. */
  readonly #pipe: Fifo;
  #reader: Happening | undefined;
  #nextSession = 1;
  #timer: Happening | undefined;
  #newestStamp = Number.NEGATIVE_INFINITY;

  constructor(
    { simulation, name, rateHz, programme = 0, trace }: Site,
    options: ServerHostOptions,
  ) {
    this.#name = name;
    this.#trace = trace;
    this.#simulation = simulation;
    this.#random = simulation.random(name);
    this.#options = options;
    this.#carriage = new Carriage(simulation, (session, bytes) =>
      this.#input({ kind: "backlog", session, bytes }),
    );
    this.clock = new HostClock(simulation, name, options.clock);
    this.loop = new EventLoop(simulation, name, options.loop);
    this.timetable = new Timetable(rateHz);
    this.shelf = new CodecShelf(simulation.random("codec"));
    this.#pipe = new Fifo(options.pipeMs ?? PIPE_MS, rateHz);
    const first = Math.round((programme / MUSICS) * SIGNAL_FRAMES);
    this.source = new Source({ simulation, rateHz, first }, options.source ?? {}, (bytes) => {
      this.#pipe.write(bytes);
      if (!this.#core) this.#pipe.keepNewest();
      this.loop.post(() => this.#readPipe());
    });
    this.#config = streamConfig(this.source.format, this.bufferMs, options);
    this.start();
  }

  get bufferMs(): number {
    return this.#options.bufferMs ?? 1_000;
  }

  /** What the rooms are to be late by; a test that has a room wish for more sets it. (ms) */
  get playOutMs(): number {
    return this.#lengthenedMs ?? this.#options.playOutMs ?? this.bufferMs;
  }

  get isUp(): boolean {
    return this.#core !== undefined;
  }

  /** Starts a server process; `moved` puts it on a clock that has nothing to do with the one before. */
  start(moved?: ClockOptions): void {
    this.counts.starts = (this.counts.starts ?? 0) + 1;
    if (moved) {
      const name = `${this.#name} ${this.counts.starts}`;
      this.clock = new HostClock(this.#simulation, name, moved);
    }
    this.#newestStamp = Number.NEGATIVE_INFINITY;
    this.#core = makeCore(
      { stream: this.#config, clients: this.#options.clients ?? [] },
      this.#random,
      this.shelf,
      this.#now(),
    );
    this.loop.post(() => {
      this.#handle({ kind: "source state", stream: STREAM, state: "waiting" });
      // All that was written while there was no server.
      const bytes = this.#pipe.readAll();
      const found = { kind: "found", stream: STREAM, bytes, unread: undefined } as const;
      if (bytes.length > 0) this.#handle(found);
      this.#readPipe();
    });
    this.#plan();
  }

  /** The process dies: its connections are reset, its datagrams unanswered, the pipe unread. */
  crash(): void {
    this.counts.crashes = (this.counts.crashes ?? 0) + 1;
    this.#core = undefined;
    const sessions = this.#sessions;
    this.#sessions = new Map();
    for (const session of sessions.keys()) this.#carriage.remove(session);
    for (const connection of sessions.values()) connection.break();
    if (this.#timer) this.#timer.cancelled = true;
  }

  /** Its clock is set, as when a virtual machine is restored. (us) */
  stepClock(by: number): void {
    this.clock.step(by);
    this.#newestStamp = Number.NEGATIVE_INFINITY;
    this.#plan();
  }

  /** A client's SYN has come in. Undefined when nobody listens. */
  accept(link: Link, name: string, client: Peer): Connection | undefined {
    if (!this.#core) return undefined;
    const session = this.#nextSession++;
    const server: Peer = {
      received: (bytes) => this.#input({ kind: "received", session, bytes }),
      closed: () => {
        this.#sessions.delete(session);
        this.#carriage.remove(session);
        this.#input({ kind: "disconnected", session });
      },
    };
    const peers = { client, server };
    const label = `${name} ${session}`;
    const connection = new Connection(this.#simulation, label, link, peers, (to) => {
      if (to === "client") this.#tellBacklog(session);
    });
    this.#sessions.set(session, connection);
    if (connection.exact) this.#carriage.add(session, connection);
    this.#input({ kind: "connected", session, address: name });
    return connection;
  }

  /** A question in a datagram; `reply` hands the answer to the network. */
  ask(question: TimeQuestion, reply: (answer: TimeAnswer) => void): void {
    const arrived = this.clock.now;
    this.loop.post(() => {
      if (!this.#core?.knowsTimeToken(question.token)) return;
      const serverReceived = serverInstant(arrivalOf(arrived, this.clock.now));
      this.#handle({ kind: "time asked", token: question.token });
      reply({ ...question, serverReceived, serverSent: this.#now() });
    });
  }

  /** What a controller is answered; undefined while the server is down. */
  call(method: string, params: object): unknown {
    const text = JSON.stringify({ id: 0, jsonrpc: "2.0", method, params });
    const outputs = this.#core?.handle({ kind: "control", controller: 0, text }, this.#now()) ?? [];
    for (const output of outputs) this.#perform(output);
    const answer = outputs.find((output) => output.kind === "respond");
    return answer && JSON.parse(answer.text).result;
  }

  #now(): ServerInstant {
    return serverInstant(this.clock.now);
  }

  /** Reads a block whenever the core does not ask the source to wait. */
  #readPipe(): void {
    if (this.#reader && !this.#reader.cancelled) return;
    const core = this.#core;
    while (core && !this.#pipe.empty) {
      const wait = core.sourceWait(STREAM, this.#now());
      if (wait > 0) {
        this.#readLater(wait);
        return;
      }
      const bytes = this.#pipe.read();
      const kind = this.#pipe.empty ? "drained" : "held back";
      this.#handle({ kind: "pcm", stream: STREAM, bytes, arrival: { kind } });
    }
  }

  #readLater(wait: Micros): void {
    const reader = this.loop.wakeAt(later(this.#simulation.now, wait), () => {
      reader.cancelled = true;
      this.#readPipe();
    });
    this.#reader = reader;
  }

  #input(input: ServerInput): void {
    const core = this.#core;
    this.loop.post(() => {
      if (core === this.#core) this.#handle(input);
    });
  }

  #handle(input: ServerInput): void {
    if (!this.#core) return;
    for (const output of this.#core.handle(input, this.#now())) this.#perform(output);
    this.#carriage.tellFresh();
    this.#plan();
  }

  #perform(output: ServerOutput): void {
    switch (output.kind) {
      case "send":
        this.#send(output.session, output.bytes);
        return;
      case "look closely":
        this.#carriage.lookClosely();
        return;
      case "close":
        this.#sessions.get(output.session)?.close("server");
        this.#sessions.delete(output.session);
        this.#carriage.remove(output.session);
        this.#count(`closed: ${output.reason}`);
        return;
      case "event":
        this.#tell(output.event);
        return;
    }
  }

  #send(session: number, bytes: Uint8Array): void {
    const connection = this.#sessions.get(session);
    const type = (bytes[0] ?? 0) + 256 * (bytes[1] ?? 0);
    if (type === TIME_TYPE) stampSent(bytes, this.clock.now);
    if (type === CHUNK_TYPE) this.#overhear(bytes);
    connection?.send("client", bytes);
    this.#carriage.wrote(session, bytes.length);
  }

  /** Keeps the timetable: what is sent to anybody for the first time says when it is due. */
  #overhear(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const stamp = view.getInt32(STAMP_AT, true) * 1e6 + view.getInt32(STAMP_AT + 4, true);
    if (stamp <= this.#newestStamp) return;
    this.#newestStamp = stamp;
    const end = HEADER_BYTES + view.getUint32(SIZE_AT, true);
    const pcm = this.shelf.pcmOf(this.#config.codec.name, bytes.subarray(PAYLOAD_AT, end));
    const due = this.clock.trueOf(stamp + millis(this.playOutMs));
    this.timetable.learn(pcm, due, this.source.written);
  }

  #tellBacklog(session: number): void {
    const bytes = this.#sessions.get(session)?.backlog("client");
    if (bytes !== undefined) this.#input({ kind: "backlog", session, bytes });
  }

  #plan(): void {
    if (this.#timer) this.#timer.cancelled = true;
    const deadline = this.#core?.deadline;
    if (deadline === undefined) return;
    this.#timer = this.loop.wakeAt(this.clock.trueOf(deadline), () => {
      this.#handle({ kind: "deadline" });
    });
  }

  #tell(event: ServerEvent): void {
    this.#count(event.kind);
    if (event.kind === "buffer lengthened") this.#lengthenedMs = event.bufferMs;
    this.#trace?.(this.#simulation.now, this.#name, event);
  }

  #count(kind: string): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }
}

function makeCore(
  { stream, clients }: { stream: StreamConfig; clients: NonNullable<ServerCoreConfig["clients"]> },
  random: Random,
  shelf: CodecShelf,
  now: ServerInstant,
): Server {
  const config: ServerCoreConfig = {
    name: "simulated",
    version: "0",
    host: { arch: "none", name: "simulated", os: "simulated" },
    epoch: random.hex(16),
    bufferMs: stream.bufferMs,
    streams: [stream],
    clients,
    initialVolume: 100,
    sendToMuted: false,
    timePort: STREAM_PORT,
    saved: undefined,
    wall: { sec: 0, usec: 0 },
  };
  const ports: ServerPorts = {
    makeEncoder: ({ name, bitrateKbit }, format) =>
      shelf.makeEncoder(name as CodecName, format, bitrateKbit),
    randomId: () => random.hex(32),
    randomToken: () => random.hex(16),
  };
  return new Server(config, ports, now);
}

function streamConfig(
  sampleFormat: SampleFormat,
  bufferMs: number,
  { chunkMs = 20, codec = "pcm", kbit, ladderFromKbit, bufferMaxMs }: ServerHostOptions,
): StreamConfig {
  const uri = {
    scheme: "pipe",
    host: "",
    path: "/music",
    fragment: "",
    query: {},
    raw: "pipe:///music",
  };
  return {
    name: STREAM,
    source: { kind: "pipe", path: "/music", mode: "create" },
    uri,
    codec: { name: codec, ...(kbit !== undefined && { bitrateKbit: kbit }) },
    ...(ladderFromKbit !== undefined && {
      codecMin: { name: "opus", bitrateKbit: ladderFromKbit } as const,
    }),
    sampleFormat,
    chunkMs,
    bufferMs,
    ...(bufferMaxMs !== undefined && { bufferMaxMs }),
    profile: "music",
    idleThresholdMs: 500,
  };
}
