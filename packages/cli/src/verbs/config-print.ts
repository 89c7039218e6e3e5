import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { ConfigError } from "@tutti/protocol";
import {
  clientConfigJsonSchema,
  effectiveClientConfig,
  effectiveServerConfig,
  serverConfigJsonSchema,
  writeYaml,
} from "@tutti/protocol/config";
import { EXIT_CONFIG } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { sayJson } from "../print.ts";
import { type ServerOption, withServer } from "../with-house.ts";
import { type DaemonOption, daemonOf, isFileError } from "./config-check.ts";

/** What the systemd units give their daemons. */
const SERVICE_DEFAULTS = { stateDir: "/var/lib/tutti", runtimeDir: "/run/tutti" };

/** `tutti config print [FILE]`. */
export function print(file: string | undefined, options: DaemonOption): void {
  const daemon = daemonOf(file ?? "", options);
  const input = {
    ...(file !== undefined && { fileName: file, text: readText(file) }),
    defaults: { ...SERVICE_DEFAULTS, name: hostname() },
  };
  const effective = daemon === "client" ? effectiveClientConfig : effectiveServerConfig;
  try {
    const { value, originAt } = effective(input);
    const heading = [
      `What the ${daemon} runs with, and where each value comes from${file ? "" : ": no file"}.`,
      "Flags would come before the file. The folders are those of the system's service.",
    ];
    process.stdout.write(writeYaml(value, { heading, at: originAt }));
  } catch (error) {
    if (error instanceof ConfigError) throw new Failure(error.message, EXIT_CONFIG, error);
    throw error;
  }
}

/** `tutti config running`: of a server at work. */
export async function running(options: ServerOption): Promise<void> {
  await withServer(options, async (connection) => {
    const { config } = await connection.call("Server.GetConfig", {});
    const heading = ["What the server runs with, flags included."];
    process.stdout.write(writeYaml(config, { heading, at: () => undefined }));
  });
}

/** `tutti config schema server|client`: what editors check and complete a file with. */
export function schema(daemon: string): void {
  sayJson(daemon === "client" ? clientConfigJsonSchema() : serverConfigJsonSchema());
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (!isFileError(error)) throw error;
    throw new Failure(`${file} cannot be read (${error.code})`, EXIT_CONFIG, error);
  }
}
