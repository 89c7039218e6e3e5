import { Argument, type Command } from "commander";
import { lazily, withExamples, withServer } from "./verb.ts";

/** What shells and packages want of the command itself. */
export function addShellVerbs(program: Command): void {
  const completion = program
    .command("completion")
    .description("a script that makes a shell complete verbs, flags, and names of the house")
    .addArgument(new Argument("<shell>", "which shell").choices(["bash", "zsh", "fish"]))
    .action(lazily(async () => (await import("../verbs/completion.ts")).completion));
  withExamples(
    completion,
    ["tutti completion bash > ~/.local/share/bash-completion/completions/tutti", ""],
    ["tutti completion zsh > ~/.zfunc/_tutti", "with ~/.zfunc in fpath"],
    ["tutti completion fish > ~/.config/fish/completions/tutti.fish", ""],
  );
  const man = program
    .command("man")
    .description("write the manual pages tutti.1, tutti-server.1 and tutti-client.1")
    .argument("<dir>", "the folder they are written into")
    .action(lazily(async () => (await import("../verbs/man.ts")).writePages));
  withExamples(man, ["tutti man ~/.local/share/man/man1", "then: man tutti"]);
  const names = program
    .command("names", { hidden: true })
    .addArgument(new Argument("<kind>").choices(["clients", "groups", "streams"]))
    .action(lazily(async () => (await import("../verbs/names.ts")).names));
  withServer(names);
}
