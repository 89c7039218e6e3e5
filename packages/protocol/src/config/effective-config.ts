import { formatSampleFormat } from "../sample-format.ts";
import { clientConfigJsonSchema, parseClientConfig } from "./client-config.ts";
import { formatCodecChoice } from "./codec-choice.ts";
import type { ConfigInput } from "./config-reading.ts";
import type { Rules } from "./schema-mistakes.ts";
import { parseServerConfig, type ServerConfig, serverConfigJsonSchema } from "./server-config.ts";
import { parseSourceUri } from "./source-uri.ts";
import type { StreamConfig } from "./stream-config.ts";
import { YamlText } from "./yaml-text.ts";

type Path = readonly (string | number)[];
type Mapping = Readonly<Record<string, unknown>>;

/** Stands for a secret. */
const HIDDEN = "(hidden)";

/** What a daemon would run with, as a file that says all of it. */
export interface EffectiveConfig {
  readonly value: Mapping;
  /** Where the value at a path comes from: "server.yaml:3", "codec, server.yaml:2", "default". */
  readonly originAt: (path: Path) => string;
}

/** Throws ConfigError as the server would. */
export function effectiveServerConfig(input: ConfigInput): EffectiveConfig {
  const config = parseServerConfig(input);
  const file = new File(input);
  const settled = settle(serverConfigJsonSchema() as Rules, file.value, config);
  const rules = (serverConfigJsonSchema() as Rules).properties?.streams?.items ?? {};
  const streams = config.streams.map((stream) => streamValue(rules, stream));
  return {
    value: { ...settled, streams },
    originAt: (path) => file.line(path) ?? streamOrigin(path, file, streams) ?? "default",
  };
}

/** What a server runs with, whatever it was told by, without what is nobody else's business. */
export function runningServerConfig(config: ServerConfig): Mapping {
  const { properties = {} } = serverConfigJsonSchema() as Rules;
  // What only streams take over stands with each of them.
  const own = Object.entries(properties).filter(
    ([key]) => key !== "streams" && keyOf(config, key) !== undefined,
  );
  const settled = settle({ properties: Object.fromEntries(own) }, undefined, config);
  const rules = properties.streams?.items ?? {};
  const streams = config.streams.map((stream) => streamValue(rules, stream));
  const hooks = Object.entries(config.hooks).map(([name, set]) => [name, withoutArguments(set)]);
  return masked({ ...settled, hooks: Object.fromEntries(hooks), streams }) as Mapping;
}

/** Of a hook the program alone: keys for other services stand among its arguments. */
function withoutArguments(set: unknown): unknown {
  return Array.isArray(set) && set.length > 1 ? [set[0], "***"] : set;
}

const SECRET = /password|secret|token|credential/i;

/** Secrets become stars, and a person's own folder a tilde. */
export function masked(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((each) => masked(each, key));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([inner, each]) => [inner, masked(each, inner)]),
    );
  }
  if (typeof value !== "string" || value === "") return value;
  if (SECRET.test(key)) return "***";
  return value
    .replace(/^(\w+:\/\/)[^/@\s]+@/, "$1***@")
    .replace(/^(\/home\/[^/]+|\/root)(?=\/|$)/, "~");
}

/** Throws ConfigError as the client would. */
export function effectiveClientConfig(input: ConfigInput): EffectiveConfig {
  const config = parseClientConfig(input);
  const file = new File(input);
  return {
    value: settle(clientConfigJsonSchema() as Rules, file.value, config),
    originAt: (path) => file.line(path) ?? "default",
  };
}

/** A source as the mapping from its kind to its settings, with the format that it delivers. */
export function sourceMapping(
  { source: { kind, ...settings } }: Pick<StreamConfig, "source">,
  sampleFormat?: StreamConfig["sampleFormat"],
): object {
  const format = sampleFormat && { sampleFormat: formatSampleFormat(sampleFormat) };
  return { [kind]: { ...settings, ...format } };
}

/** Every key that has a value: as written, else as resolved, else by default. */
function settle(rules: Rules, written: unknown, resolved: unknown): Mapping {
  const entries = Object.entries(rules.properties ?? {}).map(([key, rule]) => {
    const [own, known] = [keyOf(written, key), keyOf(resolved, key)];
    return [key, settleField(rule, own, known)];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function settleField(rule: Rules, own: unknown, known: unknown): unknown {
  const value = own ?? known ?? rule.default;
  if (value === undefined) return undefined;
  if (rule.writeOnly) return HIDDEN;
  return rule.properties ? settle(rule, own, known) : value;
}

function streamValue(rules: Rules, stream: StreamConfig): Mapping {
  const text = {
    source: sourceMapping(stream, stream.sampleFormat),
    codec: formatCodecChoice(stream.codec),
    codecMin: formatCodecChoice(stream.codecMin ?? stream.codec),
    fallback: stream.fallback ?? "none",
  };
  return settle(rules, text, stream);
}

/** In a URI, and at the top of the file, a stream's keys have other names. */
const IN_URI: Readonly<Record<string, string>> = {
  sampleFormat: "sampleformat",
  chunkMs: "chunk_ms",
  idleThresholdMs: "idle_threshold",
};

/** Where a stream's value comes from that has no line of its own: its source's URI, or the server's key. */
function streamOrigin(path: Path, file: File, streams: readonly Mapping[]): string | undefined {
  const [root, index] = path;
  if (root !== "streams" || typeof index !== "number") return undefined;
  const key = String(path.at(-1));
  const source = keyOf(keyOf(keyOf(file.value, "streams"), index), "source");
  if (typeof source === "string") {
    const uri = parseSourceUri(source);
    const value = path.reduce<unknown>((inner, step) => keyOf(inner, step), { streams });
    const stated = Object.hasOwn(uri.query, IN_URI[key] ?? key) || uri.path === value;
    if (stated) return file.line(["streams", index, "source"]);
  }
  const line = file.line([key]);
  // A stream of the live profile takes less than the server's buffer.
  const same = keyOf(file.value, key) === keyOf(streams[index], key) || key !== "bufferMs";
  return line !== undefined && same ? `${key}, ${line}` : undefined;
}

/** What was written, and where. */
class File {
  readonly value: unknown;
  readonly #text: YamlText;
  readonly #name: string;

  constructor({ text = "", fileName = "config" }: ConfigInput) {
    this.#text = new YamlText(text);
    this.#name = fileName;
    this.value = this.#text.value;
  }

  line(path: Path): string | undefined {
    const value = path.reduce<unknown>((inner, step) => keyOf(inner, step), this.value);
    return value === undefined ? undefined : `${this.#name}:${this.#text.place(path, "key").line}`;
  }
}

function keyOf(value: unknown, key: string | number): unknown {
  return (value as Record<string | number, unknown> | null | undefined)?.[key];
}
