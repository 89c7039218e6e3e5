import type { LogLine } from "@tutti/protocol/control";
import { type Command, Option } from "commander";
import { lazily, withExamples, withServer } from "./verb.ts";

type Level = LogLine["level"];
type Part = LogLine["part"];

/* Written out again, as the schemas that name them take longer to load than a verb takes to run. */
const LEVELS: readonly Level[] = ["error", "warn", "info", "debug", "trace"];
const PARTS: readonly Part[] = [
  "client",
  "control",
  "discovery",
  "hook",
  "mqtt",
  "server",
  "state",
  "stream",
];

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
    .addOption(new Option("--level <level>", "the least severe").choices(LEVELS).default("debug"))
    .addOption(new Option("--part <part>", "of this part only").choices(PARTS))
    .option("--json", "one JSON document a line")
    .action(lazily(async () => (await import("../verbs/logs.ts")).logs));
  withExamples(
    withServer(logs),
    ["tutti logs -f --level warn", "what goes wrong, as it does"],
    ["tutti logs --part client -n 20", "who came and went"],
  );
}
