import { Command, type CommanderError } from "commander";

/** A wrong flag is a wrong configuration: EX_CONFIG of sysexits.h. */
export const EXIT_CONFIG = 78;

/** What the command line says. Values of the configuration stay text: its schema judges them. */
export interface Arguments {
  readonly configFile?: string;
  readonly listDevices: boolean;
  readonly checkConfig: boolean;
  readonly meter: boolean;
  /** By the keys of the schema's table of flags. */
  readonly flags: Readonly<Record<string, string>>;
}

const EXAMPLES = `
Examples:
  tutti client                               finds the server, plays on the default card
  tutti client --host 192.168.1.10           a server by its address
  tutti client --servers 192.168.1.10,192.168.1.11   the second plays while the first is gone
  tutti client --device hw:CARD=USB --name Kitchen --latency 12.5
  tutti client --device null --meter         no card: a level meter instead of sound
  tutti client --device stdout --host den | aplay -f S16_LE -r 48000 -c 2
  tutti client --config /etc/tutti/client.yaml --check-config

Ends with 0 when stopped by a signal, 78 when configuration or flags are wrong. Whatever else is
missing (network, server, sound card), it waits for.
`;

/** Parses what stands behind the program's name. Help and version end the process, as do unknown flags. */
export function parseArguments(argv: readonly string[], version: string): Arguments {
  const command = makeCommand(version).parse(argv, { from: "user" });
  const { config, listDevices, checkConfig, meter, ...flags } = command.opts();
  const [url] = command.args;
  if (url !== undefined && (flags.host ?? flags.servers) !== undefined) {
    command.error(`'${url}' names a server, and so does a flag; keep one of them`);
  }
  return {
    ...(config !== undefined && { configFile: config }),
    listDevices: listDevices === true,
    checkConfig: checkConfig === true,
    meter: meter === true,
    flags: url === undefined ? flags : { ...flags, host: url },
  };
}

/** The flags that stand for keys of the configuration are those of its schema; a test compares them. */
export function makeCommand(version: string): Command {
  return new Command("tutti client")
    .description("Plays what the server sends, in time with all other rooms.")
    .argument("[url]", "the server, as Snapcast's client takes it: tcp://host[:port]")
    .option("--config <file>", "YAML file; flags override it")
    .option("--host <host>", "the server's address, or auto to find one (default: auto)")
    .option("--port <port>", "the server's port, with --host (default: 1704)")
    .option("--servers <hosts>", "several with commas: the wanted one, then those that take over")
    .option("--name <name>", "name of the room (default: the host's name)")
    .option("--id <id>", "what the server knows the client by (default: made up once and kept)")
    .option("--instance <number>", "among clients on one host that share an id (default: 1)")
    .option("--device <device>", "sound card by name or index, or null, stdout, file:PATH")
    .option(
      "--device-latency <ms>",
      "what the card is asked to buffer (default: 80, less for a short buffer)",
    )
    .option(
      "--queue <ms>",
      "audio held ready for the card (default: 250; never more than has come)",
    )
    .option("--latency <ms>", "what the amplifier adds, in tenths: plays that much earlier")
    .option("--volume <percent>", "volume at start (default: what the server remembers)")
    .option("--volume-max <percent>", "loudest it can be set to (default: 100)")
    .option("--mixer <mixer>", "who sets the level: software, hardware:CONTROL, script:PATH, none")
    .option("--state-dir <dir>", "folder for the client's id")
    .option("--log <level>", "error, warn, info, debug or trace (default: info)")
    .option("--meter", "draw a level meter")
    .option("--list-devices", "list the sound cards and end")
    .option("--check-config", "check file and flags, say what is wrong and end")
    .version(version, "-V, --version")
    .helpOption("-h, --help", "this text")
    .configureHelp({ helpWidth: 100 })
    .addHelpText("after", EXAMPLES)
    .showHelpAfterError("(--help lists the flags)")
    .allowExcessArguments(false)
    .exitOverride(({ exitCode }: CommanderError) => process.exit(exitCode === 0 ? 0 : EXIT_CONFIG));
}
