import { Argument, type Command } from "commander";
import { lazily, withExamples, withServer } from "./verb.ts";

/** Configuration files: checked, explained, taken over. */
export function addConfigVerbs(program: Command): void {
  const config = program.command("config").description("what configuration files say");
  const check = config
    .command("check")
    .description("read a file as its daemon would, and name every mistake in it (exit code 78)")
    .argument("<file>", "server.yaml, client.yaml, or a name that begins so")
    .option("--server", "it is a server's, whatever its name")
    .option("--client", "it is a client's, whatever its name")
    .action(lazily(async () => (await import("../verbs/config-check.ts")).check));
  withExamples(check, ["tutti config check /etc/tutti/server.yaml", ""]);
  const print = config
    .command("print")
    .description("what a daemon would run with, as YAML, and where each value comes from")
    .argument("[file]", "server.yaml or client.yaml; without one, the defaults")
    .option("--server", "it is a server's, whatever its name")
    .option("--client", "it is a client's, whatever its name")
    .action(lazily(async () => (await import("../verbs/config-print.ts")).print));
  withExamples(
    print,
    ["tutti config print server.yaml", "bufferMs: 800 # server.yaml:3"],
    ["tutti config print --client", "a client's defaults"],
  );
  const running = config
    .command("running")
    .description("what a server at work runs with, as YAML; secrets are left out")
    .action(lazily(async () => (await import("../verbs/config-print.ts")).running));
  withExamples(withServer(running), ["tutti config running --server den.local", ""]);
  const schema = config
    .command("schema")
    .description("the JSON schema of a file, for editors")
    .addArgument(new Argument("<daemon>", "whose file").choices(["server", "client"]))
    .action(lazily(async () => (await import("../verbs/config-print.ts")).schema));
  withExamples(schema, [
    "tutti config schema server > server.schema.json",
    "# yaml-language-server: $schema=...",
  ]);
  const taken = config
    .command("import")
    .description("take over the configuration and state of Snapcast's server")
    .argument("[file]", "its configuration (default: /etc/snapserver.conf)")
    .option("--to <file>", "write the YAML there instead of showing it")
    .option("--state <file>", "its server.json (default: where its configuration says)")
    .option("--state-dir <dir>", "write groups, names and volumes for a server with this folder")
    .option("--force", "overwrite what is there")
    .action(lazily(async () => (await import("../verbs/config-import.ts")).importSnapserver));
  withExamples(
    taken,
    ["tutti config import", "shows the YAML, and what cannot be carried over"],
    ["tutti config import --to server.yaml --state-dir /var/lib/tutti", "writes both"],
  );
}
