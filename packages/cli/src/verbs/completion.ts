import type { Command } from "commander";
import { completionTable } from "../core/completion.ts";
import { bashCompletion } from "../core/completion-bash.ts";
import { fishCompletion } from "../core/completion-fish.ts";
import { zshCompletion } from "../core/completion-zsh.ts";
import { joined, wholeTree } from "../whole-tree.ts";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** `tutti completion SHELL`. */
export function completion(shell: keyof typeof SHELLS, _options: object, verb: Command): void {
  process.stdout.write(SHELLS[shell](completionTable(joined(wholeTree(verb)))));
}
