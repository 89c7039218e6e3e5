import { readFileSync } from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { ConfigError, VERSION } from "@tutti/protocol";
import { parseServerConfig, SERVER_FLAGS, type ServerConfig } from "@tutti/protocol/config";
import { Command } from "commander";

export interface Arguments {
  readonly config: ServerConfig;
  /** Say whether the configuration is right, and do nothing. */
  readonly checkOnly: boolean;
}

/** sysexits.h: something is wrong with the configuration, so that restarting would not help. */
export const EXIT_CONFIG = 78;

const EXAMPLES = `
Examples:
  tutti server                                       one stream, from a named pipe
  tutti server --source 'pipe:///run/music.fifo?name=Music' --source 'alsa:///?device=hw:1&name=TV'
  tutti server --codec flac --buffer 600             lossless, heard after 0.6 s
  tutti server --config /etc/tutti/server.yaml --check-config

Flags override the file, the file overrides the defaults.`;

/** Reads the command line and the file it names. Throws ConfigError; ends the process for --help. */
export function parseArguments(argv: readonly string[]): Arguments {
  const options = parse(argv);
  const fileName = options.config as string | undefined;
  const config = parseServerConfig({
    ...(fileName !== undefined && { fileName, text: readConfig(fileName) }),
    overrides: options,
    defaults: machineDefaults(),
  });
  return { config, checkOnly: options.checkConfig === true };
}

function parse(argv: readonly string[]): Record<string, unknown> {
  return makeCommand()
    .parse(argv as string[], { from: "user" })
    .opts();
}

/** All flags, with their help; also what manual pages and completion are made from. */
export function makeCommand(): Command {
  const command = new Command("tutti server")
    .description("Plays the same music in every room, in time.")
    .version(VERSION)
    .option("--config <file>", "configuration in YAML")
    .option("--check-config", "say whether the configuration is right, and stop")
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments(false)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_CONFIG));
  for (const { option, meaning, takes } of SERVER_FLAGS) {
    if (takes === "list") command.option(option, meaning, collected);
    else command.option(option, meaning);
  }
  return command;
}

function collected(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function readConfig(fileName: string): string {
  try {
    return readFileSync(fileName, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigError(`${fileName} cannot be read (${code})`, { cause });
  }
}

/** A service gets its folders from systemd; root has the system's, anybody else their own. */
function machineDefaults() {
  const { env } = process;
  const { uid, homedir } = userInfo();
  const stateHome = env.XDG_STATE_HOME ?? join(homedir, ".local", "state");
  const runtimeHome = env.XDG_RUNTIME_DIR;
  return {
    name: hostname(),
    stateDir: env.STATE_DIRECTORY ?? (uid === 0 ? "/var/lib/tutti" : join(stateHome, "tutti")),
    runtimeDir:
      env.RUNTIME_DIRECTORY ??
      (uid === 0 ? "/run/tutti" : runtimeHome ? join(runtimeHome, "tutti") : ownTemporary(uid)),
  };
}

function ownTemporary(uid: number): string {
  return join(tmpdir(), `tutti-${uid}`);
}
