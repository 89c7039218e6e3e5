import type { WriteStream } from "node:tty";

const CLEAR_LINE = "\r\u001b[2K";

type Stream = NodeJS.WritableStream & Partial<Pick<WriteStream, "isTTY" | "columns">>;

/** Lines that scroll, and below them one that stays as long as there is a terminal to draw it on. */
export class Terminal {
  readonly #lines: Stream;
  readonly #below: Stream;
  #status = "";

  /** Lines and the one below go to two streams, of which one may be a file. */
  constructor(lines: Stream, below: Stream) {
    this.#lines = lines;
    this.#below = below;
  }

  /** Whether a person reads the lines. */
  get read(): boolean {
    return this.#lines.isTTY === true;
  }

  /** Whether a line can stay. */
  get draws(): boolean {
    return this.#below.isTTY === true;
  }

  get columns(): number {
    return this.#below.columns || 80; // a terminal that does not know says 0
  }

  print(line: string): void {
    const drawn = this.draws && this.read ? this.#status : "";
    if (drawn) this.#below.write(CLEAR_LINE);
    this.#lines.write(`${line}\n`);
    if (drawn) this.#below.write(drawn);
  }

  /** Takes the line that stays away. */
  clear(): void {
    if (this.draws && this.#status) this.#below.write(CLEAR_LINE);
    this.#status = "";
  }

  /** Replaces the line that stays. Where none can stay, it scrolls. */
  status(line: string): void {
    if (!this.draws) this.#below.write(`${line}\n`);
    else if (line !== this.#status) this.#below.write(CLEAR_LINE + line);
    this.#status = line;
  }
}
