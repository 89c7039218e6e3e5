import { readFileSync } from "node:fs";
import { hookMistakes } from "@tutti/hooks";
import { ConfigError } from "@tutti/protocol";
import { parseClientConfig, parseServerConfig } from "@tutti/protocol/config";
import { EXIT_CONFIG } from "../exit-codes.ts";
import { remark, say } from "../print.ts";

export type Daemon = "server" | "client";

/** Which daemon's file it is, as two flags say it. */
export interface DaemonOption {
  readonly server?: boolean;
  readonly client?: boolean;
}

/** `tutti config check FILE`. */
export function check(file: string, options: DaemonOption): void {
  const { complaint, summary } = checkConfig(file, daemonOf(file, options));
  if (summary !== undefined) say(summary);
  if (complaint !== undefined) {
    remark(complaint);
    process.exitCode = EXIT_CONFIG;
  }
}

/** By the flags, else by the file's name. */
export function daemonOf(file: string, { client, server }: DaemonOption): Daemon {
  if (client) return "client";
  return !server && /(^|\/)client[^/]*$/.test(file) ? "client" : "server";
}

/** Either a line that sums the file up, or everything that is wrong with it. */
export function checkConfig(
  file: string,
  daemon: Daemon,
): { summary?: string; complaint?: string } {
  try {
    const text = readFileSync(file, "utf8");
    const input = { text, fileName: file };
    if (daemon === "client") {
      const { hooks, output, server } = parseClientConfig(input);
      refuseHooks(file, hooks);
      const from = server === "auto" ? "the server it finds" : `${server.length} server(s)`;
      return { summary: `${file}: a client that plays ${from} through ${output.device}` };
    }
    const { hooks, name, streams } = parseServerConfig(input);
    refuseHooks(file, hooks);
    const names = streams.map((stream) => stream.name).join(", ");
    return { summary: `${file}: the server "${name}" with ${streams.length} stream(s): ${names}` };
  } catch (error) {
    if (error instanceof ConfigError) return { complaint: error.message };
    if (isFileError(error)) return { complaint: `${file} cannot be read (${error.code})` };
    throw error;
  }
}

/** The programs must be there, on this machine. Throws ConfigError. */
function refuseHooks(file: string, hooks: Parameters<typeof hookMistakes>[0]): void {
  const mistakes = hookMistakes(hooks).map((mistake) => `${file}: ${mistake}`);
  if (mistakes.length > 0) throw new ConfigError(mistakes.join("\n"));
}

/** The world's refusal of a file, which has a code. */
export function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}
