import type { WriteStream } from "node:tty";

type Out = Pick<NodeJS.WritableStream, "write"> & Partial<Pick<WriteStream, "isTTY" | "rows">>;

/** A screen of its own, as pagers have it: what was on the terminal comes back at the end. */
const OPEN = "\u001b[?1049h\u001b[?25l";
const CLOSE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_TO_LINE_END = "\u001b[K";
const CLEAR_TO_SCREEN_END = "\u001b[J";

/** Pages that replace each other in place; where there is no terminal they follow each other. */
export class Screen {
  readonly #out: Out;
  #open = false;

  constructor(out: Out) {
    this.#out = out;
  }

  show(page: string): void {
    if (!this.#out.isTTY) {
      this.#out.write(`${page}\n\n`);
      return;
    }
    const begin = this.#open ? "" : OPEN;
    this.#open = true;
    const lines = fitting(page.split("\n"), this.#out.rows || 24);
    // Written over the last page, not onto a cleared one: that would flicker.
    const text = lines.map((line) => line + CLEAR_TO_LINE_END).join("\n");
    this.#out.write(begin + HOME + text + CLEAR_TO_SCREEN_END);
  }

  close(): void {
    if (this.#open) this.#out.write(CLOSE);
    this.#open = false;
  }
}

function fitting(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  return [...lines.slice(0, rows - 1), `and ${lines.length - rows + 1} more lines`];
}
