import { readFileSync } from "node:fs";
import { ConfigError } from "@tutti/protocol";
import { parseClientConfig, parseServerConfig } from "@tutti/protocol/config";
import type { Command } from "commander";
import { EXIT_CONFIG } from "./exit-codes.ts";

type Daemon = "server" | "client";

export function addConfigVerb(program: Command): void {
  program
    .command("config")
    .description("what configuration files say")
    .command("check")
    .description("read a file as its daemon would, and name every mistake in it (exit code 78)")
    .argument("<file>", "server.yaml, client.yaml, or a name that begins so")
    .option("--server", "it is a server's, whatever its name")
    .option("--client", "it is a client's, whatever its name")
    .action((file: string, options: { server?: boolean; client?: boolean }) => {
      const daemon = options.client ? "client" : options.server ? "server" : daemonOf(file);
      const { complaint, summary } = checkConfig(file, daemon);
      if (summary !== undefined) process.stdout.write(`${summary}\n`);
      if (complaint !== undefined) {
        process.stderr.write(`${complaint}\n`);
        process.exitCode = EXIT_CONFIG;
      }
    });
}

function daemonOf(file: string): Daemon {
  return /(^|\/)client[^/]*$/.test(file) ? "client" : "server";
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
      const { output, server } = parseClientConfig(input);
      const from = server === "auto" ? "the server it finds" : `${server.length} server(s)`;
      return { summary: `${file}: a client that plays ${from} through ${output.device}` };
    }
    const { name, streams } = parseServerConfig(input);
    const names = streams.map((stream) => stream.name).join(", ");
    return { summary: `${file}: the server "${name}" with ${streams.length} stream(s): ${names}` };
  } catch (error) {
    if (error instanceof ConfigError) return { complaint: error.message };
    if (isFileError(error)) return { complaint: `${file} cannot be read (${error.code})` };
    throw error;
  }
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}
