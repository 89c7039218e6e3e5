import { arrivalClock } from "@tutti/audio";
import {
  decodeTimeAnswer,
  encodeTimeQuestion,
  type LocalInstant,
  localInstant,
  ProtocolError,
  type ServerInstant,
  TIME_DATAGRAM_BYTES,
} from "@tutti/protocol";
import { DgramAsPromised, type SocketAsPromised } from "dgram-as-promised";
import { now } from "../clock.ts";

/** One question to the server and its answer, as both clocks saw it. */
export interface TimeExchange {
  readonly clientSent: LocalInstant;
  readonly serverReceived: ServerInstant;
  readonly serverSent: ServerInstant;
  readonly clientReceived: LocalInstant;
}

/** A question as the player wants it asked. */
export interface TimeAsked {
  readonly token: string;
  /** 0 to 65,535. */
  readonly sequence: number;
}

/** Questions without an answer that are still remembered: more than a second's worth of a burst. */
const UNANSWERED_MAX = 64;

interface Unanswered {
  readonly token: string;
  readonly address: string;
  clientSent: LocalInstant;
}

/** `address`: where it was asked. */
type OnExchange = (exchange: TimeExchange, address: string) => void;

type Found = (error: null, address: string, family: number) => void;

/**
 * Asks for the time in datagrams, which never queue behind audio. A question is stamped where Node asks for its address,
 * the last that is called before the system's own sending: what lies before takes 50 to 100 us on a process that was asleep.
 * An answer bears the kernel's stamp.
 */
export class TimeSocket {
  readonly #onExchange: OnExchange;
  readonly #unanswered = new Map<number, Unanswered>();
  #leaving: Unanswered | undefined;
  #socket: SocketAsPromised | undefined;
  #family: "udp4" | "udp6" | undefined;
  #ready: Promise<unknown> | undefined;
  #bound = false;

  constructor(onExchange: OnExchange) {
    this.#onExchange = onExchange;
  }

  /** `address` is numeric. A datagram that cannot be sent is lost, like any other: the player asks again. */
  async ask({ token, sequence }: TimeAsked, address: string, port: number): Promise<void> {
    const socket = this.#open(address);
    if (!this.#bound) await this.#ready;
    if (socket !== this.#socket) return;
    this.#forgetOldest();
    const asked = { token, address, clientSent: now() };
    this.#unanswered.set(sequence, asked);
    const datagram = encodeTimeQuestion({ sequence, ...asked });
    this.#leaving = asked;
    socket.socket.send(datagram, port, address, lost);
  }

  /** Forgets what was asked: answers of a server that is left mean nothing to the next. */
  forget(): void {
    this.#unanswered.clear();
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    await this.#ready;
    await socket?.close();
  }

  /** Addresses are numeric already. Said at once, the question leaves right after its stamp. */
  readonly #stampAndSend = (address: string, _options: unknown, done: Found): void => {
    if (this.#leaving) this.#leaving.clientSent = now();
    this.#leaving = undefined;
    done(null, address, this.#family === "udp6" ? 6 : 4);
  };

  #open(address: string): SocketAsPromised {
    const type = address.includes(":") ? "udp6" : "udp4";
    if (this.#socket && this.#family === type) return this.#socket;
    void this.close();
    const socket = DgramAsPromised.createSocket({ type, lookup: this.#stampAndSend });
    this.#bound = false;
    this.#family = type;
    this.#socket = socket;
    // The socket's own event: the wrapper's recv() loses what arrives between two awaits.
    let arrived: () => number = now;
    socket.socket.on("message", (datagram) => this.#receive(datagram, localInstant(arrived())));
    socket.socket.on("error", lost);
    this.#ready = socket.bind().then(async () => {
      arrived = await arrivalClock(socket.socket);
      this.#bound = true;
    }, lost);
    return socket;
  }

  #receive(datagram: Uint8Array, clientReceived: LocalInstant): void {
    if (datagram.length !== TIME_DATAGRAM_BYTES) return;
    const answer = decodeOrIgnore(datagram);
    const asked = answer && this.#unanswered.get(answer.sequence);
    if (!answer || asked?.token !== answer.token) return;
    this.#unanswered.delete(answer.sequence);
    const { serverReceived, serverSent } = answer;
    // Our own record of the sending, not the echo: a peer must not be able to bend it.
    const { clientSent, address } = asked;
    this.#onExchange({ clientSent, serverReceived, serverSent, clientReceived }, address);
  }

  #forgetOldest(): void {
    if (this.#unanswered.size < UNANSWERED_MAX) return;
    const [oldest] = this.#unanswered.keys();
    if (oldest !== undefined) this.#unanswered.delete(oldest);
  }
}

/** Strangers may send anything to an open port: not worth a word. */
function decodeOrIgnore(datagram: Uint8Array) {
  try {
    return decodeTimeAnswer(datagram);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** A network that is down loses datagrams as a busy one does. */
function lost(): void {}
