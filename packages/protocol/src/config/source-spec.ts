import { ConfigError } from "../errors.ts";
import { corrected } from "./nearest.ts";
import { type StreamUri, withRaw } from "./source-uri.ts";
import { type TcpSourceSpec, tcpAddress, tcpSourceOf } from "./tcp-source.ts";

/** What a source needs to be opened. */
export type SourceSpec =
  | { readonly kind: "pipe"; readonly path: string; readonly mode: "create" | "read" }
  | TcpSourceSpec
  | { readonly kind: "alsa"; readonly device: string }
  | { readonly kind: "demo" };

interface SourceScheme<Spec extends SourceSpec> {
  readonly parameters: readonly string[];
  readonly fromUri: (uri: StreamUri) => Spec;
  readonly toUri: (spec: Spec) => Partial<StreamUri>;
}

/** Every kind of source that there is; the key is the scheme of its URI. */
const SCHEMES: { [Kind in SourceSpec["kind"]]: SourceScheme<SourceSpec & { kind: Kind }> } = {
  pipe: {
    parameters: ["mode"],
    fromUri: (uri) => ({ kind: "pipe", path: localPath(uri), mode: pipeMode(uri.query.mode) }),
    toUri: ({ path, mode }) => ({ path, query: { mode } }),
  },
  tcp: {
    parameters: ["mode"],
    fromUri: (uri) => tcpSourceOf(withoutPath(uri).host, uri.query.mode),
    toUri: ({ mode, ...address }) => ({ host: tcpAddress(address), query: { mode } }),
  },
  alsa: {
    parameters: ["device", "send_silence"],
    fromUri: ({ query }) => ({ kind: "alsa", device: query.device ?? "default" }),
    toUri: ({ device }) => ({ path: "/", query: { device } }),
  },
  demo: {
    parameters: [],
    fromUri: () => ({ kind: "demo" }),
    toUri: () => ({}),
  },
};

/** Parameters of every scheme. `buffer_ms` is without effect here as it is in Snapcast. */
const COMMON = ["name", "codec", "sampleformat", "chunk_ms", "idle_threshold", "buffer_ms"];

/** The names of all kinds of sources. */
export const SOURCE_SCHEMES = Object.keys(SCHEMES) as SourceSpec["kind"][];

/** Says what to open for a URI. Throws ConfigError for a scheme or a parameter that is not known. */
export function sourceOfUri(uri: StreamUri): SourceSpec {
  const scheme = SOURCE_SCHEMES.find((known) => known === uri.scheme);
  if (!scheme) {
    throw new ConfigError(
      corrected(`unknown kind of source "${uri.scheme}"`, uri.scheme, SOURCE_SCHEMES),
    );
  }
  const allowed = [...COMMON, ...SCHEMES[scheme].parameters];
  const unknown = Object.keys(uri.query).find((key) => !allowed.includes(key));
  if (unknown !== undefined) {
    throw new ConfigError(
      corrected(`unknown parameter "${unknown}" of a ${scheme} source`, unknown, allowed),
    );
  }
  return SCHEMES[scheme].fromUri(uri);
}

/** The URI that means the same source. */
export function uriOfSource(spec: SourceSpec): StreamUri {
  const { toUri } = SCHEMES[spec.kind] as SourceScheme<SourceSpec>;
  const empty = { host: "", path: "", fragment: "", query: {} };
  return withRaw({ ...empty, ...toUri(spec), scheme: spec.kind });
}

function localPath({ scheme, host, path }: StreamUri): string {
  if (host !== "") {
    throw new ConfigError(
      `"${host}" stands where a host would; a path takes three slashes: ${scheme}:///${host}${path}`,
    );
  }
  if (path.length < 2) throw new ConfigError(`a ${scheme} source needs a path: ${scheme}:///path`);
  return path;
}

function withoutPath(uri: StreamUri): StreamUri {
  if (uri.path !== "" && uri.path !== "/") {
    throw new ConfigError(
      `"${uri.path}" stands behind the address; a ${uri.scheme} source has no path`,
    );
  }
  return uri;
}

function pipeMode(mode: string | undefined): "create" | "read" {
  if (mode !== undefined && mode !== "create" && mode !== "read") {
    throw new ConfigError(`mode is "${mode}"; allowed: create, read`);
  }
  return mode ?? "create";
}
