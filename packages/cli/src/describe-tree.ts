import type { Argument, Command, Option } from "commander";
import type { OperandDoc, OptionDoc, VerbDoc } from "./core/verb-doc.ts";
import { examplesOf } from "./tree/verb.ts";

/** The tree of commands as plain data. */
export function describeTree(command: Command, before: readonly string[] = []): VerbDoc {
  const help = command.createHelp();
  const words = [...before, command.name()];
  const verbs = help
    .visibleCommands(command)
    .filter((each) => each.name() !== "help")
    .map((each) => describeTree(each, words));
  return {
    line: words.join(" "),
    name: command.name(),
    description: command.description(),
    usage: command.usage(),
    operands: help.visibleArguments(command).map((operand) => describeOperand(operand)),
    options: help.visibleOptions(command).map((option) => describeOption(option)),
    examples: examplesOf(command),
    epilogue: epilogueOf(command),
    verbs,
  };
}

function describeOperand(operand: Argument): OperandDoc {
  return {
    name: operand.name(),
    description: operand.description,
    required: operand.required,
    choices: operand.argChoices ?? [],
  };
}

function describeOption(option: Option): OptionDoc {
  const { flags, description, short, long, defaultValue } = option;
  const value = /[<[]([^>\]]+)/.exec(flags)?.[1];
  const shown = typeof defaultValue === "number" ? ` (default: ${defaultValue})` : "";
  return {
    flags,
    names: [short, long].filter((name) => name !== undefined && name !== null),
    value,
    description: description + shown,
  };
}

/** What `addHelpText("after")` puts there, which the library tells nobody but who prints help. */
function epilogueOf(command: Command): string {
  let all = "";
  const { writeOut } = command.configureOutput();
  command.configureOutput({
    writeOut: (text) => {
      all += text;
    },
  });
  command.outputHelp();
  command.configureOutput({ writeOut: writeOut ?? ((text) => process.stdout.write(text)) });
  return all.slice(command.helpInformation().length).trim();
}
