import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { BUFFER_MS_MAX, BUFFER_MS_MIN } from "../limits.ts";
import { formatSampleFormat, type SampleFormat, sameFormat } from "../sample-format.ts";
import {
  type CodecChoice,
  formatCodecChoice,
  OPUS_CHUNKS_MS,
  OPUS_FORMAT,
  parseCodecChoice,
  takesOpus,
} from "./codec-choice.ts";
import { nameField, rightFields, textOf } from "./fields.ts";
import type { SchemaMistake } from "./schema-mistakes.ts";
import {
  CHUNK_MS_MAX,
  CHUNK_MS_MIN,
  IDLE_MS_MAX,
  IDLE_MS_MIN,
  readUriSource,
  type StatedSource,
  sourceField,
} from "./source-field.ts";
import type { SourceSpec } from "./source-spec.ts";
import { type StreamUri, withQuery } from "./source-uri.ts";

/** One stream, every default filled in. */
export interface StreamConfig {
  /** Also the stream's id; no two streams share one. */
  readonly name: string;
  readonly source: SourceSpec;
  /** As the control API shows it: name, codec, sampleformat and chunk_ms are always there, and fallback where there is one. */
  readonly uri: StreamUri;
  readonly codec: CodecChoice;
  /** The least a client on a slow link is given. Absent: every client gets `codec`. */
  readonly codecMin?: CodecChoice;
  /** Of what the source delivers; also of what is sent. */
  readonly sampleFormat: SampleFormat;
  readonly chunkMs: number;
  readonly bufferMs: number;
  /** How far it is lengthened when a link's queue outlasts it. Absent: not at all. */
  readonly bufferMaxMs?: number;
  readonly profile: "music" | "live";
  readonly idleThresholdMs: number;
  /** What plays while the source is idle. */
  readonly fallback?: "demo";
}

/** What streams that do not say otherwise take over. */
export interface StreamDefaults {
  readonly codec: CodecChoice;
  /** Without one, a stream that does not say so has one coding. */
  readonly codecMin?: CodecChoice;
  readonly sampleFormat: SampleFormat;
  /** Without one, it follows from the profile. */
  readonly chunkMs?: number | undefined;
  readonly bufferMs: number;
  /** Without one, a stream that does not say so keeps its buffer. */
  readonly bufferMaxMs?: number;
  readonly fallback: "demo" | "none";
}

const CHUNK_MS = { music: 20, live: 10 } as const;
const LIVE_BUFFER_MS = 100;
/** Whoever sets less wants sound at once more than sound without a hole. */
const LENGTHENED_FROM_MS = 1_000;
const IDLE_MS = 500;

export const codecField = textOf(parseCodecChoice);
export const bufferField = z.int().min(BUFFER_MS_MIN).max(BUFFER_MS_MAX);
export const chunkField = z.int().min(CHUNK_MS_MIN).max(CHUNK_MS_MAX);
export const fallbackField = z.enum(["demo", "none"]);

export const STREAM = z.strictObject({
  name: nameField.optional().meta({
    description:
      'what people and apps call the stream; a single stream may go without and is "default"',
  }),
  source: sourceField,
  codec: codecField.optional().meta({
    description: "how it is encoded; default: the server's codec",
    examples: ["opus:192", "flac:5", "pcm"],
  }),
  codecMin: codecField.optional().meta({
    description: "the least a client on a slow link is given; default: the server's codecMin",
    examples: ["opus:32", "opus:96"],
  }),
  chunkMs: chunkField.optional().meta({
    description: "length of the pieces it is sent in; default: 20, in the live profile 10",
    unit: "ms",
  }),
  bufferMs: bufferField.optional().meta({
    description:
      "from recording to hearing; default: the server's bufferMs, in the live profile at most 100",
    unit: "ms",
  }),
  bufferMaxMs: bufferField.optional().meta({
    description:
      "how far the buffer is lengthened when a link's queue outlasts it; default: the server's bufferMaxMs, below 1000 ms and in the live profile not at all",
    unit: "ms",
  }),
  profile: z.enum(["music", "live"]).default("music").meta({
    description: "music outlasts bad networks; live keeps up with a picture",
  }),
  idleThresholdMs: z.int().min(IDLE_MS_MIN).max(IDLE_MS_MAX).optional().meta({
    description: "silence after which the stream counts as idle; default: 500",
    unit: "ms",
  }),
  fallback: fallbackField.optional().meta({
    description: "what plays while the source is idle; default: the server's fallback",
  }),
});

type Entry = Partial<z.output<typeof STREAM>>;
type SoundEntry = Entry & { readonly source: StatedSource; readonly name: string };
type Report = (mistake: SchemaMistake) => void;
/** Tells a mistake in the value at a path: of one stream's keys, or of the whole configuration. */
interface Tell {
  readonly key: (key: keyof z.output<typeof STREAM>, message: string) => void;
  readonly root: (key: string, message: string) => void;
}

/** Resolves the streams of a list whose fields' own mistakes have been reported already. */
export function resolveStreams(
  written: readonly unknown[],
  defaults: StreamDefaults,
  report: Report,
): StreamConfig[] {
  const seen = new Set<string>();
  return written.flatMap((each, index) => {
    const tell: Tell = {
      key: (key, message) => report({ path: ["streams", index, key], part: "value", message }),
      root: (key, message) => report({ path: [key], part: "value", message }),
    };
    const entry = rightFields(STREAM, each);
    const name = nameOf(entry, written.length, tell);
    if (name === undefined) return [];
    if (seen.has(name)) {
      tell.key(entry.name === undefined ? "source" : "name", `two streams are named "${name}"`);
    }
    seen.add(name);
    const { source } = entry;
    return source ? [resolveStream({ ...entry, source, name }, defaults, tell)] : [];
  });
}

/** A stream from nothing but a URI, as the control API adds one. Throws ConfigError or ProtocolError. */
export function streamOfUri(uri: string, defaults: StreamDefaults): StreamConfig {
  const source = readUriSource(uri);
  const { name } = source.stated;
  if (name === undefined) throw new ConfigError("the URI does not name the stream: add name=...");
  const refuse = (_: string, message: string): never => {
    throw new ConfigError(message);
  };
  return resolveStream({ source, name }, defaults, { key: refuse, root: refuse });
}

/** A stream's name, and the mistake of stating a thing twice, or a name not at all. */
function nameOf(entry: Entry, streams: number, tell: Tell): string | undefined {
  const stated = entry.source?.stated ?? {};
  for (const key of ["name", "codec", "chunkMs", "idleThresholdMs"] as const) {
    if (entry[key] !== undefined && stated[key] !== undefined) {
      tell.key(key, `${key} stands here and in the source's URI; keep one of them`);
    }
  }
  const name = entry.name ?? stated.name ?? (streams === 1 ? "default" : undefined);
  if (name === undefined && entry.source) {
    tell.key("name", "name is missing; with several streams each needs its own");
  }
  return name;
}

function resolveStream(entry: SoundEntry, defaults: StreamDefaults, tell: Tell): StreamConfig {
  const { spec, stated, uri } = entry.source;
  const profile = entry.profile ?? "music";
  const codec = entry.codec ?? stated.codec ?? defaults.codec;
  const sampleFormat = stated.sampleFormat ?? defaults.sampleFormat;
  const chunkMs = entry.chunkMs ?? stated.chunkMs ?? defaults.chunkMs ?? CHUNK_MS[profile];
  const liveBufferMs = Math.min(LIVE_BUFFER_MS, defaults.bufferMs);
  const bufferMs = entry.bufferMs ?? (profile === "live" ? liveBufferMs : defaults.bufferMs);
  const stays = profile === "live" || bufferMs < LENGTHENED_FROM_MS;
  const bufferMaxMs = entry.bufferMaxMs ?? (stays ? 0 : (defaults.bufferMaxMs ?? 0));
  const fallback = entry.fallback ?? defaults.fallback;
  const codecMin = entry.codecMin ?? defaults.codecMin;
  const asOpus = takesOpus(sampleFormat, chunkMs);
  // Nothing to choose from: the source's format is not one of Opus, or the least is all.
  const changes = codecMin && asOpus && formatCodecChoice(codecMin) !== formatCodecChoice(codec);
  if (codec.name === "opus") tellWhatOpusCannot(entry, sampleFormat, chunkMs, tell);
  const shown = withQuery(uri, {
    name: entry.name,
    codec: formatCodecChoice(codec),
    sampleformat: formatSampleFormat(sampleFormat),
    chunk_ms: String(chunkMs),
  });
  return {
    name: entry.name,
    source: spec,
    // A source's address does not name its fallback, so `raw` is without it.
    uri: fallback === "demo" ? { ...shown, query: { ...shown.query, fallback } } : shown,
    codec,
    ...(changes && { codecMin }),
    sampleFormat,
    chunkMs,
    bufferMs,
    ...(bufferMaxMs > bufferMs && { bufferMaxMs }),
    profile,
    idleThresholdMs: entry.idleThresholdMs ?? stated.idleThresholdMs ?? IDLE_MS,
    ...(fallback === "demo" && { fallback }),
  };
}

/** Tells it of the key that decided: the stream's own, its source, or the server's default. */
function tellWhatOpusCannot(
  { chunkMs: own, source: { stated } }: SoundEntry,
  format: SampleFormat,
  chunkMs: number,
  tell: Tell,
): void {
  if (!sameFormat(format, OPUS_FORMAT)) {
    const message = `opus takes ${formatSampleFormat(OPUS_FORMAT)}, but the source delivers ${formatSampleFormat(format)}; choose codec flac or pcm, or feed ${formatSampleFormat(OPUS_FORMAT)}`;
    if (stated.sampleFormat) tell.key("source", message);
    else tell.root("sampleFormat", message);
  }
  if (!OPUS_CHUNKS_MS.includes(chunkMs)) {
    const message = `chunkMs is ${chunkMs}; with opus allowed: ${OPUS_CHUNKS_MS.join(", ")} (ms)`;
    if (own !== undefined) tell.key("chunkMs", message);
    else if (stated.chunkMs !== undefined) tell.key("source", message);
    else tell.root("chunkMs", message);
  }
}
