import { ConfigError, ProtocolError, parseSampleFormat } from "@tutti/protocol";
import {
  parseCodecChoice,
  parseSourceUri,
  SOURCE_SCHEMES,
  type StreamUri,
  sourceMapping,
  sourceOfUri,
  streamOfUri,
} from "@tutti/protocol/config";

/** What a source takes over that says nothing else, as text. */
export interface SourceDefaults {
  readonly codec: string;
  readonly sampleFormat: string;
  readonly chunkMs: number;
}

export interface ImportedSource {
  /** An entry of our list of streams; none when there is no such source here. */
  readonly stream?: { readonly name: string } & Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
}

const OPUS_FORMAT = "48000:16:2";
const OPUS_CHUNKS_MS = [5, 10, 20, 40, 60];

/** Reads a `source =` of Snapcast's server. */
export function importSource(text: string, defaults: SourceDefaults): ImportedSource {
  try {
    return importUri(parseSourceUri(text), defaults);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof ProtocolError)) throw error;
    return { notes: [`${text} is left out: ${error.message}`] };
  }
}

function importUri(uri: StreamUri, defaults: SourceDefaults): ImportedSource {
  const { name } = uri.query;
  if (name === undefined) return { notes: [`${uri.raw} is left out: it has no name`] };
  if (!(SOURCE_SCHEMES as readonly string[]).includes(uri.scheme)) {
    return { notes: [`stream "${name}" is left out: no ${uri.scheme} source here yet`] };
  }
  const notes: string[] = [];
  const query = knownParameters(uri, name, notes);
  const keys = soundKeys(query, name, defaults, notes);
  const format = query.sampleformat;
  const asked = { ...query, codec: keys.codec ?? "flac", chunk_ms: `${keys.chunkMs ?? 20}` };
  const resolved = streamOfUri(rawOf({ ...uri, query: asked }), {
    codec: parseCodecChoice("flac"),
    sampleFormat: parseSampleFormat(format ?? defaults.sampleFormat),
    bufferMs: 1_000,
    fallback: "none",
  });
  if (uri.scheme === "pipe" && uri.path.startsWith("/tmp/")) {
    notes.push(
      `stream "${name}": Linux refuses a FIFO in /tmp to other users' programs; docs/sources.md has the remedy`,
    );
  }
  const source = sourceMapping(resolved, format ? resolved.sampleFormat : undefined);
  const { idle_threshold: idle } = query;
  const idleThresholdMs = idle === undefined ? {} : { idleThresholdMs: Number(idle) };
  return { stream: { name: resolved.name, source, ...keys, ...idleThresholdMs }, notes };
}

/** Those parameters that mean something here; the others are told of. */
function knownParameters(uri: StreamUri, name: string, notes: string[]): Record<string, string> {
  const known = Object.entries(uri.query).filter(([key, value]) => {
    try {
      sourceOfUri({ ...uri, query: { [key]: value } });
      return true;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      notes.push(`stream "${name}": ${key}=${value} is left out, there is nothing like it here`);
      return false;
    }
  });
  return Object.fromEntries(known);
}

/** Codec and chunk length where they differ from the file's, or must: opus is stricter here. */
function soundKeys(
  query: Readonly<Record<string, string>>,
  name: string,
  defaults: SourceDefaults,
  notes: string[],
): { codec?: string; chunkMs?: number } {
  let codec = query.codec ?? defaults.codec;
  if (codec.startsWith("ogg")) {
    notes.push(`stream "${name}": Vorbis is not supported; flac stands in for it`);
    codec = "flac";
  }
  const format = query.sampleformat ?? defaults.sampleFormat;
  if (codec.startsWith("opus") && format !== OPUS_FORMAT) {
    notes.push(`stream "${name}": opus takes ${OPUS_FORMAT}, not ${format}; flac stands in for it`);
    codec = "flac";
  }
  let chunkMs = Number(query.chunk_ms ?? defaults.chunkMs);
  if (codec.startsWith("opus") && !OPUS_CHUNKS_MS.includes(chunkMs)) {
    notes.push(`stream "${name}": opus takes chunks of 20 ms, not ${chunkMs}`);
    chunkMs = 20;
  }
  return {
    ...(codec !== defaults.codec && { codec }),
    ...(chunkMs !== defaults.chunkMs && { chunkMs }),
  };
}

/** The URI's text again. */
function rawOf({ scheme, host, path, query }: Omit<StreamUri, "raw">): string {
  const pairs = Object.entries(query).map(
    ([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`,
  );
  return `${scheme}://${host}${encodeURI(path)}?${pairs.join("&")}`;
}
