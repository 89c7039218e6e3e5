/** Slots of a full window; one is made free by joining two neighbours. */
export const SLOTS_MAX = 64;
/** What lies further back says nothing about now: crystals wander. (us) */
const AGE_MAX = 300_000_000;

/**
 * The bounds of the server's clock that are worth remembering: time cut into slots, each with the lowest
 * upper and the highest lower bound seen in it, which may come from two exchanges. Young exchanges have a slot each;
 * as the window fills, the neighbours that lie closest together are joined. Makes no objects.
 */
export class ClockWindow {
  /** Slots in use: the first `length` numbers of each array, oldest first. */
  length = 0;
  /** Exchanges within the window. */
  exchanges = 0;
  /** When a slot's upper bound was seen, and how high it is. Relative to an origin of the owner's. (us) */
  readonly upperAt = new Float64Array(SLOTS_MAX);
  readonly upper = new Float64Array(SLOTS_MAX);
  readonly lowerAt = new Float64Array(SLOTS_MAX);
  readonly lower = new Float64Array(SLOTS_MAX);
  /** Exchanges in a slot. */
  readonly counts = new Float64Array(SLOTS_MAX);
  readonly #begun = new Float64Array(SLOTS_MAX);

  clear(): void {
    this.length = 0;
    this.exchanges = 0;
  }

  /** The time of the newest upper bound, by which others age. (us) */
  get newest(): number {
    return this.length > 0 ? (this.lowerAt[this.length - 1] as number) : 0;
  }

  /** Adds what one exchange says. `drift`: along which bounds of different times are compared. (us / us) */
  take(upperAt: number, upper: number, lowerAt: number, lower: number, drift: number): void {
    while (this.length > 0 && (this.#begun[0] as number) < upperAt - AGE_MAX) this.#drop(0);
    if (this.length === SLOTS_MAX) this.#join(this.#closest(upperAt), drift);
    const slot = this.length++;
    this.upperAt[slot] = upperAt;
    this.upper[slot] = upper;
    this.lowerAt[slot] = lowerAt;
    this.lower[slot] = lower;
    this.counts[slot] = 1;
    this.#begun[slot] = upperAt;
    this.exchanges++;
  }

  /** Exchanges in the slots from that one on. */
  exchangesFrom(slot: number): number {
    let sum = 0;
    for (let index = slot; index < this.length; index++) sum += at(this.counts, index);
    return sum;
  }

  /** The slot of the first bounds that are no older than `moment`; the last one when all are. */
  slotAt(moment: number): number {
    let slot = 0;
    while (slot + 1 < this.length && at(this.lowerAt, slot) < moment) slot++;
    return slot;
  }

  /** Bounds from before `bentAt`, as a clock sees them that had always gained so much more. (us / us) */
  turn(bentAt: number, gained: number): void {
    for (let slot = 0; slot < this.length; slot++) {
      const upperBefore = Math.max(0, bentAt - at(this.upperAt, slot));
      const lowerBefore = Math.max(0, bentAt - at(this.lowerAt, slot));
      this.upper[slot] = at(this.upper, slot) + gained * upperBefore;
      this.lower[slot] = at(this.lower, slot) + gained * lowerBefore;
    }
  }

  /** Forgets the oldest slots. */
  forget(slots: number): void {
    for (let slot = 0; slot < slots; slot++) this.#drop(0);
  }

  /** The first of the two neighbours that span the least time together. `end`: of the last slot. */
  #closest(end: number): number {
    let best = 0;
    let least = Infinity;
    for (let slot = 0; slot + 1 < SLOTS_MAX; slot++) {
      const next = slot + 2 < SLOTS_MAX ? (this.#begun[slot + 2] as number) : end;
      const span = next - (this.#begun[slot] as number);
      if (span >= least) continue;
      least = span;
      best = slot;
    }
    return best;
  }

  #join(slot: number, drift: number): void {
    const other = slot + 1;
    const upperRise = drift * (at(this.upperAt, other) - at(this.upperAt, slot));
    if (at(this.upper, other) - upperRise < at(this.upper, slot)) {
      this.upper[slot] = at(this.upper, other);
      this.upperAt[slot] = at(this.upperAt, other);
    }
    const lowerRise = drift * (at(this.lowerAt, other) - at(this.lowerAt, slot));
    if (at(this.lower, other) - lowerRise > at(this.lower, slot)) {
      this.lower[slot] = at(this.lower, other);
      this.lowerAt[slot] = at(this.lowerAt, other);
    }
    this.counts[slot] = at(this.counts, slot) + at(this.counts, other);
    this.counts[other] = 0;
    this.#drop(other);
  }

  #drop(slot: number): void {
    this.exchanges -= at(this.counts, slot);
    for (const numbers of [
      this.upperAt,
      this.upper,
      this.lowerAt,
      this.lower,
      this.counts,
      this.#begun,
    ]) {
      numbers.copyWithin(slot, slot + 1, this.length);
    }
    this.length--;
  }
}

function at(numbers: Float64Array, index: number): number {
  return numbers[index] as number;
}
