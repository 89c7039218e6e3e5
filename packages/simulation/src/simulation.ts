import { assert, type Micros } from "@tutti/protocol";
import { Random } from "./random.ts";

declare const trueInstant: unique symbol;
/** What a perfect clock reads, in microseconds since the run began. No host of the house can see it. */
export type TrueInstant = number & { readonly [trueInstant]: true };

/** Something that will happen. `cancelled` events are skipped. */
export interface Happening {
  readonly at: TrueInstant;
  cancelled: boolean;
}

interface Queued extends Happening {
  /** Events of one moment happen in the order in which they were scheduled. */
  readonly order: number;
  readonly run: () => void;
}

/** Virtual time: a queue of events, and all chance of a run drawn from one seed. */
export class Simulation {
  readonly seed: number;
  #now = 0 as TrueInstant;
  #order = 0;
  readonly #queue: Queued[] = [];

  constructor(seed: number) {
    this.seed = seed;
  }

  get now(): TrueInstant {
    return this.#now;
  }

  /** How many events were ever scheduled. */
  get events(): number {
    return this.#order;
  }

  /** A stream of chance of its own for whatever bears `name`: what else is in the house changes none of it. */
  random(name: string): Random {
    return new Random(`${this.seed}/${name}`);
  }

  /** A moment that has passed counts as now. */
  at(when: TrueInstant, run: () => void): Happening {
    assert(!Number.isNaN(when), "events happen at a moment");
    const at = Math.max(when, this.#now) as TrueInstant;
    const event = { at, order: this.#order++, run, cancelled: false };
    push(this.#queue, event);
    return event;
  }

  after(span: Micros, run: () => void): Happening {
    return this.at(later(this.#now, span), run);
  }

  /** Lets everything happen up to and including `until`. */
  run(until: TrueInstant): void {
    for (let next = this.#queue[0]; next && next.at <= until; next = this.#queue[0]) {
      shift(this.#queue);
      this.#now = next.at;
      if (!next.cancelled) next.run();
    }
    this.#now = until;
  }
}

export function trueTime(micros: number): TrueInstant {
  return micros as TrueInstant;
}

export function later(start: TrueInstant, span: number): TrueInstant {
  return (start + span) as TrueInstant;
}

function isBefore(a: Queued, b: Queued): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A binary heap in an array: the earliest is at 0, and none comes before the one at half its index. */
function push(heap: Queued[], event: Queued): void {
  let hole = heap.length;
  heap.push(event);
  while (hole > 0) {
    const above = (hole - 1) >> 1;
    const parent = heap[above];
    if (!parent || !isBefore(event, parent)) break;
    heap[hole] = parent;
    hole = above;
  }
  heap[hole] = event;
}

function shift(heap: Queued[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let hole = 0;
  for (let child = heap[1]; child; child = heap[2 * hole + 1]) {
    let at = 2 * hole + 1;
    const right = heap[at + 1];
    if (right && isBefore(right, child)) {
      child = right;
      at++;
    }
    if (!isBefore(child, last)) break;
    heap[hole] = child;
    hole = at;
  }
  heap[hole] = last;
}
