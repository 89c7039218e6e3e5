import { importSource, type SourceDefaults } from "./import-source.ts";
import { parseConf, type Setting } from "./snapserver-conf.ts";

/** What became of a snapserver.conf. */
export interface ImportedConf {
  /** Our configuration, as its file says it. */
  readonly value: Readonly<Record<string, unknown>>;
  /** What could not be carried over, or means something else here; a sentence each. */
  readonly notes: readonly string[];
  /** Where Snapcast's server keeps its server.json, if the file says so. */
  readonly stateFolder: string | undefined;
}

/** What the file becomes, piece by piece. */
interface Draft {
  readonly keys: Record<string, unknown>;
  readonly listen: Record<string, unknown>;
  readonly addresses: Set<string>;
  readonly sources: Setting[];
  readonly notes: string[];
  stateFolder?: string;
}

type Take = (draft: Draft, setting: Setting) => void;

const BUFFER_MS = [20, 10_000] as const;
const CHUNK_MS = [5, 100] as const;

/** Every setting that has a counterpart, by its name then and now. */
const TAKEN: Readonly<Record<string, Take>> = {
  "stream.source": ({ sources }, setting) => void sources.push(setting),
  "stream.buffer": whole("bufferMs", ...BUFFER_MS),
  "stream.chunk_ms": whole("chunkMs", ...CHUNK_MS),
  "stream.codec": text("codec"),
  "stream.sampleformat": text("sampleFormat"),
  "stream.send_to_muted": flag("sendToMuted"),
  "streaming_client.initial_volume": whole("initialVolume", 0, 100),
  "server.mdns_enabled": flag("mdns"),
  "http.doc_root": text("webRoot"),
  "stream.port": port("stream"),
  "tcp-streaming.port": port("stream"),
  "tcp.port": port("control"),
  "tcp-control.port": port("control"),
  "http.port": port("http"),
  "stream.bind_to_address": ({ addresses }, { value }) => void addresses.add(value),
  "tcp-streaming.bind_to_address": ({ addresses }, { value }) => void addresses.add(value),
  "tcp.bind_to_address": ({ addresses }, { value }) => void addresses.add(value),
  "tcp-control.bind_to_address": ({ addresses }, { value }) => void addresses.add(value),
  "http.bind_to_address": ({ addresses }, { value }) => void addresses.add(value),
  "server.datadir": (draft, { value }) => {
    draft.stateFolder = value;
  },
  "logging.filter": takeLogFilter,
  "http.enabled": alwaysOn,
  "tcp.enabled": alwaysOn,
  "tcp-control.enabled": alwaysOn,
  "tcp-streaming.enabled": alwaysOn,
};

/** Why others have none. */
const REASONS: Readonly<Record<string, string>> = {
  "server.threads": "has no counterpart",
  "server.pidfile": "has no counterpart; systemd knows the process",
  "server.user": "is the service's matter: User= in its unit",
  "server.group": "is the service's matter: Group= in its unit",
  "http.host": "has no counterpart",
  "stream.plugin_dir": "has no counterpart; control scripts are not supported",
  "stream.sandbox_dir": "has no counterpart; streams are not added over the network",
  "logging.sink":
    "has no counterpart; the log goes to standard output, from there into the journal",
};

/** Snapcast's own default, which is not ours. */
const DEFAULT_CODEC = "flac";
const DEFAULT_SOURCE: Setting = {
  name: "stream.source",
  value: "pipe:///tmp/snapfifo?name=default",
  line: 0,
};

/** Turns Snapcast's configuration into ours. Nothing in the text is trusted to be right. */
export function importConf(conf: string): ImportedConf {
  const draft: Draft = {
    ...{ keys: {}, listen: {}, addresses: new Set(), sources: [], notes: [] },
  };
  for (const setting of parseConf(conf)) {
    if (setting.value === "") continue;
    const take = Object.hasOwn(TAKEN, setting.name) ? TAKEN[setting.name] : undefined;
    if (take) take(draft, setting);
    else note(draft, setting, REASONS[setting.name] ?? "is not known here");
  }
  settleCodec(draft);
  settleAddress(draft);
  const streams = importSources(draft);
  const { bufferMs, codec, sampleFormat, chunkMs, ...rest } = draft.keys;
  const first = { bufferMs, codec, sampleFormat, chunkMs };
  const given = Object.entries(first).filter(([, value]) => value !== undefined);
  return {
    value: {
      ...Object.fromEntries(given),
      ...(streams.length > 0 && { streams }),
      ...(Object.keys(draft.listen).length > 0 && { listen: draft.listen }),
      ...rest,
    },
    notes: draft.notes,
    stateFolder: draft.stateFolder,
  };
}

function importSources(draft: Draft): object[] {
  const defaults: SourceDefaults = {
    codec: String(draft.keys.codec),
    sampleFormat: String(draft.keys.sampleFormat ?? "48000:16:2"),
    chunkMs: Number(draft.keys.chunkMs ?? 20),
  };
  const sources = draft.sources.length > 0 ? draft.sources : [DEFAULT_SOURCE];
  const names = new Set<string>();
  return sources.flatMap((setting) => {
    const { stream, notes } = importSource(setting.value, defaults);
    for (const each of notes) draft.notes.push(`${where(setting)}: ${each}`);
    if (!stream) return [];
    if (names.has(stream.name)) {
      draft.notes.push(`${where(setting)}: a second stream named "${stream.name}" is left out`);
      return [];
    }
    names.add(stream.name);
    return [stream];
  });
}

/** What Snapcast did without saying is said here, so that it stays what it was. */
function settleCodec(draft: Draft): void {
  const { codec = DEFAULT_CODEC } = draft.keys;
  draft.keys.codec = codec;
  if (!/^ogg/.test(String(codec))) return;
  draft.notes.push(`codec ${codec}: Vorbis is not supported; flac stands in for it`);
  draft.keys.codec = DEFAULT_CODEC;
}

function settleAddress({ addresses, listen, notes }: Draft): void {
  const [first, ...others] = [...addresses];
  if (first === undefined) return;
  if (others.length === 0) listen.address = first;
  else {
    const list = [...addresses].join(", ");
    notes.push(
      `bind_to_address: all ports listen at one address here, not at ${list}; at all then`,
    );
  }
}

function takeLogFilter(draft: Draft, setting: Setting): void {
  const levels: Readonly<Record<string, string>> = {
    ...{ trace: "trace", debug: "debug", info: "info", notice: "info" },
    ...{ warning: "warn", error: "error", fatal: "error" },
  };
  const [, level = ""] = /^\*:(\w+)$/.exec(setting.value) ?? [];
  const known = Object.hasOwn(levels, level) ? levels[level] : undefined;
  if (known === undefined) note(draft, setting, "has no counterpart: there is one level for all");
  else if (known !== "info") draft.keys.log = known;
}

function alwaysOn(draft: Draft, setting: Setting): void {
  if (isTrue(setting.value)) return;
  note(draft, setting, "cannot be carried over: all three ports are always open");
}

function whole(key: string, min: number, max: number): Take {
  return (draft, setting) => {
    const value = /^\d{1,9}$/.test(setting.value) ? Number(setting.value) : Number.NaN;
    if (value >= min && value <= max) draft.keys[key] = value;
    else note(draft, setting, `is left out: ${key} takes ${min} to ${max}`);
  };
}

function port(key: string): Take {
  return (draft, setting) => {
    const value = /^\d{1,5}$/.test(setting.value) ? Number(setting.value) : Number.NaN;
    if (value <= 65_535) draft.listen[key] = value;
    else note(draft, setting, "is left out: it is no port");
  };
}

function text(key: string): Take {
  return (draft, { value }) => {
    draft.keys[key] = value;
  };
}

function flag(key: string): Take {
  return (draft, { value }) => {
    draft.keys[key] = isTrue(value);
  };
}

function isTrue(value: string): boolean {
  return /^(true|1|yes|on)$/i.test(value);
}

function note(draft: Draft, setting: Setting, reason: string): void {
  draft.notes.push(`${where(setting)}: ${setting.name} = ${setting.value} ${reason}`);
}

function where({ line }: Setting): string {
  return line === 0 ? "by default" : `line ${line}`;
}
