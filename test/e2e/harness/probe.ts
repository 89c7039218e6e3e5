import { connect, type Socket } from "node:net";
import { makeDecoder } from "../../../packages/client/dist/decoders/index.js";
import {
  decodeMessage,
  encodeMessage,
  type Message,
  MessageSplitter,
} from "../../../packages/protocol/dist/index.js";

const TIME_EVERY_MS = 500;

/** A chunk as it came. */
export interface Arrival {
  readonly recordedAtUs: number;
  readonly payload: Uint8Array;
  readonly arrivedAtUs: number;
}

/** A player that plays nothing: it keeps what the server sends, and when that came. */
export class Probe {
  readonly chunks: Arrival[] = [];
  readonly messages: Message["kind"][] = [];
  readonly #socket: Socket;
  readonly #splitter = new MessageSplitter();
  #asking: NodeJS.Timeout | undefined;
  #answers = 0;
  #codec:
    | { readonly codec: string; readonly header: Uint8Array; readonly from: number }
    | undefined;

  constructor(port: number, id: string) {
    this.#socket = connect({ host: "127.0.0.1", port });
    this.#socket.on("connect", () => this.#introduce(id));
    this.#socket.on("data", (bytes) => {
      this.#splitter.push(bytes, (raw) => this.#take(decodeMessage(raw)));
    });
    this.#socket.on("error", () => {});
  }

  get closed(): boolean {
    return this.#socket.closed;
  }

  /** What came of PCM or FLAC of 16 bits since the last stream began. */
  heard(): Buffer {
    if (!this.#codec) return Buffer.alloc(0);
    const { codec, header, from } = this.#codec;
    const decoder = makeDecoder(codec, header);
    const parts = this.chunks.slice(from).map(({ payload }) => decoder.decode(payload));
    const samples = parts.flatMap((part) => [...part]).map((sample) => Math.round(sample * 32_768));
    return Buffer.from(Int16Array.from(samples).buffer);
  }

  /** What came of PCM, as one recording. */
  get pcm(): Buffer {
    return Buffer.concat(this.chunks.map(({ payload }) => payload));
  }

  stop(): void {
    clearInterval(this.#asking);
    this.#socket.destroy();
  }

  #introduce(id: string): void {
    const about = {
      mac: "",
      hostName: "probe",
      clientName: "Probe",
      version: "",
      os: "",
      arch: "",
    };
    const hello = { kind: "hello", id, instance: 1, protocolVersion: 2, ...about } as const;
    this.#socket.write(encodeMessage(hello, { id: 1 }));
    this.#ask();
    this.#asking = setInterval(() => this.#ask(), TIME_EVERY_MS);
  }

  #ask(): void {
    const time = encodeMessage({ kind: "time", latency: 0 as never }, { id: 2, sentAt: nowUs() });
    this.#socket.write(time);
  }

  #take(message: Message): void {
    this.messages.push(message.kind);
    if (message.kind === "time" && ++this.#answers < 3) this.#ask();
    if (message.kind === "codec header") {
      this.#codec = { ...message, header: message.header.slice(), from: this.chunks.length };
    }
    if (message.kind !== "chunk") return;
    const { recordedAt, payload } = message;
    this.chunks.push({ recordedAtUs: recordedAt, payload: payload.slice(), arrivedAtUs: nowUs() });
  }
}

function nowUs(): number {
  return Number(process.hrtime.bigint()) / 1_000;
}
