import type { Socket } from "node:net";
import type { PcmReader } from "./pcm-reader.ts";

/** What the kernel hands over at once at the most: less, and it has no more. (bytes) */
const READ_BYTES_MAX = 64 * 1024;
/** A producer that vanished without a word is noticed after this and ten probes a second apart. (ms) */
const SILENCE_MS_MAX = 10_000;

export interface TcpProducerEvents {
  onSound(): void;
  /** All that came is handed over, or lost with the connection. Told once. */
  onEnd(): void;
}

/** Plays what comes over a connection. While the stream is ahead, no more than one read is taken: TCP holds the producer. */
export class TcpProducer {
  readonly #socket: Socket;
  readonly #reader: PcmReader;
  readonly #events: TcpProducerEvents;
  /** Whether the producer was held just before: what is read then says nothing of what there is by now. */
  #held = false;
  /** Whether the reader has something left to hand over. */
  #waiting = false;
  #hungUp = false;

  constructor(socket: Socket, reader: PcmReader, events: TcpProducerEvents) {
    this.#socket = socket;
    this.#reader = reader;
    this.#events = events;
    socket.setKeepAlive(true, SILENCE_MS_MAX);
    socket.on("data", (bytes) => this.#take(bytes));
    // The reason (reset, unreachable) says nothing that "close", which always follows, does not.
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#hungUp = true;
      if (!this.#waiting) this.#end();
    });
    socket.resume();
  }

  /** Hangs up; nobody is told. */
  close(): void {
    this.#reader.reset();
    this.#socket.removeAllListeners("close").removeAllListeners("data").destroy();
  }

  #take(bytes: Buffer): void {
    this.#events.onSound();
    const drained = !this.#held && bytes.length < READ_BYTES_MAX;
    this.#held = this.#waiting = !this.#reader.take(bytes, drained, () => this.#goOn());
    if (this.#waiting) this.#socket.pause();
  }

  #goOn(): void {
    this.#waiting = false;
    if (this.#hungUp) this.#end();
    else this.#socket.resume();
  }

  #end(): void {
    this.#reader.reset();
    this.#events.onEnd();
  }
}
