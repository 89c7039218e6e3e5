import { crc32 } from "node:zlib";
import { parseSavedChange, type SavedChange, type SavedHouse } from "@tutti/protocol/control";
import type { Disk, Pieces } from "./disk.ts";
import { changed } from "./state-change.ts";

/** A disk writes so much or nothing: what holds an acknowledged line is not written again. */
const SECTOR_BYTES = 512;
/** Of each of the two files: two thousand turns of a volume knob. */
const FILE_BYTES = 1024 * 1024;

export interface JournalOptions {
  readonly disk: Disk;
  /** Two: one is written while the house is saved whole, so that the other may be written over. */
  readonly files: readonly [string, string];
  /** Other than usual, for those who want it full soon. */
  readonly bytes?: number;
}

/** One of the two files. */
interface Half {
  readonly pieces: Pieces;
  /** The last line's. Whoever has a house of that revision on disk needs no line of this file. */
  revision: number;
}

/**
 * The changes since the house was saved whole, a line each with its checksum. Written in place into files
 * that have their length already, it costs a disk one write a change. Lines left from before do no harm: each
 * names the revision that it leads on from, and none is used twice.
 */
export class Journal {
  readonly #bytes: number;
  readonly #halves: readonly [Half, Half];
  #active = 0;
  #used = 0;

  private constructor(halves: readonly [Half, Half], bytes: number) {
    this.#halves = halves;
    this.#bytes = bytes;
  }

  /** What the files hold must be in a house saved whole: it is written over. */
  static async open({ disk, files, bytes = FILE_BYTES }: JournalOptions): Promise<Journal> {
    const halves: Half[] = [];
    for (const file of files) {
      halves.push({ pieces: await disk.openPieces(file, bytes), revision: 0 });
    }
    return new Journal(halves as [Half, Half], bytes);
  }

  /** Whether there is room for a line, if the house of revision `saved` is on disk. */
  hasRoom(line: string, saved: number): boolean {
    if (this.#fits(line)) return true;
    return Buffer.byteLength(line) <= this.#bytes && this.#idle.revision <= saved;
  }

  /** Whether the other file will be needed soon and holds changes that the house of revision `saved` has not. */
  wantsWhole(saved: number): boolean {
    return this.#used > this.#bytes / 2 && this.#idle.revision > saved;
  }

  /** Resolves when it survives a power cut. There must be room, and no other line under way. */
  async append(line: string, revision: number): Promise<void> {
    if (!this.#fits(line)) {
      this.#active = 1 - this.#active;
      this.#used = 0;
    }
    const half = this.#half(this.#active);
    const at = this.#used;
    this.#used += Math.ceil(Buffer.byteLength(line) / SECTOR_BYTES) * SECTOR_BYTES;
    half.revision = revision;
    await half.pieces.write(line, at);
  }

  async close(): Promise<void> {
    for (const { pieces } of this.#halves) await pieces.close();
  }

  #fits(line: string): boolean {
    return this.#used + Buffer.byteLength(line) <= this.#bytes;
  }

  get #idle(): Half {
    return this.#half(1 - this.#active);
  }

  #half(at: number): Half {
    return at === 0 ? this.#halves[0] : this.#halves[1];
  }
}

/** A change as it stands in the journal. Begins on a line of its own, whatever a longer one left there before. */
export function lineOf(change: SavedChange): string {
  const json = JSON.stringify(change);
  return `\n${checksum(json)} ${json}\n`;
}

/** A house with all changes of a journal that lead on from it; `left`: changes of a later house that do not. */
export function replayed(
  house: SavedHouse,
  texts: readonly string[],
): { readonly house: SavedHouse; readonly left: number } {
  const changes = texts.flatMap(changesIn).toSorted((a, b) => a.revision - b.revision);
  // Of two that lead on from the same house the later one: the earlier was never acknowledged.
  const next = new Map(changes.map((change) => [change.from, change]));
  let result = house;
  for (;;) {
    const change = next.get(result.revision);
    if (!change) break;
    result = changed(result, change);
  }
  return {
    house: result,
    left: changes.filter(({ revision }) => revision > result.revision).length,
  };
}

function changesIn(text: string): SavedChange[] {
  return [...text.matchAll(/^([0-9a-f]{8}) (\{.*\})$/gm)].flatMap(([, sum, json = ""]) => {
    const change = sum === checksum(json) ? parseSavedChange(JSON.parse(json)) : undefined;
    // One that leads back would lead round in a circle.
    return change && change.revision > change.from ? [change] : [];
  });
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
