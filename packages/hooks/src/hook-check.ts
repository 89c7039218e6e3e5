import type { HooksConfig } from "@tutti/protocol/config";
import { commandMistake } from "./command-check.ts";

/** The programs of a configuration, by what they are run for. */
export function hookCommands(hooks: HooksConfig): Readonly<Record<string, readonly string[]>> {
  const commands = Object.entries(hooks).filter(([, command]) => Array.isArray(command));
  return Object.fromEntries(commands as [string, string[]][]);
}

/** Why hooks cannot be run, one line for each that has a reason. Looks at the files. */
export function hookMistakes(hooks: HooksConfig): string[] {
  return Object.entries(hookCommands(hooks)).flatMap(([name, [program = ""]]) => {
    const mistake = commandMistake(program);
    return mistake === undefined ? [] : [`hooks.${name}: ${mistake}`];
  });
}
