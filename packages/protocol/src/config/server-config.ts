import { z } from "zod";
import { parseSampleFormat } from "../sample-format.ts";
import { CLIENT_RULE, type ClientRule, resolveClientRules } from "./client-rule.ts";
import { parseCodecChoice } from "./codec-choice.ts";
import { type ConfigInput, ConfigReading, MACHINE_DEFAULTS } from "./config-reading.ts";
import { logField, nameField, parseFields, portField, textOf } from "./fields.ts";
import type { Flag } from "./flags.ts";
import { type HooksConfig, hooksSchema } from "./hooks-config.ts";
import { MQTT, type MqttConfig } from "./mqtt-config.ts";
import { rulesOf, type SchemaMistake } from "./schema-mistakes.ts";
import {
  bufferField,
  chunkField,
  codecField,
  fallbackField,
  resolveStreams,
  STREAM,
  type StreamConfig,
  type StreamDefaults,
} from "./stream-config.ts";

const addStreamsField = z.enum(["lan", "off"]);
/** What streams controllers may add at run time: TCP sources of the own network, or none. */
export type AddStreams = z.output<typeof addStreamsField>;

/** What the server runs with: every default filled in, frozen. */
export interface ServerConfig {
  readonly name: string;
  /** From recording to hearing, for streams that do not say otherwise. */
  readonly bufferMs: number;
  readonly streams: readonly StreamConfig[];
  /** About single clients. */
  readonly clients: readonly ClientRule[];
  readonly addStreams: AddStreams;
  /** What streams take over that are added later. */
  readonly streamDefaults: StreamDefaults;
  readonly listen: Readonly<z.output<typeof LISTEN>>;
  readonly mdns: boolean;
  /** Programs of this machine that are run when something happens. */
  readonly hooks: HooksConfig;
  readonly stateDir: string;
  /** Absent: the page that the server brings. */
  readonly webRoot?: string | undefined;
  /** Of a client that is new. (percent) */
  readonly initialVolume: number;
  readonly sendToMuted: boolean;
  /** Without it no broker is spoken to. */
  readonly mqtt?: MqttConfig | undefined;
  readonly log: z.output<typeof logField>;
}

const LISTEN = z.strictObject({
  address: z.string().min(1).max(200).default("::").meta({
    description: "address of this machine that is listened at; :: is all of them, IPv4 included",
  }),
  stream: portField.default(1704).meta({
    description: "TCP port that players connect to, and UDP port that answers what time it is",
  }),
  control: portField.default(1705).meta({ description: "TCP port for JSON-RPC" }),
  http: portField.default(1780).meta({ description: "TCP port for the page, HTTP and WebSocket" }),
});

const HOOKS = hooksSchema({
  play: "run when a stream begins: a program from the root, or a list of it and its arguments",
  idle: "run when a stream had no music for a while",
  connect: "run when a client comes",
  disconnect: "run when a client goes",
  volume: "run when volume or mute of a client change",
  stream: "run when a client is given another stream",
});

const SERVER = z.strictObject({
  name: nameField.optional().meta({ description: "of the house; default: the host's name" }),
  bufferMs: bufferField.default(1_000).meta({
    description: "from recording to hearing; longer survives worse Wi-Fi",
    unit: "ms",
  }),
  bufferMaxMs: bufferField.default(2_500).meta({
    description:
      "how far bufferMs is lengthened when a link's queue outlasts it; no more than bufferMs: not at all",
    unit: "ms",
  }),
  codec: codecField.default(parseCodecChoice("opus")).meta({
    description: "opus[:kbit/s] (6 to 510, default 192), flac[:level] (0 to 8, default 2), or pcm",
    examples: ["opus:192", "flac:5", "pcm"],
    default: "opus:192",
  }),
  codecMin: codecField.default(parseCodecChoice("opus:32")).meta({
    description:
      "the least that a Tutti client on a slow link is given; the same as codec: every client gets that",
    examples: ["opus:32", "opus:96"],
    default: "opus:32",
  }),
  sampleFormat: textOf(parseSampleFormat)
    .default(parseSampleFormat("48000:16:2"))
    .meta({
      description: "rate, bits and channels of sources that do not say otherwise",
      examples: ["48000:16:2"],
      default: "48000:16:2",
    }),
  chunkMs: chunkField.optional().meta({
    description: "length of the pieces audio is sent in; default: 20, in the live profile 10",
    unit: "ms",
  }),
  fallback: fallbackField.default("none").meta({
    description: "what plays while a source is idle",
  }),
  streams: z.array(STREAM).min(1).optional().meta({
    description: 'what can be heard; default: one stream named "default" from a FIFO music.fifo',
  }),
  clients: z.array(CLIENT_RULE).optional().meta({
    description: "what holds for single clients, as long as no app sets another thing for them",
  }),
  addStreams: addStreamsField.default("lan").meta({
    description:
      "what streams apps may add while the server runs: lan: TCP sources of the own network; off: none",
  }),
  listen: LISTEN.prefault({}).meta({ description: "where the server can be reached" }),
  mdns: z.boolean().default(true).meta({ description: "whether it announces itself by mDNS" }),
  stateDir: z.string().min(1).max(1_000).optional().meta({
    description:
      "folder for groups, names and volumes; default: /var/lib/tutti, for a user ~/.local/state/tutti",
  }),
  webRoot: z.string().min(1).max(1_000).optional().meta({
    description:
      "folder of a page to serve, such as Snapweb's; default: the page that the server brings",
  }),
  initialVolume: z.int().min(0).max(100).default(100).meta({
    description: "volume of a client that is new",
    unit: "percent",
  }),
  sendToMuted: z.boolean().default(false).meta({
    description: "whether clients that are muted get audio, and so sound at once when unmuted",
  }),
  mqtt: MQTT.optional().meta({
    description: "a broker by which Home Assistant and others steer the house; see mqtt.md",
  }),
  hooks: HOOKS.prefault({}).meta({ description: "programs to run when something happens" }),
  log: logField,
});

/** The server's flags, each standing for a key. `--source` replaces all streams of the file. */
export const SERVER_FLAGS: readonly Flag[] = [
  { option: "--name <name>", path: ["name"], meaning: "name of the house" },
  { option: "--state-dir <dir>", path: ["stateDir"], meaning: "folder for groups and volumes" },
  {
    option: "--source <uri>",
    path: ["streams"],
    meaning: "a stream's source; repeatable",
    takes: "list",
  },
  { option: "--codec <codec>", path: ["codec"], meaning: "opus[:kbit/s], flac[:level] or pcm" },
  {
    option: "--codec-min <codec>",
    path: ["codecMin"],
    meaning: "the least a client on a slow link is given; as the codec: always that",
  },
  {
    option: "--sample-format <format>",
    path: ["sampleFormat"],
    meaning: "rate:bits:channels of sources",
  },
  {
    option: "--buffer <ms>",
    path: ["bufferMs"],
    meaning: "from recording to hearing",
    takes: "number",
  },
  { option: "--chunk <ms>", path: ["chunkMs"], meaning: "length of a chunk", takes: "number" },
  {
    option: "--fallback <what>",
    path: ["fallback"],
    meaning: "demo: what plays while a source is idle",
  },
  { option: "--address <address>", path: ["listen", "address"], meaning: "address to listen at" },
  {
    option: "--stream-port <port>",
    path: ["listen", "stream"],
    meaning: "port for players",
    takes: "number",
  },
  {
    option: "--control-port <port>",
    path: ["listen", "control"],
    meaning: "port for JSON-RPC",
    takes: "number",
  },
  {
    option: "--http-port <port>",
    path: ["listen", "http"],
    meaning: "port for page and WebSocket",
    takes: "number",
  },
  {
    option: "--web-root <dir>",
    path: ["webRoot"],
    meaning: "folder of a page to serve, as Snapweb",
  },
  {
    option: "--initial-volume <percent>",
    path: ["initialVolume"],
    meaning: "of new clients",
    takes: "number",
  },
  { option: "--send-to-muted", path: ["sendToMuted"], meaning: "send audio to muted clients too" },
  { option: "--no-mdns", path: ["mdns"], meaning: "do not announce by mDNS" },
  { option: "--log <level>", path: ["log"], meaning: "error, warn, info, debug or trace" },
];

/** Resolves the server's configuration. Throws ConfigError that names every mistake and its place. */
export function parseServerConfig(input: ConfigInput = {}): ServerConfig {
  const machine = input.defaults ?? MACHINE_DEFAULTS;
  const reading = new ConfigReading(withSources(input), SERVER_FLAGS);
  const right = parseFields(SERVER, reading.value, [], reading.report);
  const {
    codec,
    codecMin,
    sampleFormat,
    chunkMs,
    fallback,
    streams: _,
    clients,
    bufferMaxMs,
    ...rest
  } = { ...SERVER.parse({}), ...right };
  const { bufferMs } = rest;
  const buffers = { bufferMs, bufferMaxMs };
  const defaults = { codec, codecMin, sampleFormat, chunkMs, fallback, ...buffers };
  reportSharedPorts(rest.listen, reading.report);
  return reading.finish({
    ...rest,
    streamDefaults: defaults,
    name: rest.name ?? machine.name,
    stateDir: rest.stateDir ?? machine.stateDir,
    clients: resolveClientRules(clients ?? [], reading.report),
    streams: resolveStreams(
      writtenStreams(reading.value, machine.runtimeDir),
      defaults,
      reading.report,
    ),
  });
}

/** What an editor checks and completes a server's configuration with. */
export function serverConfigJsonSchema(): object {
  return rulesOf(SERVER);
}

/** `--source URI` as the entry of a stream that it stands for. */
function withSources(input: ConfigInput): ConfigInput {
  const { source, ...others } = (input.overrides ?? {}) as { source?: unknown };
  if (source === undefined) return input;
  const entries = [source].flat().map((uri) => ({ source: uri }));
  return { ...input, overrides: { ...others, source: entries } };
}

function writtenStreams(value: unknown, runtimeDir: string): readonly unknown[] {
  const { streams } = (value ?? {}) as { streams?: unknown };
  if (Array.isArray(streams)) return streams;
  return [{ source: { pipe: { path: `${runtimeDir}/music.fifo` } } }];
}

function reportSharedPorts(
  listen: z.output<typeof LISTEN>,
  report: (mistake: SchemaMistake) => void,
): void {
  const ports = [listen.stream, listen.control, listen.http];
  for (const [at, key] of (["stream", "control", "http"] as const).entries()) {
    const port = listen[key];
    if (port !== 0 && ports.indexOf(port) < at) {
      const message = `listen.${key} is ${port}, which another of the three ports is already`;
      report({ path: ["listen", key], part: "value", message });
    }
  }
}
