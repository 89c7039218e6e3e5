import type { Logger } from "pino";
import type { Terminal } from "./terminal.ts";

export type Level = "error" | "warn" | "info" | "debug" | "trace";
export type Fields = Readonly<Record<string, unknown>>;

/** Constant text, with all values in fields. */
export type Log = Readonly<Record<Level, (fields: Fields, message: string) => void>>;

interface Entry {
  readonly level: Level;
  readonly atMs: number;
  readonly fields: Fields;
  readonly message: string;
}

/**
 * A log whose writer is loaded only once there is music: pino takes as long to load as the connection
 * to the server. Until then entries wait; nothing is lost, and each keeps its time.
 */
export class DeferredLog implements Log {
  readonly #lowest: Level;
  readonly #terminal: Terminal;
  #waiting: Entry[] = [];
  #pino: Logger | undefined;
  #atMs = 0;

  constructor(lowest: Level, terminal: Terminal) {
    this.#lowest = lowest;
    this.#terminal = terminal;
  }

  error = (fields: Fields, message: string) => this.#write("error", fields, message);
  warn = (fields: Fields, message: string) => this.#write("warn", fields, message);
  info = (fields: Fields, message: string) => this.#write("info", fields, message);
  debug = (fields: Fields, message: string) => this.#write("debug", fields, message);
  trace = (fields: Fields, message: string) => this.#write("trace", fields, message);

  /** Loads the writer and writes what has waited. Again is harmless. */
  async begin(): Promise<void> {
    const { pino } = await import("pino");
    this.#pino ??= pino(
      {
        level: this.#lowest,
        base: null,
        timestamp: () => `,"time":${this.#atMs}`,
        formatters: { level: (level) => ({ level }) },
      },
      {
        write: (line: string) =>
          this.#terminal.print(this.#terminal.read ? readable(line) : line.trimEnd()),
      },
    );
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const entry of waiting) this.#pass(this.#pino, entry);
  }

  #write(level: Level, fields: Fields, message: string): void {
    const entry = { level, atMs: Date.now(), fields, message };
    if (this.#pino) this.#pass(this.#pino, entry);
    else this.#waiting.push(entry);
  }

  #pass(pino: Logger, { level, atMs, fields, message }: Entry): void {
    this.#atMs = atMs;
    pino[level](fields, message);
  }
}

/** A line of the log as a person at a terminal reads it: time, level, message, fields. */
export function readable(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Fields;
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${plain(value)}`);
  return [clock, String(level).padEnd(5), msg, ...pairs].join(" ");
}

function plain(value: unknown): string {
  return typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
