import { createConnection, type Socket } from "node:net";
import { assert } from "@tutti/protocol";
import { BackOff } from "./back-off.ts";
import { knock, NO_ANSWER } from "./knock.ts";

/** Where a server listens for players. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Knows which server to try next: a list in turn, or whatever discovery has found. */
export interface ServerDirectory {
  /** Resolves with where the next server to try may be, the likeliest first; never, while none is known. */
  next(): Promise<readonly Endpoint[]>;
  /** The one there has answered as a server. */
  settled?(endpoint: Endpoint): void;
  /** Nothing comes from it, though the connection to `present` (numeric) stands: it may be elsewhere. */
  doubt?(present: string): void;
  /** It is heard again. */
  trust?(): void;
  /** It has been found there, and the connection is over for that. */
  moved?(address: string): void;
  /** The connection to it is over. `silent`: after it had been waited for. */
  lost?(silent: boolean): void;
  /** Of the server we are with, in a list of several: 1 is the wanted one. */
  readonly rank?: number | undefined;
  /** Whether there is another to go to. */
  readonly several?: boolean;
  stop?(): void;
}

export interface ConnectionEvents {
  /** `address` is the peer's, numeric: where datagrams for it go. */
  onConnected(endpoint: Endpoint, address: string): void;
  /** The bytes are lent until it returns. */
  onBytes(bytes: Uint8Array): void;
  onDisconnected(endpoint: Endpoint, reason: string): void;
  /** An attempt that did not get as far as a connection. */
  onRefused(endpoint: Endpoint, reason: string): void;
}

/** A server that does not even answer a SYN by then is tried again, or another one is. (ms) */
const CONNECT_TIMEOUT_MS = 2_000;
/** A SYN in so long while none is answered: the kernel alone sends one after 1 s, and after 2 s more. (ms) */
const KNOCK_EVERY_MS = 300;
/** When nothing is heard for this long the kernel begins to ask whether the peer is alive. (ms) */
const KEEP_ALIVE_MS = 5_000;
/** Taken from the socket at once. */
const RECEIVED_BYTES_MAX = 65_536;

/** One connection at a time to one of the servers, made again for ever. */
export class Connection {
  readonly #servers: ServerDirectory;
  readonly #events: ConnectionEvents;
  readonly #backOff: BackOff;
  readonly #buffer = new Uint8Array(RECEIVED_BYTES_MAX);
  #socket: Socket | undefined;
  #closed = false;
  readonly #stop = new AbortController();
  /** Ends the present attempt. */
  #news = new AbortController();
  readonly #random: () => number;
  #wake: () => void = () => {};
  /** The next attempt follows without a pause. */
  #atOnce = false;

  constructor(servers: ServerDirectory, events: ConnectionEvents, random: () => number) {
    this.#servers = servers;
    this.#events = events;
    this.#random = random;
    this.#backOff = new BackOff(random);
  }

  /** Connects, and connects again after each loss, until closed. */
  async run(): Promise<void> {
    while (!this.#closed) {
      const endpoints = await this.#servers.next();
      if (this.#closed) return;
      const pauses = await this.#session(endpoints);
      const atOnce = this.#atOnce;
      this.#atOnce = false;
      if (pauses && !atOnce && !this.#closed) await this.#pause(this.#backOff.nextMs());
    }
  }

  send(bytes: Uint8Array): void {
    if (this.#socket?.writable) this.#socket.write(bytes);
  }

  /** Gives up this connection; the next one follows after a pause, unless that is wanted at once. */
  drop(reason: string, again: "at once" | "later" = "later"): void {
    this.#atOnce = again === "at once";
    this.#socket?.destroy(new Error(reason));
  }

  /** The server has made sense: a loss from here on begins with short pauses again. */
  succeeded(): void {
    this.#backOff.succeeded();
  }

  /** Ends an attempt and the pause between two: there is news about where the server is. */
  wake(): void {
    this.#wake();
    this.#news.abort();
  }

  close(): void {
    this.#closed = true;
    this.#stop.abort();
    this.#socket?.destroy();
    this.#wake();
  }

  /** Resolves when the connection is over, for whatever reason; with whether to wait before the next. */
  async #session(endpoints: readonly Endpoint[]): Promise<boolean> {
    const news = new AbortController();
    this.#news = news;
    const at = (door: number) => {
      const endpoint = endpoints[door];
      assert(endpoint, "it is knocked where it may be");
      return endpoint;
    };
    const { socket, door, reason } = await knock({
      open: (door) => this.#open(at(door)),
      doors: endpoints.length,
      everyMs: KNOCK_EVERY_MS,
      giveUpMs: CONNECT_TIMEOUT_MS,
      random: this.#random,
      signal: AbortSignal.any([this.#stop.signal, news.signal]),
    });
    if (this.#closed) return false;
    if (socket) {
      await this.#converse(at(door), socket);
      return true;
    }
    if (news.signal.aborted) return false;
    this.#events.onRefused(at(door ?? 0), reason);
    // One who does not answer at all has been waited for.
    return reason !== NO_ANSWER;
  }

  #open(endpoint: Endpoint): Socket {
    return createConnection({
      ...endpoint,
      // Into one buffer: without, each chunk of some hundred bytes costs a new one of 64 KiB.
      onread: {
        buffer: this.#buffer,
        callback: (count, buffer) => {
          this.#events.onBytes(buffer.subarray(0, count));
          return true;
        },
      },
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    });
  }

  #converse(endpoint: Endpoint, socket: Socket): Promise<void> {
    return new Promise((resolve) => {
      let reason = "the server closed the connection";
      this.#socket = socket;
      socket.on("error", (error) => {
        reason = error.message;
      });
      socket.on("close", () => {
        this.#socket = undefined;
        if (!this.#closed) this.#events.onDisconnected(endpoint, reason);
        resolve();
      });
      this.#events.onConnected(endpoint, socket.remoteAddress ?? endpoint.host);
    });
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
