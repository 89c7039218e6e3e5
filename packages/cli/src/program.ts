import { VERSION } from "@tutti/protocol";
import { Command } from "commander";
import { addConfigVerb } from "./config-check.ts";
import { addDevicesVerb } from "./devices.ts";
import { EXIT_CONFIG } from "./exit-codes.ts";
import { addStatusVerb } from "./status.ts";
import { addUpVerb } from "./up.ts";

/** The `tutti` command with all its verbs. Parsing runs the verb and sets the exit code. */
export function makeProgram(): Command {
  const program = new Command("tutti")
    .description("The same music in every room at the same moment.")
    .version(VERSION, "-V, --version")
    .configureHelp({ helpWidth: 100 })
    .showHelpAfterError("(tutti --help lists the verbs)")
    // A wrong flag is a wrong configuration.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_CONFIG));
  for (const add of [addUpVerb, addStatusVerb, addDevicesVerb, addConfigVerb]) add(program);
  program.addHelpText(
    "after",
    "\nThe daemons are programs of their own: tutti server --help, tutti client --help.",
  );
  return program;
}
