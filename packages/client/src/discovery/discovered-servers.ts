import type { Endpoint, ServerDirectory } from "../network/connection.ts";
import type { Found } from "./browse.ts";

/** Starts to ask the network and returns how to stop. */
export type Browse = (onFound: (found: Found) => void) => () => void;

/** By then a doubt has become a loss, or was none. (ms) */
const DOUBT_MS = 4_000;

/** What happens to the one that is looked for. */
export interface SearchOwner {
  /** An address that was not known: there is no point in pausing any longer. */
  onNews(endpoint: Endpoint): void;
  /** The server we are with, or one of its name, answers from there and not from where the connection leads. */
  onElsewhere(address: string): void;
}

/**
 * The server that discovery finds. It is looked for at the start, when nothing comes from it, and when the connection is lost,
 * so one that moved is found again; meanwhile its last known address is tried too.
 */
export class DiscoveredServers implements ServerDirectory {
  readonly #browse: Browse;
  readonly #owner: SearchOwner;
  #stop: (() => void) | undefined;
  #name: string | undefined;
  #last: Endpoint | undefined;
  #connected = false;
  #doubt: NodeJS.Timeout | undefined;
  /** It has answered from where the connection leads since it was last doubted. */
  #there = false;
  /** What the present search has found. */
  #found: Endpoint[] = [];
  #awaited: ((endpoints: readonly Endpoint[]) => void) | undefined;

  constructor(browse: Browse, owner: SearchOwner) {
    this.#browse = browse;
    this.#owner = owner;
  }

  next(): Promise<readonly Endpoint[]> {
    this.#connected = false;
    this.#search();
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
    this.#connected = true;
    this.stop();
  }

  doubt(): void {
    this.#there = false;
    this.#search();
    clearTimeout(this.#doubt);
    this.#doubt = setTimeout(() => this.trust(), DOUBT_MS);
  }

  trust(): void {
    if (!this.#connected) return;
    this.stop();
    this.#found = [];
  }

  moved(address: string): void {
    const isThere = ({ host }: Endpoint) => host === address;
    this.#found = [...this.#found.filter(isThere), ...this.#found.filter((at) => !isThere(at))];
  }

  stop(): void {
    clearTimeout(this.#doubt);
    this.#stop?.();
    this.#stop = undefined;
  }

  #search(): void {
    this.#stop ??= this.#browse((found) => this.#learn(found));
  }

  #learn({ name, endpoints }: Found): void {
    // In a house of two servers, stay with the one that this client was with.
    if (this.#name !== undefined && name !== this.#name && this.#last) return;
    this.#name = name;
    const last = this.#last;
    // It is where it was, and says so: the link is bad. Its host may have other addresses besides.
    const there = endpoints.some((endpoint) => last && same(endpoint, last));
    this.#there ||= there;
    if (this.#connected && this.#there) return;
    const known = this.#candidates();
    const news = endpoints.filter((endpoint) => !known.some((other) => same(other, endpoint)));
    this.#found.push(...news);
    if (news[0]) {
      this.#awaited?.(this.#candidates());
      this.#awaited = undefined;
      this.#owner.onNews(news[0]);
    }
    // Told with each answer, as what is asked for it may be lost.
    if (this.#connected && endpoints[0]) this.#owner.onElsewhere(endpoints[0].host);
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
