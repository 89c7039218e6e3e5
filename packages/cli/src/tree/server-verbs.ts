import { LOG_LEVELS, LOG_PARTS } from "@tutti/protocol";
import { type Command, Option } from "commander";
import { lazily, withExamples, withServer } from "./verb.ts";

/** What a server tells of itself. */
export function addServerVerbs(program: Command): void {
  const info = program
    .command("info")
    .description("the server itself: version, machine, uptime, addresses, streams")
    .option("--json", "as the server tells it")
    .action(lazily(async () => (await import("../verbs/server-info.ts")).serverInfo));
  withExamples(withServer(info), ["tutti info", ""]);
  const logs = program
    .command("logs")
    .description("the newest lines of the server's log, from wherever it runs")
    .option("-n, --lines <number>", "how many, up to 1000", "50")
    .option("-f, --follow", "and what comes, until Ctrl-C")
    .addOption(
      new Option("--level <level>", "the least severe").choices(LOG_LEVELS).default("info"),
    )
    .addOption(new Option("--part <part>", "of this part only").choices(LOG_PARTS))
    .option("--json", "one JSON document a line")
    .action(lazily(async () => (await import("../verbs/logs.ts")).logs));
  withExamples(
    withServer(logs),
    ["tutti logs -f --level warn", "what goes wrong, as it does"],
    ["tutti logs --part client -n 20", "who came and went"],
  );
}
