import { ConfigError } from "../errors.ts";

/** Where a server listens for players. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

const STREAM_PORT = 1704;
const ADDRESS = /^(?:tcp:\/\/)?(?:\[([0-9a-f:.%a-z]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?\/?$/i;
const BARE_IPV6 = /^[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*(?:%\w+)?$/i;

/** Parses "host", "host:port", "[::1]:1704" or a bare IPv6 address. Throws ConfigError. */
export function parseServerAddress(text: string): ServerAddress {
  const trimmed = text.trim();
  if (BARE_IPV6.test(trimmed)) return { host: trimmed, port: STREAM_PORT };
  const [, ipv6, name, port] = ADDRESS.exec(trimmed) ?? [];
  const host = ipv6 ?? name;
  const number = port === undefined ? STREAM_PORT : Number(port);
  if (host === undefined || number < 1 || number > 65_535) {
    throw new ConfigError(
      `"${trimmed}" is not a server; allowed: auto, host[:port], like 192.168.1.10:1704 or [fe80::1]:1704`,
    );
  }
  return { host, port: number };
}
