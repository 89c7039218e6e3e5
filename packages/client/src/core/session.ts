import {
  decodeMessage,
  encodeMessage,
  HELLO_TIMEOUT,
  type Header,
  type Hello,
  type LocalInstant,
  type Message,
  MessageSplitter,
  type Micros,
  micros,
  PEER_SILENCE_MAX,
  type ServerSettings,
  serverInstant,
} from "@tutti/protocol";
import type { ClientStats } from "@tutti/protocol/control";
import type { TimeExchange } from "./clock-filter.ts";

/** Questions over the stream whose answers are still awaited; older ones are given up. */
const QUESTIONS_MAX = 64;
/** Request numbers wrap here, as stock clients' do. */
const REQUEST_ID_MAX = 10_000;

/** One connection's conversation: bytes to messages, questions to answers. Does no I/O. */
export class Session {
  /** When the server counts as dead, unless something comes. */
  deadline: LocalInstant;
  /** Whether the server has answered the Hello. */
  welcomed = false;
  readonly #splitter = new MessageSplitter();
  readonly #sentAt = new Map<number, LocalInstant>();
  #requestId = 0;

  readonly #silenceMax: Micros;

  constructor(now: LocalInstant, silenceMax: Micros = PEER_SILENCE_MAX) {
    this.#silenceMax = silenceMax;
    this.deadline = (now + HELLO_TIMEOUT) as LocalInstant;
  }

  hello(hello: Hello, now: LocalInstant): Uint8Array {
    const sentAt = Math.round(now);
    return encodeMessage({ kind: "hello", ...hello }, { id: this.#nextId(), sentAt });
  }

  timeQuestion(now: LocalInstant): Uint8Array {
    const id = this.#nextId();
    const sentAt = Math.round(now) as LocalInstant;
    this.#sentAt.set(id, sentAt);
    for (const oldest of this.#sentAt.keys()) {
      if (this.#sentAt.size <= QUESTIONS_MAX) break;
      this.#sentAt.delete(oldest);
    }
    return encodeMessage({ kind: "time", latency: micros(0) }, { id, sentAt });
  }

  clientInfo(volumePercent: number, muted: boolean, now: LocalInstant): Uint8Array {
    const envelope = { id: this.#nextId(), sentAt: Math.round(now) };
    return encodeMessage({ kind: "client info", volumePercent, muted }, envelope);
  }

  clientStats(stats: ClientStats, now: LocalInstant): Uint8Array {
    const envelope = { id: this.#nextId(), sentAt: Math.round(now) };
    return encodeMessage({ kind: "client stats", stats }, envelope);
  }

  bundles(spanMs: number, now: LocalInstant): Uint8Array {
    const envelope = { id: this.#nextId(), sentAt: Math.round(now) };
    return encodeMessage({ kind: "bundles", spanMs }, envelope);
  }

  audioLimit(kbitMax: number, now: LocalInstant): Uint8Array {
    const envelope = { id: this.#nextId(), sentAt: Math.round(now) };
    return encodeMessage({ kind: "audio limit", kbitMax }, envelope);
  }

  /** Calls `take` for each whole message. Throws ProtocolError. */
  receive(
    bytes: Uint8Array,
    now: LocalInstant,
    take: (message: Message, header: Header) => void,
  ): void {
    if (this.welcomed) this.deadline = (now + this.#silenceMax) as LocalInstant;
    this.#splitter.push(bytes, (raw) => take(decodeMessage(raw), raw.header));
  }

  /** The server answered the Hello: from now on silence is judged by the longer limit. */
  welcome(now: LocalInstant): void {
    this.welcomed = true;
    this.deadline = (now + this.#silenceMax) as LocalInstant;
  }

  /**
   * This host's clock jumped: what was measured by the old one is void. Returns a question for the server, which
   * ignores datagrams if it gave us up meanwhile, but refuses this at once.
   */
  clockJumped(now: LocalInstant): Uint8Array {
    this.#sentAt.clear();
    this.deadline = (now + this.#silenceMax) as LocalInstant;
    return this.timeQuestion(now);
  }

  /** The exchange that a Time reply completes. Undefined when we did not ask, or gave up. */
  exchange(header: Header, latency: number, now: LocalInstant): TimeExchange | undefined {
    const clientSent = this.#sentAt.get(header.refersTo);
    if (clientSent === undefined) return undefined;
    this.#sentAt.delete(header.refersTo);
    return {
      clientSent,
      serverReceived: serverInstant(clientSent + latency),
      serverSent: serverInstant(header.sentAt),
      clientReceived: now,
    };
  }

  #nextId(): number {
    this.#requestId = (this.#requestId % REQUEST_ID_MAX) + 1;
    return this.#requestId;
  }
}

/** Whether a person set nothing new: the rest is between the programs. */
export function sameSettings(a: ServerSettings, b: ServerSettings): boolean {
  return (
    a.bufferMs === b.bufferMs &&
    a.latencyMs === b.latencyMs &&
    a.volumePercent === b.volumePercent &&
    a.muted === b.muted &&
    a.tutti?.stream === b.tutti?.stream
  );
}
