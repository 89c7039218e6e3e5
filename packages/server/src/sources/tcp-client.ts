import { connect, type Socket } from "node:net";
import type { TcpSourceSpec } from "@tutti/protocol/config";
import { PcmReader } from "./pcm-reader.ts";
import { type Source, type SourceOptions, tellingOnce } from "./source.ts";
import { explained } from "./tcp-address.ts";
import { TcpProducer } from "./tcp-producer.ts";

const RETRY_MS = 1_000;
/** Who has not answered by then is tried anew: the kernel alone would wait for two minutes. (ms) */
const ANSWER_MS_MAX = 5_000;

export interface TcpClientOptions extends SourceOptions {
  readonly address: Pick<TcpSourceSpec, "host" | "port">;
  /** Between two attempts, and up to a fifth more: several servers do not knock at the same moment. */
  readonly retryMs?: number;
}

/** PCM from a program that we connect to, again and again until it is there. */
export class TcpClientSource implements Source {
  readonly #options: TcpClientOptions;
  readonly #reader: PcmReader;
  readonly #tell: ReturnType<typeof tellingOnce>;
  #socket: Socket | undefined;
  #producer: TcpProducer | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TcpClientOptions) {
    this.#options = options;
    this.#reader = new PcmReader(options);
    this.#tell = tellingOnce(options.outlet);
    this.#connect();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#producer?.close();
    this.#socket?.removeAllListeners("connect").removeAllListeners("close").destroy();
  }

  #connect(): void {
    const { address } = this.#options;
    const socket = connect({ host: address.host, port: address.port });
    this.#socket = socket;
    const lost = (cause: Error): void => this.#tell("failed", explained(address, cause).message);
    socket.on("error", lost);
    socket.once("close", () => this.#again());
    socket.once("connect", () => {
      clearTimeout(this.#timer);
      socket.off("error", lost).removeAllListeners("close");
      this.#play(socket);
    });
    const late = Object.assign(new Error("no answer"), { code: "ETIMEDOUT" });
    this.#timer = setTimeout(() => socket.destroy(late), ANSWER_MS_MAX);
  }

  #play(socket: Socket): void {
    this.#tell("waiting");
    this.#producer = new TcpProducer(socket, this.#reader, {
      onSound: () => this.#tell("running"),
      onEnd: () => {
        this.#producer = undefined;
        this.#tell("waiting");
        this.#again();
      },
    });
  }

  #again(): void {
    clearTimeout(this.#timer);
    const retryMs = this.#options.retryMs ?? RETRY_MS;
    this.#timer = setTimeout(() => this.#connect(), retryMs * (1 + Math.random() / 5));
  }
}
