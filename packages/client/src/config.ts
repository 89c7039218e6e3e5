import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "@tutti/protocol";
import type { ClientConfig } from "@tutti/protocol/config";
import type { Arguments } from "./arguments.ts";

const STREAM_PORT = 1704;

/**
 * Flags over file over defaults. Throws ConfigError. The schema takes longer to load than the server to
 * answer, so flags that are plainly right are taken without it: what it would make of them is the same.
 */
export async function resolveConfig(given: Arguments, stateDir: string): Promise<ClientConfig> {
  const plain = given.configFile === undefined ? plainConfig(given.flags, stateDir) : undefined;
  if (plain) return plain;
  const { parseClientConfig } = await import("@tutti/protocol/config");
  const file = given.configFile;
  return parseClientConfig({
    ...(file !== undefined && { text: readConfig(file), fileName: file }),
    overrides: given.flags,
    defaults: { stateDir, runtimeDir: "/run/tutti", name: "Tutti" },
  });
}

/** Where the client may keep its id: as systemd says, else the system's folder or the user's. */
export function defaultStateDir(environment: NodeJS.ProcessEnv, userId: number): string {
  const { STATE_DIRECTORY, XDG_STATE_HOME } = environment;
  if (STATE_DIRECTORY) return STATE_DIRECTORY;
  if (userId === 0) return "/var/lib/tutti";
  return join(XDG_STATE_HOME || join(homedir(), ".local", "state"), "tutti");
}

type Flags = Arguments["flags"];

/** What each flag must look like to be plainly right. All others are for the schema to judge. */
const PLAIN: Readonly<Record<string, RegExp>> = {
  host: /^[a-z0-9][a-z0-9.-]{0,99}$/i,
  port: /^[1-9]\d{0,3}$|^[1-5]\d{4}$/,
  name: /^\w([\w .-]{0,60}\w)?$/,
  id: /^\w([\w:.-]{0,60}\w)?$/,
  device: /^\S{1,100}$/,
  stateDir: /^\S{1,200}$/,
  latency: /^\d{1,3}(\.\d{1,3})?$/,
};

/** The configuration of plain flags, or nothing if one is not plain. */
export function plainConfig(flags: Flags, stateDir: string): ClientConfig | undefined {
  const isPlain = ([name, value]: [string, string]) => PLAIN[name]?.test(value) === true;
  if (!Object.entries(flags).every(isPlain)) return undefined;
  const { host, port, name, id } = flags;
  const named = host !== undefined && host !== "auto";
  if (port !== undefined && !named) return undefined;
  return {
    ...(name !== undefined && { name }),
    ...(id !== undefined && { id }),
    server: named ? [{ host, port: Number(port ?? STREAM_PORT) }] : "auto",
    output: { device: flags.device ?? "default", latencyMs: 0, queueMs: 250, prerollMs: 0 },
    latencyMs: Number(flags.latency ?? 0),
    volume: { max: 100, curve: "cubic", mixer: "software" },
    hooks: { timeoutMs: 5_000, idleAfterMs: 10_000 },
    stateDir: flags.stateDir ?? stateDir,
    instance: 1,
    log: "info",
  };
}

function readConfig(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`the configuration cannot be read: ${reason}`, { cause });
  }
}
