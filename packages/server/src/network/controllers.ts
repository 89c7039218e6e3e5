import { encodeJson, errorResponse, internalError, parseError } from "@tutti/protocol/control";

/** What is asked and told over control connections, whatever carries them. */
export interface ControllerEvents {
  /** Numbers controllers over all listeners, so that an answer finds its way. */
  readonly nextController: () => number;
  /** One JSON-RPC document. The answer, if there is one, comes back by `send`. */
  readonly onText: (controller: number, text: string) => void;
  /** For the log. */
  readonly onEvent: (event: ControllerEvent) => void;
}

export type ControllerEvent =
  | { readonly kind: "controller connected" | "controller left"; readonly address: string }
  | { readonly kind: "controller dropped"; readonly address: string; readonly reason: string }
  /** The listener goes on; the cause is the system's. */
  | { readonly kind: "listener failing"; readonly listener: string; readonly reason: string };

/** One connection, as its transport can serve it. */
export interface ControllerPeer {
  readonly address: string;
  /** One document. Until `release` it may wait for others, to leave with them in one write. */
  send(text: string): void;
  /** Nothing waits any more. */
  release(): void;
  /** Says the last word and closes; what is unsent may be lost. */
  close(lastWord: string | undefined): void;
  /** What was sent and the kernel has not taken. */
  readonly unsentBytes: number;
}

/** At once on one listener: a house has a few apps and bridges; each may hold a line of 256 KB. */
export const CONTROLLERS_MAX = 256;

/** What waits for others of the same turn leaves at the latest when it is so much. */
const WAITING_BYTES_MAX = 64 * 1024;

/** A controller that lets more lie unread is dropped: the whole of a full house fits several times. */
const UNSENT_BYTES_MAX = 16 * 1024 * 1024;

/** All controllers of one listener together; above it the one that lets most lie unread is dropped. */
const UNSENT_BYTES_MAX_OVERALL = 64 * 1024 * 1024;

/** A controller that has so much unread is told nothing that may wait. */
const BUSY_BYTES = 256 * 1024;

/** Whether a connection can be told more: it is there, there but slow to read, or gone. */
export type Room = "room" | "busy" | "gone";

interface Controller {
  readonly peer: ControllerPeer;
  spoken: boolean;
}

/** The controllers of one listener: who is there, and bounds on how many and how slow. */
export class Controllers {
  readonly #events: ControllerEvents;
  readonly #connected = new Map<number, Controller>();
  /** Those who were told something in this turn of the event loop. */
  readonly #told = new Set<number>();

  constructor(events: ControllerEvents) {
    this.#events = events;
  }

  get count(): number {
    return this.#connected.size;
  }

  /**
   * Undefined when there is no room: the peer was told and closed. One who never said a word gives
   * way to a newcomer, so that idle connections keep nobody out.
   */
  add(peer: ControllerPeer): number | undefined {
    if (this.#connected.size >= CONTROLLERS_MAX && !this.#dropSilent()) {
      peer.close(lastWord("Too many connections"));
      return undefined;
    }
    const controller = this.#events.nextController();
    this.#connected.set(controller, { peer, spoken: false });
    this.#events.onEvent({ kind: "controller connected", address: peer.address });
    return controller;
  }

  /** The connection ended, whoever ended it. */
  remove(controller: number): void {
    const known = this.#connected.get(controller);
    if (!known) return;
    this.#connected.delete(controller);
    this.#events.onEvent({ kind: "controller left", address: known.peer.address });
  }

  /** Bytes of one document; those that are not UTF-8 are answered here. */
  receive(controller: number, document: Uint8Array): void {
    const known = this.#connected.get(controller);
    if (!known) return;
    known.spoken = true;
    const text = decodeUtf8(document);
    if (text === undefined) this.send(controller, brokenWord("Not valid UTF-8"));
    else this.#events.onText(controller, text);
  }

  /** Nothing happens when the controller is another listener's or gone. */
  send(controller: number, text: string): void {
    const known = this.#connected.get(controller);
    if (!known) return;
    known.peer.send(text);
    // After a change that many asked for together each of them is told of each: one write, not fifty.
    if (this.#told.size === 0) process.nextTick(() => this.#releaseAll());
    this.#told.add(controller);
    if (known.peer.unsentBytes > WAITING_BYTES_MAX) this.#release(controller);
  }

  room(controller: number): Room {
    const known = this.#connected.get(controller);
    if (!known) return "gone";
    return known.peer.unsentBytes > BUSY_BYTES ? "busy" : "room";
  }

  broadcast(text: string, except?: number): void {
    for (const controller of [...this.#connected.keys()]) {
      if (controller !== except) this.send(controller, text);
    }
  }

  drop(controller: number, reason: string, word?: string): void {
    const known = this.#connected.get(controller);
    if (!known) return;
    this.#connected.delete(controller);
    known.peer.release();
    known.peer.close(word);
    this.#events.onEvent({ kind: "controller dropped", address: known.peer.address, reason });
  }

  #dropSilent(): boolean {
    const silent = [...this.#connected].find(([, { spoken }]) => !spoken);
    if (!silent) return false;
    this.drop(silent[0], "said nothing while others waited", lastWord("Too many connections"));
    return true;
  }

  #releaseAll(): void {
    const told = [...this.#told];
    this.#told.clear();
    for (const controller of told) this.#release(controller);
  }

  #release(controller: number): void {
    const known = this.#connected.get(controller);
    if (!known) return;
    known.peer.release();
    this.#bound(controller, known.peer);
  }

  #bound(controller: number, peer: ControllerPeer): void {
    if (peer.unsentBytes === 0) return;
    const slowest = peer.unsentBytes > UNSENT_BYTES_MAX ? controller : this.#slowestOverall();
    if (slowest !== undefined) this.drop(slowest, "reads too slowly");
  }

  /** Whose unsent bytes must go when all together hold too many. */
  #slowestOverall(): number | undefined {
    const unsent = [...this.#connected].map(([id, { peer }]) => ({ id, bytes: peer.unsentBytes }));
    const overall = unsent.reduce((sum, { bytes }) => sum + bytes, 0);
    if (overall <= UNSENT_BYTES_MAX_OVERALL) return undefined;
    return unsent.reduce((most, each) => (each.bytes > most.bytes ? each : most)).id;
  }
}

/** A refusal that belongs to no call. */
export function lastWord(data: string): string {
  return encodeJson(errorResponse(null, internalError(data)));
}

/** The answer to what could not be read. */
export function brokenWord(data: string): string {
  return encodeJson(errorResponse(null, parseError(data)));
}

export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof TypeError) return undefined;
    throw cause;
  }
}
