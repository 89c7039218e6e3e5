import type { Disk, Pieces } from "../src/store/disk.ts";

/** A file's content: what is in memory, and what would be left of it without power. */
interface Inode {
  text: string;
  flushed: string;
  /** A piece that is being written in place: any part of it may be there. */
  piece?: Piece | undefined;
}

interface Piece {
  readonly text: string;
  readonly at: number;
}

/** What a cut leaves of things that were being written. */
interface Tear {
  /** Of files that were not flushed: so much of them. */
  readonly part: number;
  /** Of a piece: from that byte to that. */
  readonly from: number;
  readonly to: number;
}

/** A change of names that only memory knows yet. */
type Step = (names: Map<string, Inode>) => void;

/**
 * A disk whose power can be cut after any step. Names change in memory; a journal writes them in their order, at the
 * latest with a flush of the directory. Content that was not flushed may be there, cut off anywhere, or missing.
 */
export class PowerCutDisk implements Disk {
  /** Steps taken; the next one never ends when there is no power for it. */
  steps = 0;
  /** Pieces written in place. */
  pieces = 0;
  readonly #power: number;
  readonly #flushes: boolean;
  readonly #names: Map<string, Inode>;
  #durable: Map<string, Inode>;
  #pending: Step[] = [];

  /** `power`: steps until the cut. `flushes`: whether flushing does anything. */
  constructor(set: { power?: number; flushes?: boolean; names?: Map<string, Inode> } = {}) {
    this.#power = set.power ?? Infinity;
    this.#flushes = set.flushes ?? true;
    this.#names = set.names ?? new Map();
    this.#durable = new Map(this.#names);
  }

  /** Every disk that may be found after the cut: how much of the journal, how much of what was not flushed. */
  *afterwards(): Iterable<PowerCutDisk> {
    for (let written = 0; written <= this.#pending.length; written++) {
      const names = new Map(this.#durable);
      for (const step of this.#pending.slice(0, written)) step(names);
      // Of a disk that never flushes all that was ever written hangs in the air: whether it is there has to do.
      for (const tear of this.#flushes ? tears(names) : [GONE, THERE])
        yield new PowerCutDisk({ names: torn(names, tear) });
    }
  }

  exists(file: string): boolean {
    return this.#names.has(file);
  }

  read(file: string): string {
    return this.#inode(file).text;
  }

  putAside(file: string, as: string): void {
    move(file, as)(this.#names);
  }

  async makeDirectory(): Promise<void> {
    await this.#step();
  }

  async writeFlushed(file: string, text: string): Promise<void> {
    await this.#step();
    const inode = { text: "", flushed: "" };
    this.#change((names) => void names.set(file, inode));
    await this.#step();
    inode.text = text.slice(0, text.length / 2);
    await this.#step();
    inode.text = text;
    await this.#step();
    if (this.#flushes) inode.flushed = text;
  }

  async openPieces(file: string, bytes: number): Promise<Pieces> {
    const known = this.#names.get(file);
    if (known?.text.length !== bytes) await this.writeFlushed(file, "\n".repeat(bytes));
    const inode = this.#inode(file);
    return {
      write: async (text, at) => {
        await this.#step();
        inode.piece = { text, at };
        await this.#step();
        this.pieces++;
        inode.text = overwritten(inode.text, inode.piece);
        if (!this.#flushes) return;
        inode.flushed = overwritten(inode.flushed, inode.piece);
        inode.piece = undefined;
      },
      close: async () => {},
    };
  }

  async remove(file: string): Promise<void> {
    await this.#step();
    this.#change((names) => void names.delete(file));
  }

  async link(file: string, as: string): Promise<boolean> {
    await this.#step();
    const inode = this.#names.get(file);
    if (inode) this.#change((names) => void names.set(as, inode));
    return inode !== undefined;
  }

  async rename(file: string, as: string): Promise<void> {
    await this.#step();
    this.#inode(file);
    this.#change(move(file, as));
  }

  async flushDirectory(): Promise<void> {
    await this.#step();
    if (!this.#flushes) return;
    this.#pending = [];
    this.#durable = new Map(this.#names);
  }

  /** One step, unless there is no power for it: then nothing ever happens again. */
  #step(): Promise<void> {
    if (this.steps >= this.#power) return new Promise(() => {});
    this.steps++;
    return Promise.resolve();
  }

  #change(step: Step): void {
    step(this.#names);
    this.#pending.push(step);
  }

  #inode(file: string): Inode {
    const inode = this.#names.get(file);
    if (!inode) throw Object.assign(new Error(`no ${file}`), { code: "ENOENT" });
    return inode;
  }
}

function move(file: string, as: string): Step {
  return (names) => {
    const inode = names.get(file);
    names.delete(file);
    if (inode) names.set(as, inode);
  };
}

const GONE: Tear = { part: 0, from: 0, to: 0 };
const THERE: Tear = { part: 1, from: 0, to: Number.MAX_SAFE_INTEGER };

/** Every way in which the cut may tear them: a piece may be there up to any byte, or from any byte on. */
function tears(names: ReadonlyMap<string, Inode>): Tear[] {
  const pieces = [...names.values()].map(({ piece }) => piece?.text.length ?? 0);
  const length = Math.max(0, ...pieces);
  const bytes = Array.from({ length }, (_, at) => at);
  return [
    GONE,
    { ...GONE, part: 0.5 },
    ...bytes.flatMap((at) => [
      { ...THERE, to: at },
      { ...THERE, from: at },
    ]),
    THERE,
  ];
}

/** What is left of files. */
function torn(names: ReadonlyMap<string, Inode>, { part, from, to }: Tear): Map<string, Inode> {
  const left = [...names].map(([name, { text, flushed, piece }]) => {
    const unflushed = text.slice(0, text.length * part);
    const kept = flushed === text || piece ? flushed : unflushed;
    const rest = piece && { text: piece.text.slice(from, to), at: piece.at + from };
    const found = rest ? overwritten(kept, rest) : kept;
    return [name, { text: found, flushed: found }] as const;
  });
  return new Map(left);
}

function overwritten(text: string, { text: piece, at }: Piece): string {
  return text.slice(0, at) + piece + text.slice(at + piece.length);
}
