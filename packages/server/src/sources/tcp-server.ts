import type { Server, Socket } from "node:net";
import type { TcpSourceSpec } from "@tutti/protocol/config";
import { PcmReader } from "./pcm-reader.ts";
import { type Source, type SourceOptions, tellingOnce } from "./source.ts";
import { listenAt } from "./tcp-address.ts";
import { TcpProducer } from "./tcp-producer.ts";

const RETRY_MS = 1_000;
/** Producers that are connected and not heard yet; who comes then is sent away. */
const WAITING_MAX = 8;

export interface TcpServerOptions extends SourceOptions {
  readonly address: Pick<TcpSourceSpec, "host" | "port">;
  /** Listening at the address already; the source closes it. */
  readonly listening?: Server | undefined;
  /** Between two attempts to have the address. */
  readonly retryMs?: number;
}

/**
 * PCM from programs that connect to us. One is heard at a time; the next waits, unread, until that one hangs up,
 * and begins with a whole frame.
 */
export class TcpServerSource implements Source {
  readonly #options: TcpServerOptions;
  readonly #reader: PcmReader;
  readonly #tell: ReturnType<typeof tellingOnce>;
  readonly #waiting: Socket[] = [];
  #server: Server | undefined;
  #producer: TcpProducer | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: TcpServerOptions) {
    this.#options = options;
    this.#reader = new PcmReader(options);
    this.#tell = tellingOnce(options.outlet);
    if (options.listening) this.#accept(options.listening);
    else void this.#open();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#server?.close();
    this.#producer?.close();
    for (const socket of this.#waiting.splice(0)) socket.destroy();
  }

  async #open(): Promise<void> {
    try {
      const server = await listenAt(this.#options.address);
      if (this.#closed) server.close();
      else this.#accept(server);
    } catch (error) {
      if (this.#closed) return;
      this.#tell("failed", (error as Error).message);
      this.#retry = setTimeout(() => void this.#open(), this.#options.retryMs ?? RETRY_MS);
    }
  }

  #accept(server: Server): void {
    this.#server = server;
    server.on("connection", (socket) => this.#arrived(socket));
    this.#tell("waiting");
  }

  #arrived(socket: Socket): void {
    if (this.#waiting.length >= WAITING_MAX) {
      socket.destroy();
      return;
    }
    // Of who is not read from, no more than a reset is heard.
    socket.on("error", () => {});
    this.#waiting.push(socket);
    if (!this.#producer) this.#next();
  }

  /** Whoever has waited for the longest is heard. */
  #next(): void {
    this.#producer = undefined;
    if (this.#closed) return;
    let socket = this.#waiting.shift();
    while (socket?.destroyed) socket = this.#waiting.shift();
    if (!socket) {
      this.#tell("waiting");
      return;
    }
    this.#producer = new TcpProducer(socket, this.#reader, {
      onSound: () => this.#tell("running"),
      onEnd: () => this.#next(),
    });
  }
}
