import { type LogLine, type MethodInput, NOTIFICATIONS } from "@tutti/protocol/control";
import { misuse } from "../failure.ts";
import { connectToServer } from "../find-server.ts";
import { remark, say, sayJson } from "../print.ts";
import { type ServerOption, withServer } from "../with-house.ts";

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
  const print = (line: LogLine) => (json ? sayJson(line, "dense") : say(written(line)));
  if (follow) return followLog(options, { ...query, lines }, print);
  await withServer(options, async (connection) => {
    const answer = await connection.call("Server.GetLog", { ...query, lines });
    answer.lines.forEach(print);
  });
}

/** Rejects with the reason once the server is gone. */
async function followLog(
  { server }: ServerOption,
  query: MethodInput<"Server.GetLog">,
  print: (line: LogLine) => void,
): Promise<void> {
  const wanted = { server, environment: process.env };
  let answered: Promise<unknown> | undefined;
  const connection = await connectToServer(wanted, ({ method, params }) => {
    if (method !== "Server.OnLog") return;
    const { lines, lost } = NOTIFICATIONS["Server.OnLog"].params.parse(params);
    // What was answered is printed first, though both may come in one piece.
    void answered?.then(() => {
      if (lost > 0) remark(`${lost} lines came faster than they were read here.`);
      lines.forEach(print);
    });
  });
  const answer = connection.call("Server.GetLog", { ...query, follow: true });
  answered = answer.then(({ lines }) => lines.forEach(print));
  await answered;
  throw await connection.closed;
}

function written({ at, level, part, event, fields }: LogLine): string {
  const clock = new Date(at * 1_000).toLocaleTimeString("en-GB");
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${plain(value)}`);
  return [clock, level.padEnd(5), part.padEnd(9), event, ...pairs].join(" ");
}

function plain(value: unknown): string {
  return typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
