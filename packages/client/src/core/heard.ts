import type { LocalInstant } from "@tutti/protocol";

/** Blocks remembered: with blocks of 10 ms what is queued for music and waits in the card, twice over. */
const BLOCKS = 64;

/** Which moment of the programme was rendered for which moment of hearing: what waits before the card is heard later. */
export class Heard {
  readonly #heardAt = new Float64Array(BLOCKS).fill(Number.NaN);
  readonly #programme = new Float64Array(BLOCKS).fill(Number.NaN);
  #blocks = 0;

  /** `programme`: when that was recorded which a block begins with; NaN for silence. (us of server time) */
  note(heardAt: LocalInstant, programme: number): void {
    const place = this.#blocks++ % BLOCKS;
    this.#heardAt[place] = heardAt;
    this.#programme[place] = programme;
  }

  /** What was rendered before means nothing any more. */
  forget(): void {
    this.#heardAt.fill(Number.NaN);
  }

  /** The host's clock gains `ppm` more from `at` on: it will read otherwise when those are heard that come then. */
  bent(at: LocalInstant, ppm: number): void {
    for (let place = 0; place < BLOCKS; place++) {
      const beyond = (this.#heardAt[place] as number) - at;
      if (beyond > 0) this.#heardAt[place] = at + beyond * (1 + ppm / 1_000_000);
    }
  }

  /**
   * How late the block is that is heard at `now`, or the next that will be: `recordedAt` says which
   * moment of the programme is due. NaN when there is none. (us)
   */
  lateness(now: LocalInstant, recordedAt: (moment: LocalInstant) => number): number {
    let found = -1;
    let foundAway = Infinity;
    for (let place = 0; place < BLOCKS; place++) {
      const away = Math.abs((this.#heardAt[place] as number) - now);
      if (!(away < foundAway)) continue;
      found = place;
      foundAway = away;
    }
    if (found < 0) return Number.NaN;
    const heardAt = this.#heardAt[found] as LocalInstant;
    return recordedAt(heardAt) - (this.#programme[found] as number);
  }
}
