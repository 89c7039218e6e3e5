import { setTimeout as pause } from "node:timers/promises";
import type { LogLine, MethodInput } from "@tutti/protocol/control";
import { misuse } from "../failure.ts";
import { say, sayJson } from "../print.ts";
import { type ServerOption, withServer } from "../with-house.ts";

/** How often the server is asked for what came since. */
const ASK_EVERY_MS = 500;

interface LogsOptions extends ServerOption {
  readonly lines: string;
  readonly follow?: boolean;
  readonly level: NonNullable<MethodInput<"Server.GetLog">["level"]>;
  readonly part?: NonNullable<MethodInput<"Server.GetLog">["part"]>;
  readonly json?: boolean;
}

/** `tutti logs [-f]`: until the server is gone or a signal comes. */
export async function logs(options: LogsOptions): Promise<void> {
  const lines = Number(options.lines);
  if (!(Number.isInteger(lines) && lines >= 1 && lines <= 1_000)) {
    throw misuse(`'${options.lines}' is no number of lines from 1 to 1000`);
  }
  const { level, part, json, follow } = options;
  const query = { level, ...(part !== undefined && { part }) };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0));
  await withServer(options, async (connection) => {
    let answer = await connection.call("Server.GetLog", { ...query, lines });
    for (;;) {
      for (const line of answer.lines) {
        if (json) sayJson(line, "dense");
        else say(written(line));
      }
      if (!follow) return;
      await pause(ASK_EVERY_MS);
      const after = answer.last;
      answer = await connection.call("Server.GetLog", { ...query, lines: 1_000, after });
    }
  });
}

function written({ at, level, part, event, fields }: LogLine): string {
  const clock = new Date(at * 1_000).toLocaleTimeString("en-GB");
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${plain(value)}`);
  return [clock, level.padEnd(5), part.padEnd(9), event, ...pairs].join(" ");
}

function plain(value: unknown): string {
  return typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
