import { harmless } from "./core/cell.ts";

/** Lines for a person; whatever they hold, the terminal obeys nothing in it. */
export function say(...lines: readonly string[]): void {
  process.stdout.write(`${lines.map(harmless).join("\n")}\n`);
}

/** The same beside the output proper: what went wrong, what to know. It may have several lines. */
export function remark(text: string): void {
  process.stderr.write(`${text.split("\n").map(harmless).join("\n")}\n`);
}

/** A document for a program; `dense` on one line. */
export function sayJson(content: unknown, form: "dense" | "wide" = "wide"): void {
  const text = JSON.stringify(content, null, form === "wide" ? 2 : undefined);
  process.stdout.write(`${text.replaceAll(COMMANDS, escaped)}\n`);
}

/** What JSON leaves as it is and terminals obey. */
const COMMANDS = /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
