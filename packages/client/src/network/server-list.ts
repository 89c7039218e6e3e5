import { lookup } from "node:dns/promises";
import { createConnection, isIP } from "node:net";
import { assert } from "@tutti/protocol";
import { now } from "../clock.ts";
import { ServerChoice } from "../core/index.ts";
import type { Endpoint, ServerDirectory } from "./connection.ts";
import { answers } from "./knock.ts";
import { type Resolve, watchName } from "./name-watch.ts";

/** How often it is looked whether to go to a better server. (ms) */
const LOOK_EVERY_MS = 500;
/** How often the better ones are asked for an answer, and how long one may take. (ms) */
const PROBE_EVERY_MS = 2_000;
const PROBE_MS_MAX = 1_000;

/** What a list of several servers wants of the client. */
export interface ListOwner {
  /** Whether anything but silence is heard. */
  sounding(): boolean;
  /** The connection is to be ended: a better server is back. */
  leave(reason: string): void;
  /** Another server than before has answered. */
  onMoved(event: ServerMoved): void;
  /** The name of the server we are with leads to that address now, and not to where the connection does. */
  onElsewhere(address: string): void;
}

/** From one server of a list to another. */
export interface ServerMoved {
  readonly kind: "failed over" | "went back";
  readonly host: string;
  readonly port: number;
  /** Its place in the list; the wanted one is 1. */
  readonly rank: number;
}

/** The servers that the user named, the wanted one first. */
export class ServerList implements ServerDirectory {
  readonly #servers: readonly Endpoint[];
  readonly #choice: ServerChoice;
  #owner: ListOwner | undefined;
  #timer: NodeJS.Timeout | undefined;
  #probedAtMs = -Infinity;
  readonly #resolve: Resolve;
  #stopWatching: (() => void) | undefined;

  /** `resolve`: as the system does it when left out. */
  constructor(servers: readonly Endpoint[], resolve: Resolve = ask) {
    assert(servers.length > 0, "a list of servers names at least one");
    this.#servers = servers;
    this.#choice = new ServerChoice(servers.length);
    this.#resolve = resolve;
  }

  get several(): boolean {
    return this.#servers.length > 1;
  }

  get rank(): number | undefined {
    const { present } = this.#choice;
    return present === undefined || !this.several ? undefined : present + 1;
  }

  /** From now on the wanted one is looked for while the client is with another. */
  watch(owner: ListOwner): void {
    this.#owner = owner;
    if (this.several) this.#timer = setInterval(() => this.#look(owner), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.trust();
  }

  /** A name may lead elsewhere by now. */
  doubt(present: string): void {
    const server = this.#servers[this.#choice.present ?? -1];
    if (!server || isIP(server.host) !== 0) return;
    this.#stopWatching ??= watchName(server.host, this.#resolve, (addresses) => {
      const [first] = addresses;
      if (first && !addresses.includes(present)) this.#owner?.onElsewhere(first);
    });
  }

  trust(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  async next(): Promise<readonly Endpoint[]> {
    const endpoint = this.#servers[this.#choice.next(now())];
    assert(endpoint, "a choice lies within the list");
    return [endpoint];
  }

  settled(endpoint: Endpoint): void {
    const server = this.#servers.indexOf(endpoint);
    const move = this.#choice.settled(server, now());
    if (!move) return;
    const kind = move === "over" ? "failed over" : "went back";
    this.#owner?.onMoved({ kind, ...endpoint, rank: server + 1 });
  }

  lost(silent: boolean): void {
    this.trust();
    this.#choice.lost(now(), silent);
  }

  #look(owner: ListOwner): void {
    const { present } = this.#choice;
    if (present === undefined || present === 0) return;
    this.#probe(present);
    const better = this.#choice.better(owner.sounding(), now());
    const endpoint = better === undefined ? undefined : this.#servers[better];
    if (endpoint) owner.leave(`back to ${endpoint.host}:${endpoint.port}`);
  }

  #probe(present: number): void {
    const nowMs = now() / 1_000;
    if (nowMs - this.#probedAtMs < PROBE_EVERY_MS) return;
    this.#probedAtMs = nowMs;
    for (const [server, endpoint] of this.#servers.slice(0, present).entries()) {
      void answers(() => createConnection(endpoint), PROBE_MS_MAX).then((there) =>
        this.#choice.heardOf(server, there, now()),
      );
    }
  }
}

async function ask(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
