import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How long a line may be awaited: a loaded machine starts programs slowly. (ms) */
const LINE_PATIENCE_MS = 20_000;
/** After a polite signal, how long until a rude one. (ms) */
const STOP_PATIENCE_MS = 5_000;

/** Without more certificates than Node has: it reads them for 50 ms before a program's first line, and none here speaks TLS. */
const { NODE_EXTRA_CA_CERTS: _, ...ENVIRONMENT } = process.env;

interface Line {
  readonly text: string;
  /** When it was read here. (ms, monotonic) */
  readonly atMs: number;
}

/** A program under test, with all that it says. */
export class Running {
  readonly child: ChildProcess;
  /** When it was started. (ms, monotonic) */
  readonly startedMs: number;
  readonly lines: Line[] = [];
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** The same, once no line is to come any more. */
  #saidAll: number | string | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.startedMs = performance.now();
    this.child = spawn(command, args, {
      env: { ...ENVIRONMENT, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", (text) => this.#note(text));
    }
    this.ended = new Promise((resolve) => {
      this.child.once("error", (error) => resolve(error.message));
      this.child.once("exit", (status, signal) => resolve(signal ?? status ?? -1));
    });
    this.child.once("close", (status, signal) => {
      this.#saidAll = signal ?? status ?? -1;
      for (const listener of this.#listeners) listener();
    });
  }

  get pid(): number {
    return this.child.pid ?? Number.NaN;
  }

  get text(): string {
    return this.lines.map(({ text }) => text).join("\n");
  }

  /** The first line that matches, from the `from`th on, now or later. Rejects with all it said, at once when the program has ended. */
  async line(pattern: RegExp, from = 0): Promise<Line> {
    const deadline = performance.now() + LINE_PATIENCE_MS;
    for (;;) {
      const found = this.lines.slice(from).find(({ text }) => pattern.test(text));
      if (found) return found;
      if (this.#saidAll !== undefined) {
        throw new Error(`no line ${pattern} until it ended, ${this.#saidAll}, in:\n${this.text}`);
      }
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`no line ${pattern} within patience in:\n${this.text}`);
      await this.#nextLine(leftMs);
    }
  }

  /** Ends it, politely at first. Resolves to how it ended. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | string> {
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill("SIGKILL"), STOP_PATIENCE_MS);
    const how = await this.ended;
    clearTimeout(timer);
    return how;
  }

  #note(text: string): void {
    this.lines.push({ text, atMs: performance.now() });
    for (const listener of this.#listeners) listener();
  }

  #nextLine(patienceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#listeners.delete(done);
        resolve();
      };
      const timer = setTimeout(done, patienceMs);
      this.#listeners.add(done);
    });
  }
}
