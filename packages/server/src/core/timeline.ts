import { after, type Micros, type ServerInstant } from "@tutti/protocol";

/** Something of a stream that is due at a time. */
export interface Timed {
  readonly recordedAt: ServerInstant;
}

/** What a stream was in the last while, oldest first: what a client that joins now has missed. */
export class Timeline<Item extends Timed> {
  #length: Micros;
  #items: Item[] = [];

  /** Keeps what is at most `length` old. */
  constructor(length: Micros) {
    this.#length = length;
  }

  /** From now on it keeps what is at most so old. */
  set length(value: Micros) {
    this.#length = value;
  }

  push(item: Item, now: ServerInstant): void {
    this.#items.push(item);
    this.#prune(now);
  }

  /** All that is still to be heard, oldest first. */
  current(now: ServerInstant): readonly Item[] {
    this.#prune(now);
    return this.#items;
  }

  clear(): void {
    this.#items = [];
  }

  /** The clock that stamps was set: all that is kept is stamped anew. */
  move(by: Micros): void {
    this.#items = this.#items.map((item) => ({ ...item, recordedAt: after(item.recordedAt, by) }));
  }

  #prune(now: ServerInstant): void {
    const kept = this.#items.findIndex(({ recordedAt }) => after(recordedAt, this.#length) > now);
    if (kept !== 0) this.#items.splice(0, kept < 0 ? this.#items.length : kept);
  }
}
