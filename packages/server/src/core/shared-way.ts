/**
 * What clients' links have in common, as far as it shows: where two are found to be too slow at the same time, it is one
 * narrow way that both go, such as the server's own.
 *
 * Behind it nobody can find out alone what there is: who is given more takes it from the others. So one tries
 * at a time, goes back when another falls behind, and all wait after somebody had to be sent less.
 */
import { between, type ServerInstant, seconds } from "@tutti/protocol";

/** So soon after one another is at the same time. */
const TOGETHER = seconds(5);
/** What was one way once is taken for one for so long. */
const REMEMBERED = seconds(600);
/** Those that fall behind so soon after a rise fall behind because of it; and between two rises. */
const BLAMED = seconds(6);
const RISES_APART = seconds(15);
/** A link that was found to be too slow so lately tells what a newcomer will find. */
const FELL_LATELY = seconds(30);

/** What a client's link has shown. */
export interface Traveller {
  /** When it was found to be too slow last. */
  readonly fellAt: ServerInstant | undefined;
  /** Since when it is given more than before, and may turn out to be too slow for that. */
  readonly roseAt: ServerInstant | undefined;
  /** Another client had to be sent less. */
  othersFell(now: ServerInstant): void;
}

/** Who shares a way with whom. To be asked with all clients there are. */
export class SharedWay<Client extends Traveller> {
  #foundAt: ServerInstant | undefined;

  /** One of `all` has fallen: all others wait if they go the same way. */
  fell(client: Client, all: Iterable<Client>, now: ServerInstant): void {
    const others = [...all].filter((each) => each !== client);
    if (others.some(({ fellAt }) => lately(fellAt, TOGETHER, now))) this.#foundAt = now;
    if (this.#known(now)) for (const other of others) other.othersFell(now);
  }

  /** Whether somebody else is trying how much there is. */
  tried(client: Client, all: Iterable<Client>, now: ServerInstant): boolean {
    return this.#rose(client, all, RISES_APART, now) !== undefined;
  }

  /** Who has just risen, so that another than `client` fell behind. */
  blamed(client: Client, all: Iterable<Client>, now: ServerInstant): Client | undefined {
    if (lately(client.roseAt, BLAMED, now)) return undefined;
    return this.#rose(client, all, BLAMED, now);
  }

  /** Those that were found to be too slow just now, if that were several: what a newcomer has to expect. */
  fallen(all: Iterable<Client>, now: ServerInstant): Client[] {
    const fallen = [...all].filter(({ fellAt }) => lately(fellAt, FELL_LATELY, now));
    return fallen.length > 1 ? fallen : [];
  }

  #rose(
    client: Client,
    all: Iterable<Client>,
    span: number,
    now: ServerInstant,
  ): Client | undefined {
    if (!this.#known(now)) return undefined;
    return [...all].find((each) => each !== client && lately(each.roseAt, span, now));
  }

  #known(now: ServerInstant): boolean {
    return lately(this.#foundAt, REMEMBERED, now);
  }
}

function lately(at: ServerInstant | undefined, span: number, now: ServerInstant): boolean {
  return at !== undefined && between(at, now) < span;
}
