import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { parseSampleFormat, type SampleFormat } from "../sample-format.ts";
import { type CodecChoice, parseCodecChoice } from "./codec-choice.ts";
import { textOf } from "./fields.ts";
import { type SourceSpec, sourceOfUri, uriOfSource } from "./source-spec.ts";
import { parseSourceUri, type StreamUri, withRaw } from "./source-uri.ts";
import { TCP_SOURCE_HOST, TCP_SOURCE_PORT } from "./tcp-source.ts";

/** A source as it was written, and what its URI says about the stream. */
export interface StatedSource {
  readonly spec: SourceSpec;
  readonly uri: StreamUri;
  readonly stated: StatedInUri;
}

export interface StatedInUri {
  readonly name?: string;
  readonly codec?: CodecChoice;
  readonly sampleFormat?: SampleFormat;
  readonly chunkMs?: number;
  readonly idleThresholdMs?: number;
}

/** Bounds of a chunk's length. Shorter ones cost a header each, longer ones delay the first sound. */
export const CHUNK_MS_MIN = 5;
export const CHUNK_MS_MAX = 100;
/** Bounds of the silence after which a stream counts as idle. */
export const IDLE_MS_MIN = 10;
export const IDLE_MS_MAX = 3_600_000;

/** Reads a source's URI. Throws ConfigError or ProtocolError. */
export function readUriSource(text: string): StatedSource {
  const uri = parseSourceUri(text);
  const spec = sourceOfUri(uri);
  const { name, codec, sampleformat, chunk_ms, idle_threshold } = uri.query;
  const stated = {
    ...(name !== undefined && { name: readName(name) }),
    ...(codec !== undefined && { codec: parseCodecChoice(codec) }),
    ...(sampleformat !== undefined && { sampleFormat: parseSampleFormat(sampleformat) }),
    ...(chunk_ms !== undefined && {
      chunkMs: whole("chunk_ms", chunk_ms, CHUNK_MS_MIN, CHUNK_MS_MAX),
    }),
    ...(idle_threshold !== undefined && {
      idleThresholdMs: whole("idle_threshold", idle_threshold, IDLE_MS_MIN, IDLE_MS_MAX),
    }),
  };
  return { spec, uri: spec.kind === "tcp" ? withAddress(uri, spec) : uri, stated };
}

/** Whoever feeds the stream looks for the port in the host, also where it was left to the default. */
function withAddress(uri: StreamUri, spec: SourceSpec): StreamUri {
  return withRaw({ ...uri, host: uriOfSource(spec).host, path: "" });
}

const inputFormat = textOf(parseSampleFormat)
  .optional()
  .meta({
    description: "format of the source's audio: rate, bits, channels",
    examples: ["48000:16:2"],
  });

const pipe = z.strictObject({
  path: z
    .string()
    .startsWith("/")
    .meta({
      description: "where the FIFO lies, from the root",
      examples: ["/run/tutti/music.fifo"],
    }),
  mode: z
    .enum(["create", "read"])
    .default("create")
    .meta({ description: "whether the server makes the FIFO or expects it to be there" }),
  sampleFormat: inputFormat,
});

const tcp = z.strictObject({
  mode: z
    .enum(["server", "client"])
    .default("server")
    .meta({ description: "whether programs connect to this machine, or it to one that waits" }),
  host: z
    .string()
    .min(1)
    .max(200)
    .default(TCP_SOURCE_HOST)
    .meta({
      description:
        "server: address of this machine that is listened at, 0.0.0.0 for all; client: who is connected to",
      examples: ["0.0.0.0", "192.168.1.10"],
    }),
  port: z.int().min(1).max(65_535).default(TCP_SOURCE_PORT).meta({ description: "TCP port" }),
  sampleFormat: inputFormat,
});

const alsa = z.strictObject({
  device: z
    .string()
    .min(1)
    .max(200)
    .default("default")
    .meta({ description: "name of the sound card that is recorded" }),
  sampleFormat: inputFormat,
});

const demo = z.strictObject({ sampleFormat: inputFormat });

const byKind = z
  .strictObject({
    pipe: pipe.optional().meta({ description: "a FIFO that programs write PCM into" }),
    tcp: tcp.optional().meta({ description: "PCM over a TCP connection" }),
    alsa: alsa.optional().meta({ description: "a sound card's input" }),
    demo: demo.optional().meta({ description: "a short loop of music, made by the server" }),
  })
  .transform((written, context): StatedSource => {
    const specs: SourceSpec[] = [
      ...(written.pipe
        ? [{ kind: "pipe" as const, path: written.pipe.path, mode: written.pipe.mode }]
        : []),
      ...(written.tcp ? [tcpSpec(written.tcp)] : []),
      ...(written.alsa ? [{ kind: "alsa" as const, device: written.alsa.device }] : []),
      ...(written.demo ? [{ kind: "demo" as const }] : []),
    ];
    const [spec] = specs;
    if (!spec || specs.length > 1) {
      context.addIssue({
        code: "custom",
        message: `a source is one of ${Object.keys(byKind.in.shape).join(", ")}; this names ${specs.length}`,
      });
      return z.NEVER;
    }
    const sampleFormat = written[spec.kind]?.sampleFormat;
    return { spec, uri: uriOfSource(spec), stated: { ...(sampleFormat && { sampleFormat }) } };
  });

/** A source: a URI in Snapcast's syntax, or a mapping from its kind to its settings. */
export const sourceField = z.union([textOf(readUriSource), byKind]).meta({
  description: "where the audio comes from",
  examples: ["pipe:///run/tutti/music.fifo?mode=create"],
});

function tcpSpec({ mode, host, port }: z.output<typeof tcp>): SourceSpec {
  return { kind: "tcp", mode, host, port };
}

function readName(name: string): string {
  const trimmed = name.trim();
  if (trimmed === "" || trimmed.length > 100) {
    throw new ConfigError("name is not text of 1 to 100 characters");
  }
  return trimmed;
}

function whole(key: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new ConfigError(
      `${key} is "${text}"; allowed: a whole number from ${min} to ${max} (ms)`,
    );
  }
  return value;
}
