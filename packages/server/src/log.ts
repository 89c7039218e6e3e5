import { type Logger, pino } from "pino";

/** JSON lines for the journal; at a terminal, lines for a person. */
export function openLog(level: "error" | "warn" | "info" | "debug" | "trace"): Logger {
  const options = { level, base: null, formatters: { level: (name: string) => ({ level: name }) } };
  if (!process.stdout.isTTY) return pino(options);
  return pino(options, { write: (line: string) => void process.stdout.write(readable(line)) });
}

/** Time, level, message, then the fields. */
function readable(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${plain(value)}`);
  return `${[clock, String(level).padEnd(5), msg, ...pairs].join(" ")}\n`;
}

function plain(value: unknown): string {
  return typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
