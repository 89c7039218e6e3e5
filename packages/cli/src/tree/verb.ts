import type { Command } from "commander";
import { explained } from "../failure.ts";

/** A line that can be typed, and what it does. */
export type Example = readonly [line: string, effect: string];

const EXAMPLES = new WeakMap<Command, readonly Example[]>();

/** Puts examples under the verb's help; pages made from the tree have them too. */
export function withExamples(command: Command, ...examples: readonly Example[]): Command {
  EXAMPLES.set(command, examples);
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, effect]) => `  ${line.padEnd(width)}   ${effect}`.trimEnd());
  return command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}

export function examplesOf(command: Command): readonly Example[] {
  return EXAMPLES.get(command) ?? [];
}

/** The option of every verb that speaks to a server. */
export function withServer(command: Command): Command {
  return command.option(
    "--server <host[:port]>",
    "the server's control port (default: TUTTI_SERVER, else this machine, else found by mDNS)",
  );
}

/**
 * What a verb does, in a module that is loaded when it is run and not before: most of what takes time
 * at the start is reading code.
 */
export function lazily<Words extends unknown[]>(
  load: () => Promise<(...words: Words) => Promise<void> | void>,
): (...words: Words) => Promise<void> {
  return (...words) => explained(async () => (await load())(...words));
}
