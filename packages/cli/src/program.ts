import { VERSION } from "@tutti/protocol";
import { Command } from "commander";
import { EXIT_CODES, EXIT_USAGE } from "./exit-codes.ts";
import { addConfigVerbs } from "./tree/config-verbs.ts";
import { addGroupVerbs } from "./tree/group-verbs.ts";
import { addHouseVerbs } from "./tree/house-verbs.ts";
import { addMachineVerbs } from "./tree/machine-verbs.ts";
import { addPresetVerbs } from "./tree/preset-verbs.ts";
import { addShellVerbs } from "./tree/shell-verbs.ts";
import { addStreamVerbs } from "./tree/stream-verbs.ts";

/** The `tutti` command with all its verbs. Parsing runs the verb and sets the exit code. */
export function makeProgram(): Command {
  const program = new Command("tutti")
    .description("The same music in every room at the same moment.")
    .version(VERSION, "-V, --version")
    .configureHelp({ helpWidth: 100 })
    .showHelpAfterError("(--help explains it)")
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_USAGE));
  addMachineVerbs(program);
  addHouseVerbs(program);
  addGroupVerbs(program);
  addPresetVerbs(program);
  addStreamVerbs(program);
  addConfigVerbs(program);
  addShellVerbs(program);
  const codes = EXIT_CODES.map(([code, meaning]) => `  ${String(code).padStart(2)}  ${meaning}`);
  program.addHelpText(
    "after",
    `
Clients, groups and streams are named by name or id, in any case, or by a beginning that fits one only.
The daemons are programs of their own: tutti server --help, tutti client --help.

Exit codes:
${codes.join("\n")}`,
  );
  return program;
}
