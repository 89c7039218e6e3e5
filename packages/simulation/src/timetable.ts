import { READING_REACH, readPosition, SIGNAL_CHANNELS, unwrap } from "./signal.ts";
import { later, type TrueInstant } from "./simulation.ts";

/** From frame `position` on, frames are due from `due` on at the nominal rate. */
interface Entry {
  readonly position: number;
  readonly due: TrueInstant;
}

const FULL_SCALE = 32_768;
/** Length of the piece that is looked at to be sure. (frames) */
const SPAN = 8;
/** What lies further back is heard nowhere any more. */
const ENTRIES_MAX = 4_096;
/** Chunks follow each other this exactly when the server did not stamp anew. (us) */
const RESTAMP_US_MIN = 500;

/** Which frame must be heard when, in true time, as the server told its rooms. */
export class Timetable {
  readonly counts = { chunks: 0, restamps: 0 };
  readonly #frameUs: number;
  #entries: Entry[] = [];

  constructor(rateHz: number) {
    this.#frameUs = 1e6 / rateHz;
  }

  /**
   * Learns from the PCM of a chunk whose first frame is due at `due`. `expected` is a frame number near it.
   * Read near both ends: a chunk may begin or end with silence, or with another part of the music.
   */
  learn(pcm: Int16Array, due: TrueInstant, expected: number): void {
    this.counts.chunks++;
    const last = pcm.length / SIGNAL_CHANNELS - 1 - READING_REACH - SPAN;
    for (const frame of [READING_REACH, last]) {
      const position = readPosition(pcm, frame, SPAN, FULL_SCALE);
      if (position === undefined) continue;
      const at = later(due, frame * this.#frameUs);
      this.#add({ position: Math.round(unwrap(position, expected)), due: at });
    }
  }

  /**
   * When frame `position`, which was heard at `at`, should have left a converter; undefined while nothing is
   * known. Between two entries that do not agree, where the programme was interrupted, the kinder one counts.
   */
  dueOf(position: number, at: TrueInstant): TrueInstant | undefined {
    const index = this.#findLast((each) => each.position <= position);
    const [before, behind] = [this.#entries[index], this.#entries[index + 1]];
    if (!before) return undefined;
    const due = this.#extrapolate(before, position);
    if (!behind) return due;
    const other = this.#extrapolate(behind, position);
    return Math.abs(other - at) < Math.abs(due - at) ? other : due;
  }

  /** Which frame should leave at `at`, by the entry whose moment is nearest. */
  positionAt(at: TrueInstant): number | undefined {
    const index = this.#findLast((each) => each.due <= at);
    const before = this.#entries[index];
    const behind = this.#entries[index + 1];
    const nearer = before && behind && behind.due - at < at - before.due ? behind : before;
    return nearer && nearer.position + (at - nearer.due) / this.#frameUs;
  }

  #add(entry: Entry): void {
    const last = this.#entries.at(-1);
    if (last && Math.abs(entry.due - this.#extrapolate(last, entry.position)) > RESTAMP_US_MIN) {
      this.counts.restamps++;
    }
    this.#entries.push(entry);
    if (this.#entries.length > ENTRIES_MAX) this.#entries = this.#entries.slice(ENTRIES_MAX / 2);
  }

  /** From the end, as what is heard now lies a few dozen entries back; 0 if none matches. */
  #findLast(matches: (entry: Entry) => boolean): number {
    for (let index = this.#entries.length - 1; index >= 0; index--) {
      const entry = this.#entries[index];
      if (entry && matches(entry)) return index;
    }
    return 0;
  }

  #extrapolate(entry: Entry, position: number): TrueInstant {
    return later(entry.due, (position - entry.position) * this.#frameUs);
  }
}
