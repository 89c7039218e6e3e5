import { ConfigError } from "../errors.ts";

/** Where a stream's audio comes from, in Snapcast's syntax, and as the control API shows it. */
export interface StreamUri {
  readonly scheme: string;
  /** "host" or "host:port"; empty for what lies on this machine. */
  readonly host: string;
  readonly path: string;
  readonly fragment: string;
  /** Percent-decoded. Of a key that is repeated, the last value. */
  readonly query: Readonly<Record<string, string>>;
  /** The whole put together again: keys sorted, values percent-encoded. */
  readonly raw: string;
}

const URI = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?(?:#(.*))?$/i;

/**
 * Parses `scheme://host/path?key=value&...#fragment`. Quotes around the whole are dropped, as are
 * parameters without "=". Throws ConfigError; knows nothing of the schemes.
 */
export function parseSourceUri(text: string): StreamUri {
  // Half a surrogate pair, which JSON can carry, has no percent-encoding.
  const whole = text.replaceAll(/\p{Surrogate}/gu, "\ufffd");
  const bare = whole.trim().replace(/^(["'])(.*)\1$/, "$2");
  const match = URI.exec(bare);
  if (!match) throw new ConfigError(`"${bare}" is not a source${hint(bare)}`);
  const [, scheme = "", host = "", path = "", query = "", fragment = ""] = match;
  return withRaw({
    scheme: scheme.toLowerCase(),
    host,
    path: decoded(path),
    fragment: decoded(fragment),
    query: parseQuery(query),
  });
}

/** The same URI with these parameters set, `raw` included. */
export function withQuery(uri: StreamUri, set: Readonly<Record<string, string>>): StreamUri {
  return withRaw({ ...uri, query: { ...uri.query, ...set } });
}

/** A URI from its parts. */
export function withRaw(parts: Omit<StreamUri, "raw">): StreamUri {
  const query = Object.entries(parts.query).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const asked = query.map(([key, value]) => `${encoded(key)}=${encoded(value)}`).join("&");
  const raw = [
    `${parts.scheme}://${parts.host}`,
    parts.path.split("/").map(encoded).join("/"),
    asked && `?${asked}`,
    parts.fragment && `#${encoded(parts.fragment)}`,
  ].join("");
  return { ...parts, query: Object.fromEntries(query), raw };
}

function parseQuery(query: string): Record<string, string> {
  const pairs = query.split("&").filter((part) => part.includes("="));
  return Object.fromEntries(
    pairs.map((part) => {
      const middle = part.indexOf("=");
      return [decoded(part.slice(0, middle)), decoded(part.slice(middle + 1))];
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new ConfigError(
      `"${text}" has a "%" that no two hexadecimal digits of UTF-8 follow; a percent sign itself is %25`,
      { cause },
    );
  }
}

/** As RFC 3986 says: all but letters, digits and "-._~". */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function hint(text: string): string {
  if (text.startsWith("/")) return `; for a named pipe write pipe://${text}`;
  return "; it is written scheme://host/path?key=value, like pipe:///run/tutti/music.fifo";
}
