import type { Disk } from "../src/store/disk.ts";

/** A file's content: what is in memory, and what would be left of it without power. */
interface Inode {
  text: string;
  flushed: string;
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
      for (const part of [0, 0.5, 1]) yield new PowerCutDisk({ names: torn(names, part) });
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

/** What is left of files: that part of what was not flushed. */
function torn(names: ReadonlyMap<string, Inode>, part: number): Map<string, Inode> {
  const left = [...names].map(([name, { text, flushed }]) => {
    const unflushed = text.slice(0, text.length * part);
    const found = flushed === text ? text : unflushed;
    return [name, { text: found, flushed: found }] as const;
  });
  return new Map(left);
}
