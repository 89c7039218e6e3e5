import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { projectRoot } from "./card.ts";

const SOURCE = join(projectRoot(), "bench/harness/stepped-clock.c");
const CELL_BYTES = 8;

/** A wall clock for one program, which can be stepped while it runs. The machine's own is not touched. */
export class SteppedClock {
  /** For the program that is to go by it. */
  readonly environment: NodeJS.ProcessEnv;
  readonly #path: string;

  /** `programs` is where the library is compiled to, once; `name` is a path of this clock's own. */
  constructor(programs: string, name: string) {
    const library = join(programs, "stepped-clock.so");
    if (!existsSync(library)) {
      mkdirSync(programs, { recursive: true });
      const flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC"];
      execFileSync("gcc", [...flags, "-o", library, SOURCE, "-ldl"]);
    }
    this.#path = `${name}.clock`;
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(this.#path, Buffer.alloc(2 * CELL_BYTES));
    this.environment = { LD_PRELOAD: library, STEPPED_CLOCK: this.#path };
  }

  /** How often its program has looked at it. */
  get readings(): number {
    return Number(readFileSync(this.#path).readBigInt64LE(CELL_BYTES));
  }

  /** Adds to what it is ahead by. */
  step(seconds: number): void {
    const ahead = readFileSync(this.#path).readBigInt64LE(0) + BigInt(seconds);
    const cell = Buffer.alloc(CELL_BYTES);
    cell.writeBigInt64LE(ahead);
    // In place, and nothing of what its program counts beside it.
    writeFileSync(this.#path, cell, { flag: "r+" });
  }
}
