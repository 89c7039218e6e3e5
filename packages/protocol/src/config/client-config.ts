import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { type ConfigInput, ConfigReading, MACHINE_DEFAULTS } from "./config-reading.ts";
import { logField, nameField, parseFields, textOf } from "./fields.ts";
import type { Flag } from "./flags.ts";
import { type HooksConfig, hooksSchema } from "./hooks-config.ts";
import { parseMixer } from "./mixer-choice.ts";
import { rulesOf } from "./schema-mistakes.ts";
import { parseServerAddress, type ServerAddress } from "./server-address.ts";

/** What the client runs with: every default filled in, frozen. */
export interface ClientConfig {
  /** Without one, the host's name. */
  readonly name?: string;
  /** Without one, the client makes up an id once and keeps it. */
  readonly id?: string;
  /** Found by mDNS; or the wanted one, and those that take over while it is gone, in this order. */
  readonly server: "auto" | readonly ServerAddress[];
  readonly output: {
    /** A sound card by name or index, or "null", "stdout", "file:PATH". */
    readonly device: string;
    /** What the sound card is asked to buffer; 0: 80, less when little lies between recording and hearing. */
    readonly latencyMs: number;
    /** Audio held ready between the program and the sound card. */
    readonly queueMs: number;
    /** Silence at the beginning of music, while the amplifier starts. */
    readonly prerollMs: number;
    /** Without music for so long, the card is closed until there is some again; without one it stays open. */
    readonly releaseAfterMs?: number | undefined;
  };
  /** What the amplifier behind the sound card adds: the client plays that much earlier. */
  readonly latencyMs: number;
  readonly volume: {
    /** When the client starts; without one, what the server remembers. (percent) */
    readonly start?: number;
    readonly max: number;
    readonly curve: "cubic" | "linear" | "exponential";
    /** Who sets the level: text for `parseMixer`. */
    readonly mixer: string;
  };
  /** Programs of this machine that are run when something happens. */
  readonly hooks: HooksConfig;
  readonly stateDir: string;
  readonly instance: number;
  readonly log: z.output<typeof logField>;
}

const percent = z.int().min(0).max(100);

const OUTPUT = z.strictObject({
  device: z
    .union([z.string().min(1).max(200), z.int().min(0).max(999).transform(String)])
    .default("default")
    .meta({
      description:
        'sound card by name or index ("tutti devices" lists them), or null, stdout, file:PATH',
      examples: ["hw:CARD=sndrpihifiberry", 3, "null"],
    }),
  latencyMs: z.number().min(0).max(1_000).default(0).meta({
    description:
      "what the sound card is asked to buffer; 0: 80, less when little lies between recording and hearing",
    unit: "ms",
  }),
  queueMs: z.number().min(5).max(2_000).default(250).meta({
    description:
      "audio held ready for the sound card: outlasts stalls of the program; never more than has come",
    unit: "ms",
  }),
  prerollMs: z.int().min(0).max(30_000).default(0).meta({
    description:
      "silence at the beginning of music, while an amplifier starts; other rooms do not wait",
    unit: "ms",
  }),
  releaseAfterMs: z
    .int()
    .min(100)
    .max(24 * 3_600_000)
    .optional()
    .meta({
      description: "without music for so long, the sound card is closed; default: it stays open",
      unit: "ms",
    }),
});

const VOLUME = z.strictObject({
  start: percent.optional().meta({
    description: "volume when the client starts; default: what the server remembers",
    unit: "percent",
  }),
  max: percent.default(100).meta({ description: "loudest it can be set to", unit: "percent" }),
  curve: z.enum(["cubic", "linear", "exponential"]).default("cubic").meta({
    description: "how loudness follows the volume's number",
  }),
  mixer: textOf((text) => {
    parseMixer(text);
    return text;
  })
    .default("software")
    .meta({
      description:
        "who sets the level: software[:poly or :exp], hardware[:CONTROL] of the card, script:PATH, none",
      examples: ["software", "hardware:Digital", "script:/usr/local/bin/set-volume", "none"],
      default: "software",
    }),
});

const HOOKS = hooksSchema({
  play: "run before music is heard: a program from the root, or a list of it and its arguments",
  idle: "run when there was no music for a while",
  connect: "run when a server is connected",
  disconnect: "run when the connection is gone",
  volume: "run when volume or mute change",
  stream: "run when another stream is to be heard",
});

const address = textOf(parseServerAddress);

const CLIENT = z.strictObject({
  name: nameField.optional().meta({ description: "of the room; default: the host's name" }),
  id: nameField.optional().meta({
    description: "what the server knows the client by; default: made up once and kept in stateDir",
  }),
  server: z
    .union([
      textOf((text) => (text.trim() === "auto" ? ("auto" as const) : [parseServerAddress(text)])),
      z.array(address).min(1),
    ])
    .default("auto")
    .meta({
      description:
        "auto: found by mDNS; else host[:port], or a list: the wanted one, then those that take over while it is gone",
      examples: ["auto", "192.168.1.10:1704"],
      default: "auto",
    }),
  output: OUTPUT.prefault({}).meta({ description: "where the sound goes" }),
  latencyMs: z.number().min(-10_000).max(10_000).default(0).meta({
    description: "what the amplifier adds: the client plays that much earlier",
    unit: "ms",
  }),
  volume: VOLUME.prefault({}).meta({ description: "how loud" }),
  hooks: HOOKS.prefault({}).meta({ description: "programs to run when something happens" }),
  stateDir: z.string().min(1).max(1_000).optional().meta({
    description:
      "folder for the client's id; default: /var/lib/tutti, for a user ~/.local/state/tutti",
  }),
  instance: z.int().min(1).max(1_000).default(1).meta({
    description: "number of this client among those on one host that share an id",
  }),
  log: logField,
});

/** The client's flags, each standing for a key. `--host` and `--port` together stand for `server`. */
export const CLIENT_FLAGS: readonly Flag[] = [
  { option: "--name <name>", path: ["name"], meaning: "name of the room" },
  { option: "--id <id>", path: ["id"], meaning: "what the server knows the client by" },
  { option: "--host <host>", path: ["server"], meaning: "the server's address, or auto" },
  { option: "--port <port>", path: ["server"], meaning: "the server's port, with --host" },
  {
    option: "--servers <hosts>",
    path: ["server"],
    meaning: "several with commas: the wanted one, then those that take over",
    takes: "list",
  },
  {
    option: "--device <device>",
    path: ["output", "device"],
    meaning: "name, index, null, stdout, file:PATH",
  },
  {
    option: "--device-latency <ms>",
    path: ["output", "latencyMs"],
    meaning: "buffer of the card",
    takes: "number",
  },
  {
    option: "--queue <ms>",
    path: ["output", "queueMs"],
    meaning: "audio held ready",
    takes: "number",
  },
  {
    option: "--latency <ms>",
    path: ["latencyMs"],
    meaning: "what the amplifier adds",
    takes: "number",
  },
  {
    option: "--volume <percent>",
    path: ["volume", "start"],
    meaning: "volume at start",
    takes: "number",
  },
  {
    option: "--volume-max <percent>",
    path: ["volume", "max"],
    meaning: "loudest volume",
    takes: "number",
  },
  {
    option: "--mixer <mixer>",
    path: ["volume", "mixer"],
    meaning: "software, hardware:CONTROL, script:PATH, none",
  },
  {
    option: "--instance <number>",
    path: ["instance"],
    meaning: "among clients on one host",
    takes: "number",
  },
  { option: "--state-dir <dir>", path: ["stateDir"], meaning: "folder for the client's id" },
  { option: "--log <level>", path: ["log"], meaning: "error, warn, info, debug or trace" },
];

/** Resolves the client's configuration. Throws ConfigError that names every mistake and its place. */
export function parseClientConfig(input: ConfigInput = {}): ClientConfig {
  const machine = input.defaults ?? MACHINE_DEFAULTS;
  const reading = new ConfigReading(withHostAndPort(withServers(input)), CLIENT_FLAGS);
  const right = parseFields(CLIENT, reading.value, [], reading.report);
  const { name, id, volume, stateDir, ...rest } = { ...CLIENT.parse({}), ...right };
  const { start, ...loudness } = volume;
  return reading.finish({
    ...rest,
    ...(name !== undefined && { name }),
    ...(id !== undefined && { id }),
    volume: { ...loudness, ...(start !== undefined && { start }) },
    stateDir: stateDir ?? machine.stateDir,
  });
}

/** What an editor checks and completes a client's configuration with. */
export function clientConfigJsonSchema(): object {
  return rulesOf(CLIENT);
}

/** `--servers A,B` as the list that it means. */
function withServers(input: ConfigInput): ConfigInput {
  const { servers, ...others } = (input.overrides ?? {}) as { servers?: unknown; host?: unknown };
  if (typeof servers !== "string") return input;
  if (others.host !== undefined) {
    throw new ConfigError(
      `--servers ${servers}: beside --host ${others.host}; name all in --servers, the wanted one first`,
    );
  }
  const list = servers.split(",").map((each) => each.trim());
  return { ...input, overrides: { ...others, servers: list } };
}

/** `--host H --port N` as the one address that they mean. */
function withHostAndPort(input: ConfigInput): ConfigInput {
  const { host, port, ...others } = (input.overrides ?? {}) as { host?: unknown; port?: unknown };
  if (port === undefined) return input;
  if (typeof host !== "string" || host === "auto") {
    throw new ConfigError(`--port ${port}: without --host; the port of a server that is not named`);
  }
  const bracketed = host.split(":").length > 2 && !host.startsWith("[") ? `[${host}]` : host;
  return { ...input, overrides: { ...others, host: `${bracketed}:${port}` } };
}
