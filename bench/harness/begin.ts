import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeMachine } from "./machine.ts";

const SIGTERM_STATUS = 143;

/** What a measurement begins with. */
export interface Begun {
  /** Gone when the process ends. */
  readonly folder: string;
  /** Where the results come from, as lines of Markdown. */
  readonly machine: string;
}

/** Begins a measurement, or ends the process where something is missing: each as a sentence for a person. */
export function begin(name: string, missing: readonly string[] = []): Begun {
  for (const each of missing) console.error(`tutti bench ${name}: ${each}`);
  if (missing.length > 0) process.exit(1);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    // Exit handlers remove hosts and end programs.
    process.once(signal, () => process.exit(SIGTERM_STATUS));
  }
  const folder = mkdtempSync(join(tmpdir(), `tutti-${name}-`));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const words = ["./tutti bench", name, ...process.argv.slice(2)];
  return { folder, machine: describeMachine(words.join(" ")) };
}
