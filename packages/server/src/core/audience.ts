import { CONNECTIONS_BEFORE_HELLO_MAX, ProtocolError, type ServerInstant } from "@tutti/protocol";
import { LateWatch } from "./late-watch.ts";
import type { Outbox } from "./outbox.ts";
import type { AudioMessage, Rendition } from "./rendition.ts";
import type { QualityChange } from "./report-watch.ts";
import { type Heard, type Peer, Session } from "./session.ts";
import type { Traffic } from "./traffic.ts";

/** Its multiples fall evenly everywhere: so do the bundles of the rooms of a house. */
const GOLDEN = 0.618_033_988_749_895;

/** A session that is over, and whom it was with. */
export interface Ended {
  readonly address: string;
  readonly peer: Peer | undefined;
}

/** All sessions: who they are with, and who of them plays what. */
export class Audience {
  readonly #outbox: Outbox;
  readonly #sessions = new Map<number, Session>();
  readonly #players = new Map<Rendition, Set<number>>();
  readonly #tokens = new Map<string, number>();
  /** By client: each change of the house asks for the sessions of every client. */
  readonly #byClient = new Map<string, readonly number[]>();
  /** By client. */
  readonly #late = new Map<string, LateWatch>();
  #droppedChunks = 0;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get ids(): Iterable<number> {
    return this.#sessions.keys();
  }

  get all(): Iterable<Session> {
    return this.#sessions.values();
  }

  get traffic(): Omit<Traffic, "codings"> {
    const sessions = [...this.#sessions].map(([session, each]) => {
      const { sentBytes, waitingBytes, droppedChunks } = each;
      return { session, client: each.peer?.clientId, sentBytes, waitingBytes, droppedChunks };
    });
    return { sessions, droppedChunks: this.#droppedChunks };
  }

  get(id: number): Session | undefined {
    return this.#sessions.get(id);
  }

  /** The sessions of a client: one, or two for a moment. */
  of(clientId: string): [id: number, session: Session][] {
    return (this.#byClient.get(clientId) ?? []).flatMap((id) => {
      const session = this.#sessions.get(id);
      return session ? [[id, session]] : [];
    });
  }

  /** A session's client is let in. */
  welcome(id: number, session: Session, peer: Peer): void {
    const { clientId, timeToken } = peer;
    const late = this.#late.get(clientId) ?? new LateWatch();
    this.#late.set(clientId, late);
    session.welcome(peer, late);
    this.#byClient.set(clientId, [...(this.#byClient.get(clientId) ?? []), id]);
    if (timeToken !== undefined) this.#tokens.set(timeToken, id);
  }

  /** Takes a connection in, or closes it when too many from there have not said who they are. */
  open(id: number, address: string, now: ServerInstant): void {
    const strangers = [...this.#sessions.values()].filter(
      (session) => session.address === address && !session.peer,
    );
    this.#sessions.set(id, new Session(address, now, (id * GOLDEN) % 1));
    if (strangers.length >= CONNECTIONS_BEFORE_HELLO_MAX) {
      this.close(id, `${strangers.length} other connections from there have not said hello`);
    }
  }

  knowsToken(token: string): boolean {
    return this.#tokens.has(token);
  }

  byToken(token: string): Session | undefined {
    return this.#sessions.get(this.#tokens.get(token) ?? -1);
  }

  /** Puts a session on a rendition; returns what it played before. Settings must have been sent. */
  play(
    id: number,
    session: Session,
    { rendition, bufferMs, now }: { rendition: Rendition; bufferMs: number; now: ServerInstant },
  ): void {
    const players = this.#players.get(rendition) ?? new Set();
    this.#players.set(rendition, players.add(id));
    this.#outbox.send(id, session.play(rendition, bufferMs));
    this.start(id, session, now);
  }

  /**
   * Lets a session go on with another coding of what it plays; returns the one before. Where the link is not in need
   * of fewer bytes what was held back goes out as it is: the first of the new coding has all the buffer to arrive in.
   */
  turn(
    id: number,
    session: Session,
    { rendition, inNeed }: { readonly rendition: Rendition; readonly inNeed: boolean },
    now: ServerInstant,
  ): Rendition | undefined {
    if (!inNeed && session.streaming) this.#sendAudio(id, session, session.finish(now));
    const before = this.stop(id, session);
    const players = this.#players.get(rendition) ?? new Set();
    this.#players.set(rendition, players.add(id));
    const { header, audio } = session.turnTo(rendition, now);
    this.#outbox.send(id, header);
    this.#sendAudio(id, session, audio);
    return before;
  }

  /** Takes a session off what it plays; returns that. */
  stop(id: number, session: Session): Rendition | undefined {
    const { rendition } = session;
    if (!rendition) return undefined;
    session.rendition = undefined;
    const players = this.#players.get(rendition);
    players?.delete(id);
    if (players?.size === 0) this.#players.delete(rendition);
    return rendition;
  }

  /** Begins sending audio if the client is ready for it. */
  start(id: number, session: Session, now: ServerInstant): void {
    const backlog = session.startIfReady(now);
    if (backlog.length > 0) this.#outbox.push({ kind: "look closely", session: id });
    this.#sendAudio(id, session, backlog);
  }

  /** Gives a message to all who play it. */
  distribute(rendition: Rendition, message: AudioMessage, now: ServerInstant): void {
    for (const id of this.#players.get(rendition) ?? []) {
      const session = this.#sessions.get(id);
      if (session?.streaming) this.#sendAudio(id, session, session.offer(message, now));
      else if (session) this.start(id, session, now);
    }
  }

  /** The shell says how much is on its way to a session: more may fit in. */
  drain(id: number, unsentBytes: number, now: ServerInstant): void {
    const session = this.#sessions.get(id);
    session?.setUnsent(unsentBytes, now);
    if (session?.streaming) this.#sendAudio(id, session, session.flush(now));
  }

  /** Nothing comes behind what is held back. */
  finish(now: ServerInstant): void {
    for (const [id, session] of this.#sessions) {
      if (session.streaming) this.#sendAudio(id, session, session.finish(now));
    }
  }

  /** Clients whose link holds things up for longer than they can wait, and how, since this was asked last. */
  outlasted(): [client: string, change: QualityChange][] {
    return [...this.#sessions.values()].flatMap((session) => {
      const change = session.takeOutlasted();
      return change && session.peer ? [[session.peer.clientId, change] as const] : [];
    });
  }

  /** Those that must be closed by now, and why. Tells of chunks dropped for the others. */
  overdue(now: ServerInstant): [id: number, reason: string][] {
    const overdue: [number, string][] = [];
    for (const [id, session] of this.#sessions) {
      const client = session.peer?.clientId;
      if (session.deadline <= now) {
        overdue.push([id, client === undefined ? "no hello in time" : "client fell silent"]);
      }
      if (session.streaming) this.#sendAudio(id, session, session.flush(now));
      const count = session.takeDropped(now);
      this.#droppedChunks += count;
      if (count > 0 && client !== undefined) {
        this.#outbox.report({ kind: "chunks dropped", client, count });
      }
    }
    return overdue;
  }

  /** Closes a session; undefined when it is gone already. It must have been stopped. */
  close(id: number, reason: string): Ended | undefined {
    const ended = this.forget(id);
    if (!ended) return undefined;
    this.#outbox.push({ kind: "close", session: id, reason });
    const { address, peer } = ended;
    this.#outbox.report({ kind: "session closed", client: peer?.clientId, address, reason });
    return ended;
  }

  /** Forgets a session whose connection is gone. It must have been stopped. */
  forget(id: number): Ended | undefined {
    const session = this.#sessions.get(id);
    if (!session) return undefined;
    this.#sessions.delete(id);
    if (session.peer) this.#leave(id, session.peer);
    return session;
  }

  /** Forgets how a client's link was: the house does not know it any more. It must have no session. */
  forgetClient(clientId: string): void {
    this.#late.delete(clientId);
  }

  #leave(id: number, { clientId, timeToken }: Peer): void {
    if (timeToken !== undefined) this.#tokens.delete(timeToken);
    const others = this.#byClient.get(clientId)?.filter((other) => other !== id) ?? [];
    if (others.length > 0) this.#byClient.set(clientId, others);
    else this.#byClient.delete(clientId);
  }

  #sendAudio(id: number, session: Session, messages: readonly Uint8Array[]): void {
    const bytes = messages.reduce((sum, { length }) => sum + length, 0);
    session.sentBytes += bytes;
    if (session.rendition) session.rendition.tally.sentBytes += bytes;
    this.#outbox.sendAudio(id, messages);
  }
}

/** What a session makes of bytes from its client, or the reason to close it. */
export function hear(session: Session, bytes: Uint8Array, now: ServerInstant): Heard[] | string {
  try {
    return session.receive(bytes, now);
  } catch (error) {
    if (error instanceof ProtocolError) return error.message;
    throw error;
  }
}
