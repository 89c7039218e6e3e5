import { arrivalOf } from "@tutti/audio/core";
import type { PlayerInput, PlayerOutput } from "@tutti/client/core";
import { localInstant, type Micros, millis, type TimeAnswer } from "@tutti/protocol";
import type { EventLoop } from "./event-loop.ts";
import type { HostClock } from "./host-clock.ts";
import type { Link } from "./link.ts";
import type { ServerList } from "./server-list.ts";
import { type Happening, later, type Simulation } from "./simulation.ts";

/** UDP and IP headers come on top of a datagram of 40 bytes. */
const DATAGRAM_BYTES = 68;
/** Of a question by mDNS, and what answers it. */
const SEARCH_BYTES = 80;
/** How often that is repeated (client/src/discovery/browse.ts). */
const SEARCH_EVERY: Micros = millis(500);
/** Where a server is that has moved. */
const ELSEWHERE = "elsewhere";

/** Whose questions they are. */
export interface Asker {
  readonly simulation: Simulation;
  readonly clock: HostClock;
  readonly loop: EventLoop;
  readonly link: Link;
  readonly servers: Pick<ServerList, "present">;
}

/** What a room asks beside its connection: the time, in datagrams, and where its server is, by mDNS. */
export class Questions {
  /** The server's host has another address than that to which the connection leads. */
  moved = false;
  readonly #asker: Asker;
  readonly #answer: (input: PlayerInput) => void;
  #search: Happening | undefined;

  constructor(asker: Asker, answer: (input: PlayerInput) => void) {
    this.#asker = asker;
    this.#answer = answer;
  }

  ask({ question, address }: Extract<PlayerOutput, { kind: "ask time" }>): void {
    if (this.moved !== (address === ELSEWHERE)) return;
    const { link, clock, servers } = this.#asker;
    const { toServer, toClient } = link;
    const clientSent = localInstant(clock.now);
    const server = servers.present;
    link.datagram(toServer, DATAGRAM_BYTES, () => {
      server.ask({ ...question, clientSent }, (answer) => {
        link.datagram(toClient, DATAGRAM_BYTES, () => {
          // What a server answers that was left means nothing to the next.
          if (server === servers.present) this.#answered(answer, address);
        });
      });
    });
  }

  /** One that has not moved answers from where it is, which is no news; that costs nothing here. */
  search(): void {
    if (!this.moved) return;
    const { simulation, loop, link } = this.#asker;
    this.endSearch();
    this.#search = loop.wakeAt(later(simulation.now, SEARCH_EVERY), () => this.search());
    link.datagram(link.toServer, SEARCH_BYTES, () => {
      link.datagram(link.toClient, SEARCH_BYTES, () => {
        loop.post(() => this.#answer({ kind: "found elsewhere", address: ELSEWHERE }));
      });
    });
  }

  endSearch(): void {
    if (this.#search) this.#search.cancelled = true;
  }

  #answered({ clientSent, serverReceived, serverSent }: TimeAnswer, address?: string): void {
    const { clock, loop } = this.#asker;
    const arrived = clock.now;
    loop.post(() => {
      const clientReceived = localInstant(arrivalOf(arrived, clock.now));
      const exchange = { clientSent, serverReceived, serverSent, clientReceived };
      if (address === undefined) this.#answer({ kind: "time answer", exchange });
      else this.#answer({ kind: "answer from elsewhere", exchange, address });
    });
  }
}
