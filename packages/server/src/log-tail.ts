import { LOG_LEVELS } from "@tutti/protocol";
import { LOG_LINES_MAX, type LogLine, type LogQuery } from "@tutti/protocol/control";

/** Of a line's fields; an event has some hundred. (characters) */
const FIELDS_CHARS_MAX = 2_000;

/** The newest lines of the log, of whatever level is written: what happened before one asked is there, too. */
export class LogTail {
  readonly #clock: () => number;
  readonly #lines: LogLine[] = [];
  #last = 0;

  /** `clock` tells seconds since 1970. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  add(line: Pick<LogLine, "level" | "part" | "event"> & { readonly fields: object }): void {
    const text = JSON.stringify(line.fields);
    const fields = text.length > FIELDS_CHARS_MAX ? { chars: text.length } : JSON.parse(text);
    this.#lines.push({ ...line, fields, number: ++this.#last, at: this.#clock() });
    if (this.#lines.length > LOG_LINES_MAX) this.#lines.shift();
  }

  /** The number of the newest line, and of the oldest that is kept. */
  get range(): { readonly first: number; readonly last: number } {
    return { first: this.#last - this.#lines.length + 1, last: this.#last };
  }

  /** The newest that fit, the oldest of them first; `last` is the number to ask on from. */
  query({ lines, level, part, after = 0 }: LogQuery): { lines: LogLine[]; last: number } {
    const least = LOG_LEVELS.indexOf(level);
    const fitting = this.#lines.filter(
      (line) =>
        line.number > after &&
        LOG_LEVELS.indexOf(line.level) <= least &&
        (part === undefined || line.part === part),
    );
    return { lines: fitting.slice(-lines), last: this.#last };
  }
}
