import {
  after,
  BODY_BYTES_MAX,
  BODY_BYTES_MAX_BEFORE_HELLO,
  between,
  type ClientInfo,
  type CodecHeader,
  decodeMessage,
  encodeMessage,
  HELLO_TIMEOUT,
  type Header,
  type Hello,
  MESSAGE_TYPES,
  MessageSplitter,
  type Micros,
  micros,
  millis,
  PEER_SILENCE_MAX,
  ProtocolError,
  QUEUE_AGE_BEYOND_BUFFER_MAX,
  type RawMessage,
  type ServerInstant,
  type ServerSettings,
  seconds,
} from "@tutti/protocol";
import { type ClientStats, parseClientStats } from "@tutti/protocol/control";
import { Bundle } from "./bundle.ts";
import type { LateWatch } from "./late-watch.ts";
import type { AudioMessage, Rendition } from "./rendition.ts";
import { type QualityChange, ReportWatch } from "./report-watch.ts";
import type { Report } from "./reports.ts";
import type { RungChooser } from "./rung-chooser.ts";
import { SendQueue } from "./send-queue.ts";

/**
 * Answers about the time after which a client can judge stamps. Stock clients ask in a burst; before it
 * is over they compare two unrelated uptimes and throw chunks away.
 */
const TIME_ANSWERS_BEFORE_AUDIO = 3;
/** A client that asks seldom is not kept waiting for its third answer. */
const TIME_ANSWERS_WAIT_MAX = millis(300);
/** One that never asks gets its audio nevertheless. */
const FIRST_QUESTION_WAIT_MAX = seconds(1);

/**
 * What is sent again in another coding before it takes over: a fresh decoder of Opus is on the encoder's level after
 * some packets only, and the client fades from one to the other over the last of them. Of others the block that goes
 * beyond what was sent is enough.
 */
const OVERLAP_OPUS = millis(120);
const OVERLAP = millis(30);

/** More than this a client says of no link that plays in time. */
const ROUND_TRIP_MAX = seconds(2);

/** What a client said that concerns more than its own conversation. */
export type Heard =
  | { readonly kind: "hello"; readonly hello: Hello; readonly requestId: number }
  | { readonly kind: "client info"; readonly volume: ClientInfo }
  | { readonly kind: "quality"; readonly changes: readonly QualityChange[] }
  | { readonly kind: "time"; readonly answer: Uint8Array };

/** Who is at the other end, once it has said so. */
export interface Peer {
  readonly hello: Hello;
  readonly clientId: string;
  /** Shown by its questions about the time in UDP datagrams. Only clients of our own kind have one. */
  readonly timeToken: string | undefined;
}

/** As a configuration names them, and in words. */
export interface ShownBounds {
  readonly codingMax: string;
  readonly codingMin: string;
  readonly codingReason: string;
}

/** The server's side of one client's conversation. Does no I/O: the caller owns socket and clock. */
export class Session {
  readonly address: string;
  /** What it plays; the owner attaches and detaches. */
  rendition: Rendition | undefined;
  /** Which of the codings it could get it gets, if there is a choice. */
  chooser: RungChooser | undefined;
  /** The best and the least that it may get, and why it gets what it gets. Only for clients of our own kind. */
  bounds: ShownBounds | undefined;
  /** From recording to hearing, as the client was told. */
  #bufferMs = 0;
  /** Whether chunks are to go to it at all: not to a stock client that is muted. */
  wantsAudio = true;
  /** It would like no coding that needs more, for now. (kbit/s) */
  kbitMax = Infinity;
  /** The number of its Hello, while that is not answered. */
  greeting: number | undefined;
  /** The last that a client of our own kind said of itself. */
  report: Report | undefined;
  /** Audio that went out to it. */
  sentBytes = 0;
  droppedChunks = 0;
  #peer: Peer | undefined;
  /** Its client's, from all connections. */
  #late: LateWatch | undefined;
  #saidHello = false;
  readonly #watch = new ReportWatch();
  readonly #splitter = new MessageSplitter(BODY_BYTES_MAX_BEFORE_HELLO);
  #queue: SendQueue;
  readonly #bundle: Bundle;
  readonly #connectedAt: ServerInstant;
  #heardAt: ServerInstant;
  #firstAnswerAt: ServerInstant | undefined;
  #timeAnswers = 0;
  #streaming = false;

  /** `phase`: where in its turn, from 0 to 1, this one's bundles go out. */
  constructor(address: string, now: ServerInstant, phase = 0) {
    this.address = address;
    this.#bundle = new Bundle(phase);
    this.#connectedAt = now;
    this.#heardAt = now;
    this.#queue = new SendQueue(QUEUE_AGE_BEYOND_BUFFER_MAX);
  }

  get peer(): Peer | undefined {
    return this.#peer;
  }

  /** Whether chunks go out as they are made; before, the client knows too little to use them. */
  get streaming(): boolean {
    return this.#streaming;
  }

  /** When it counts as dead unless it says something before. */
  get deadline(): ServerInstant {
    return this.#peer
      ? after(this.#heardAt, PEER_SILENCE_MAX)
      : after(this.#connectedAt, HELLO_TIMEOUT);
  }

  /** Throws ProtocolError, after which the session must be closed. */
  receive(bytes: Uint8Array, now: ServerInstant): Heard[] {
    const heard: Heard[] = [];
    this.#heardAt = now;
    this.#splitter.push(bytes, (message) => heard.push(...this.#hear(message, now)));
    return heard;
  }

  /** A sign of life from beside the connection. */
  seen(now: ServerInstant): void {
    this.#heardAt = now;
  }

  /** The owner accepts the peer. */
  welcome(peer: Peer, late: LateWatch): void {
    this.#peer = peer;
    this.#late = late;
    this.greeting = undefined;
  }

  /** Chunks older than `buffer` (and the limit's margin) are not sent from now on. */
  play(rendition: Rendition, bufferMs: number): Uint8Array {
    this.rendition = rendition;
    this.#queue = new SendQueue(ageMaxOf(bufferMs));
    this.#bundle.clear();
    this.bufferMs = bufferMs;
    this.#streaming = false;
    return encodeCodecHeader(rendition.codecHeader);
  }

  get bufferMs(): number {
    return this.#bufferMs;
  }

  /** It plays so late from now on; settings must have said so. What it has is not sent again. */
  set bufferMs(value: number) {
    this.#bufferMs = value;
    this.#bundle.bufferMs = value;
    this.#queue.ageMax = ageMaxOf(value);
  }

  /** Goes on with another coding of the same stream. Returns its header and what may be sent now. */
  turnTo(rendition: Rendition, now: ServerInstant): { header: Uint8Array; audio: Uint8Array[] } {
    this.rendition = rendition;
    const header = encodeCodecHeader(rendition.codecHeader);
    if (!this.#streaming) return { header, audio: [] };
    // What is held is in the coding before, and among those of the new one that follow what was sent.
    this.#bundle.clear();
    const overlap = rendition.codecHeader.codec === "opus" ? OVERLAP_OPUS : OVERLAP;
    this.#queue.turnTo(this.#backlog(rendition, now), overlap);
    return { header, audio: this.flush(now) };
  }

  /** Stops the flow of chunks; `startIfReady` begins it again, with the backlog. */
  pause(): void {
    this.#streaming = false;
    this.#bundle.clear();
    this.#queue.clear();
  }

  /** Begins with what is still to be heard, once the client can judge it. */
  startIfReady(now: ServerInstant): Uint8Array[] {
    if (this.#streaming || !this.wantsAudio || !this.rendition || !this.#ready(now)) return [];
    this.#streaming = true;
    return this.#send(this.#backlog(this.rendition, now), now);
  }

  /** What this client is still to hear: others of the stream may play later. */
  #backlog(rendition: Rendition, now: ServerInstant): readonly AudioMessage[] {
    const from = after(now, micros(-millis(this.#bufferMs)));
    return rendition.current(now).filter(({ recordedAt }) => recordedAt > from);
  }

  /** Adds a fresh message and returns what may be sent now. */
  offer(message: AudioMessage, now: ServerInstant): Uint8Array[] {
    const bundle = this.#bundle.add(message, now);
    return bundle.length > 0 ? this.#send(bundle, now) : [];
  }

  #send(messages: readonly AudioMessage[], now: ServerInstant): Uint8Array[] {
    const [only] = messages;
    // The usual case by far: one fresh message for a client that keeps up.
    if (only && messages.length === 1 && this.#queue.idle) {
      this.#queue.sent(only, now);
      return [only.bytes];
    }
    this.#queue.push(messages);
    return this.flush(now);
  }

  /** What may be sent now. */
  flush(now: ServerInstant): Uint8Array[] {
    this.#queue.push(this.#bundle.takeOverdue(now));
    return this.#queue.take(now).map(({ bytes }) => bytes);
  }

  /** What may be sent now if nothing comes behind it. */
  finish(now: ServerInstant): Uint8Array[] {
    return this.#send(this.#bundle.take(), now);
  }

  /** Bytes on their way to this session, as far as the shell knows. */
  setUnsent(bytes: number, now: ServerInstant): void {
    const reading = this.#queue.setUnsent(bytes, now);
    const held = millis(this.#bufferMs);
    if (reading.carriedBytes > 0) this.#late?.carried(now, held);
    else if (bytes > 0) this.#late?.waits(now, held);
    this.chooser?.learn(reading, now);
  }

  /** Audio kept back for now. */
  get waitingBytes(): number {
    return this.#queue.waitingBytes;
  }

  /** Chunks dropped since asked last, because the client takes them too slowly. */
  takeDropped(now: ServerInstant): number {
    const count = this.#queue.takeDropped();
    this.droppedChunks += count;
    if (count > 0) this.#missed(now);
    return count;
  }

  /** How its buffer proved too short since this was asked last, if it did. */
  takeOutlasted(): QualityChange | undefined {
    return this.#late?.take();
  }

  #missed(now: ServerInstant): void {
    this.chooser?.late(now);
    // Stock clients on too slow a link are late for ever, however long the buffer.
    if (this.chooser) this.#late?.late(now);
  }

  #hear(raw: RawMessage, now: ServerInstant): Heard[] {
    if (raw.header.type === MESSAGE_TYPES.hello && !this.#saidHello) this.greeting = raw.header.id;
    const message = decodeMessage(raw);
    if (message.kind === "hello") return [this.#hello(message, raw.header)];
    if (!this.#saidHello) throw new ProtocolError(`"${message.kind}" before hello`);
    if (message.kind === "time") return [{ kind: "time", answer: this.#answer(raw.header, now) }];
    if (message.kind === "bundles") this.#bundle.wishMs = message.spanMs;
    if (message.kind === "audio limit") this.kbitMax = message.kbitMax || Infinity;
    if (message.kind === "client info") return [{ kind: "client info", volume: message }];
    if (message.kind === "client stats" && this.#peer?.hello.tutti) {
      const stats = parseClientStats(message.stats);
      if (this.report && tooLate(this.report.stats, stats)) this.#missed(now);
      if (this.chooser && stats.roundTripUs !== undefined) {
        this.chooser.roundTrip = micros(Math.min(ROUND_TRIP_MAX, stats.roundTripUs));
      }
      this.report = { stats, at: now };
      return [{ kind: "quality", changes: this.#watch.learn(stats, now) }];
    }
    return [];
  }

  #hello(hello: Hello, { id }: Header): Heard {
    if (this.#saidHello) throw new ProtocolError("a second hello");
    this.#saidHello = true;
    this.#splitter.bodyBytesMax = BODY_BYTES_MAX;
    return { kind: "hello", hello, requestId: id };
  }

  /** The time of sending is set by the shell. */
  #answer(question: Header, now: ServerInstant): Uint8Array {
    this.#timeAnswers++;
    this.#firstAnswerAt ??= now;
    return encodeMessage(
      { kind: "time", latency: micros(now - question.sentAt) },
      { refersTo: question.id, receivedAt: now, sentAt: now },
    );
  }

  #ready(now: ServerInstant): boolean {
    if (!this.#peer) return false;
    if (this.#firstAnswerAt === undefined) {
      return between(this.#connectedAt, now) > FIRST_QUESTION_WAIT_MAX;
    }
    const needed = this.#peer.hello.tutti ? 1 : TIME_ANSWERS_BEFORE_AUDIO;
    return this.#timeAnswers >= needed || between(this.#firstAnswerAt, now) > TIME_ANSWERS_WAIT_MAX;
  }
}

function ageMaxOf(bufferMs: number): Micros {
  return micros(millis(bufferMs) + QUEUE_AGE_BEYOND_BUFFER_MAX);
}

/** Whether between two reports something came after its moment, or not at all. */
function tooLate(before: ClientStats, stats: ClientStats): boolean {
  return stats.lateChunks > before.lateChunks || stats.underruns > before.underruns;
}

/** Settings as the answer to `requestId`, or 0 for a change. */
export function encodeSettings(settings: ServerSettings, requestId: number): Uint8Array {
  return encodeMessage({ kind: "server settings", ...settings }, { refersTo: requestId });
}

function encodeCodecHeader(header: CodecHeader): Uint8Array {
  return encodeMessage({ kind: "codec header", ...header });
}
