import { stampSent } from "@tutti/protocol";
import type { StreamConfig, TcpSourceSpec } from "@tutti/protocol/config";
import type { LogQuery } from "@tutti/protocol/control";
import { now, wallTime } from "./clock.ts";
import {
  type SavedHouse,
  type Server,
  type ServerEvent,
  type ServerInput,
  type ServerOutput,
  UNSENT_BYTES_MIN,
} from "./core/index.ts";
import type { PlayerSocket, PlayerSocketEvents } from "./network/stream-listener.ts";

const WALL_CLOCK_EVERY_MS = 1_000;
/** Longest wait that is asked of a timer: above, its count would wrap. (ms) */
const TIMER_MS_MAX = 60_000;

/** Where outputs go that are not for players. */
export interface DriverPorts {
  onEvent(event: ServerEvent): void;
  respond(controller: number, text: string): void;
  notify(text: string, except: number | undefined): void;
  /** Tells a controller what the log says from now on. */
  followLog(controller: number, query: LogQuery): void;
  /** Resolves once the state is on disk; its failures are its own to tell. */
  persist(state: SavedHouse): Promise<void>;
  /** Whether a stream's fallback is to be fed. */
  fallback(stream: string, wanted: boolean): void;
  /** Answers with a "claimed" later on. */
  claim(claim: number, addresses: readonly TcpSourceSpec[]): void;
  openStream(config: StreamConfig): void;
  closeStream(stream: string): void;
}

/** A player's socket, and what each of its writes ends with: one function for all, as they are ten thousand a second. */
interface Connection {
  readonly socket: PlayerSocket;
  readonly taken: () => void;
}

/** Runs the core: hands it what happens, does what it says, and wakes it when it asks to be. */
export class Driver {
  readonly #core: Server;
  readonly #ports: DriverPorts;
  readonly #connections = new Map<number, Connection>();
  readonly #sessions = new WeakMap<PlayerSocket, number>();
  /** Sessions the core believes to have bytes waiting, or was given much at once. */
  readonly #slow = new Set<number>();
  /** Those of them the core has not been told about. */
  readonly #backlogged: number[] = [];
  readonly #wallClock: NodeJS.Timeout;
  /** The newest state on its way to the disk. */
  #saved: Promise<void> | undefined;
  #lastSession = 0;
  #timer: NodeJS.Timeout | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(core: Server, ports: DriverPorts) {
    this.#core = core;
    this.#ports = ports;
    this.#wallClock = setInterval(
      () => this.handle({ kind: "wall clock", wall: wallTime() }),
      WALL_CLOCK_EVERY_MS,
    );
  }

  /** Begins with what the core wants from the start. */
  start(): void {
    for (const stream of this.#core.fallbacks) this.#ports.fallback(stream, true);
  }

  handle(input: ServerInput, at = now()): void {
    this.#perform(this.#core.handle(input, at));
    this.#reportBacklogs();
    this.#arm();
  }

  /** What a listener of players calls. */
  readonly players: PlayerSocketEvents = {
    onOpen: (socket) => {
      const session = ++this.#lastSession;
      this.#connections.set(session, { socket, taken: () => this.#taken(session) });
      this.#sessions.set(socket, session);
      this.handle({ kind: "connected", session, address: socket.address });
    },
    onBytes: (socket, bytes) => {
      const at = now();
      const session = this.#sessions.get(socket);
      if (session !== undefined) this.handle({ kind: "received", session, bytes }, at);
    },
    onCarried: (socket) => {
      const session = this.#sessions.get(socket);
      if (session !== undefined) this.#tellBacklog(session);
    },
    onClose: (socket) => {
      const session = this.#sessions.get(socket);
      if (session === undefined || !this.#connections.delete(session)) return;
      this.#slow.delete(session);
      this.handle({ kind: "disconnected", session });
    },
  };

  /** How long a stream's source, or its fallback, keeps what it has. (ms) */
  waitMs(stream: string, programme: "source" | "fallback"): number {
    const wait =
      programme === "source"
        ? this.#core.sourceWait(stream, now())
        : this.#core.fallbackWait(stream, now());
    return wait / 1_000;
  }

  /** Whether a stream's source has had a pace of its own for some seconds. */
  steady(stream: string): boolean {
    return this.#core.sourceSteady(stream);
  }

  /** Written to each session and not known to have arrived. */
  get unsentBytes(): ReadonlyMap<number, number> {
    return new Map(
      [...this.#connections].map(([session, { socket }]) => [session, socket.unsentBytes]),
    );
  }

  close(): void {
    clearInterval(this.#wallClock);
    clearTimeout(this.#timer);
    this.#wakeAt = Number.NEGATIVE_INFINITY;
  }

  #perform(outputs: readonly ServerOutput[]): void {
    for (let at = 0; at < outputs.length; at++) {
      const output = outputs[at];
      if (output === undefined) break;
      switch (output.kind) {
        case "send":
          at += this.#sendRun(outputs, at) - 1;
          break;
        case "look closely":
          this.#connections.get(output.session)?.socket.lookClosely?.();
          break;
        case "close":
          this.#close(output.session);
          break;
        case "persist":
          this.#saved = this.#ports.persist(output.state);
          break;
        case "respond":
          void this.#tell(() => this.#ports.respond(output.controller, output.text));
          break;
        case "notify":
          void this.#tell(() => this.#ports.notify(output.text, output.except));
          break;
        case "follow log":
          void this.#tell(() => this.#ports.followLog(output.controller, output.query));
          break;
        case "fallback":
          this.#ports.fallback(output.stream, output.wanted);
          break;
        case "claim":
          this.#ports.claim(output.claim, output.addresses);
          break;
        case "open stream":
          this.#ports.openStream(output.config);
          break;
        case "close stream":
          this.#ports.closeStream(output.stream);
          break;
        case "event":
          this.#ports.onEvent(output.event);
          break;
      }
    }
  }

  /**
   * Answers and notifications leave in the order in which they were made, so that nobody takes the older of two
   * values for the newer; and none of what the disk does not have yet.
   */
  async #tell(tell: () => void): Promise<void> {
    const saved = this.#saved;
    if (saved) await saved;
    if (this.#saved === saved) this.#saved = undefined;
    tell();
  }

  /** Sends what follows in one go to one session; returns how many outputs that were. */
  #sendRun(outputs: readonly ServerOutput[], from: number): number {
    const first = outputs[from];
    if (first?.kind !== "send") return 0;
    const { session } = first;
    const connection = this.#connections.get(session);
    let end = from;
    let written = 0;
    for (let output = outputs[end]; output?.kind === "send"; output = outputs[++end]) {
      if (output.session !== session) break;
      written += output.bytes.length;
    }
    if (!connection) return end - from;
    // What goes out alone, as nearly all does, makes no objects here.
    if (end === from + 1) write(connection, first);
    else {
      connection.socket.together(() => {
        for (let at = from; at < end; at++) {
          const output = outputs[at];
          if (output?.kind === "send") write(connection, output);
        }
      });
    }
    this.#watch(session, connection.socket, written);
    return end - from;
  }

  /** Notes a client that takes less than it is given, or was given so much that more may wait. */
  #watch(session: number, socket: PlayerSocket, written: number): void {
    const { unsentBytes } = socket;
    if (unsentBytes > 0) this.#backlogged.push(session);
    if (unsentBytes > 0 || written >= UNSENT_BYTES_MIN) this.#slow.add(session);
  }

  /** Only when all outputs are done: what the core adds must not overtake them. */
  #reportBacklogs(): void {
    for (const session of this.#backlogged.splice(0)) {
      const bytes = this.#connections.get(session)?.socket.unsentBytes ?? 0;
      this.handle({ kind: "backlog", session, bytes });
    }
  }

  /** The kernel took what was written. */
  #taken(session: number): void {
    const socket = this.#connections.get(session)?.socket;
    if (!socket || !this.#slow.has(session)) return;
    if (socket.unsentBytes === 0) this.#slow.delete(session);
    this.#tellBacklog(session);
  }

  #tellBacklog(session: number): void {
    const bytes = this.#connections.get(session)?.socket.unsentBytes;
    if (bytes !== undefined) this.handle({ kind: "backlog", session, bytes });
  }

  #close(session: number): void {
    const connection = this.#connections.get(session);
    this.#connections.delete(session);
    this.#slow.delete(session);
    connection?.socket.close();
  }

  /** One timer for the core's deadline. It may fire early, which does no harm, but never late. */
  #arm(): void {
    const deadline = this.#core.deadline;
    if (deadline === undefined || deadline >= this.#wakeAt) return;
    clearTimeout(this.#timer);
    this.#wakeAt = deadline;
    const ms = Math.min(TIMER_MS_MAX, Math.max(0, (deadline - now()) / 1_000));
    this.#timer = setTimeout(() => {
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.handle({ kind: "deadline" });
    }, Math.ceil(ms));
  }
}

function write(
  { socket, taken }: Connection,
  { bytes, priority }: ServerOutput & { kind: "send" },
): void {
  // Audio is shared between sessions; what is sent at once is this session's own.
  if (priority === "now") stampSent(bytes, now());
  socket.write(bytes, taken);
}
