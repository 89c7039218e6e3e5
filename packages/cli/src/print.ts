import { harmless } from "./core/cell.ts";

/** Lines for a person; whatever they hold, the terminal obeys nothing in it. */
export function say(...lines: readonly string[]): void {
  process.stdout.write(`${lines.map(harmless).join("\n")}\n`);
}

/** A document for a program. */
export function sayJson(content: unknown): void {
  process.stdout.write(`${JSON.stringify(content, null, 2)}\n`);
}
