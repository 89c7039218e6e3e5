import type { Endpoint, ServerDirectory } from "../network/connection.ts";
import type { Found } from "./browse.ts";

/** Starts to ask the network and returns how to stop. */
export type Browse = (onFound: (found: Found) => void) => () => void;

/**
 * The server that discovery finds. It is looked for at the start and whenever the connection is lost,
 * so one that moved is found again; meanwhile its last known address is tried too.
 */
export class DiscoveredServers implements ServerDirectory {
  readonly #browse: Browse;
  readonly #onNews: (endpoint: Endpoint) => void;
  #stop: (() => void) | undefined;
  #name: string | undefined;
  #last: Endpoint | undefined;
  /** What the present search has found. */
  #found: Endpoint[] = [];
  #awaited: ((endpoints: readonly Endpoint[]) => void) | undefined;

  /** `onNews` hears of each address that was not known: there is no point in pausing any longer. */
  constructor(browse: Browse, onNews: (endpoint: Endpoint) => void) {
    this.#browse = browse;
    this.#onNews = onNews;
  }

  next(): Promise<readonly Endpoint[]> {
    this.#stop ??= this.#browse((found) => this.#learn(found));
    const candidates = this.#candidates();
    if (candidates.length > 0) return Promise.resolve(candidates);
    return new Promise((resolve) => {
      this.#awaited = resolve;
    });
  }

  /** The server there answered as one: stop searching and remember it. */
  settled(endpoint: Endpoint): void {
    this.#last = endpoint;
    this.#found = [];
    this.stop();
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #learn({ name, endpoints }: Found): void {
    // In a house of two servers, stay with the one that this client was with.
    if (this.#name !== undefined && name !== this.#name && this.#last) return;
    this.#name = name;
    const known = this.#candidates();
    const news = endpoints.filter((endpoint) => !known.some((other) => same(other, endpoint)));
    this.#found.push(...news);
    const [first] = news;
    if (!first) return;
    this.#awaited?.(this.#candidates());
    this.#awaited = undefined;
    this.#onNews(first);
  }

  /** Fresh answers before what was true once. */
  #candidates(): readonly Endpoint[] {
    const last = this.#last;
    if (!last || this.#found.some((endpoint) => same(endpoint, last))) return [...this.#found];
    return [...this.#found, last];
  }
}

function same(a: Endpoint, b: Endpoint): boolean {
  return a.host === b.host && a.port === b.port;
}
