/** A number for each slot of time, NaN where nothing was noted; what is old can be forgotten. */
export class Slots {
  #first = 0;
  #values: number[] = [];

  get(slot: number): number {
    return this.#values[slot - this.#first] ?? Number.NaN;
  }

  /** Keeps the array dense, as holes are slow to read. */
  set(slot: number, value: number): void {
    const at = slot - this.#first;
    if (at < 0) return;
    while (this.#values.length < at) this.#values.push(Number.NaN);
    this.#values[at] = value;
  }

  /** The first that is not forgotten. */
  get begin(): number {
    return this.#first;
  }

  /** One behind the last that was noted. */
  get end(): number {
    return this.#first + this.#values.length;
  }

  /** From `from` up to but not including `to`, as far as anything was noted. */
  slice(from: number, to: number): number[] {
    const begin = Math.max(from, this.#first);
    return Array.from({ length: Math.max(0, Math.min(to, this.end) - begin) }, (_, index) =>
      this.get(begin + index),
    );
  }

  forgetBefore(slot: number): void {
    const count = Math.min(slot - this.#first, this.#values.length);
    if (count <= 0) return;
    this.#values = this.#values.slice(count);
    this.#first += count;
  }
}
