import { ConfigError } from "../errors.ts";

/** Sound over TCP: programs connect to us ("server"), or we to one that waits ("client"). */
export interface TcpSourceSpec {
  readonly kind: "tcp";
  readonly mode: "server" | "client";
  /** Of this machine to listen at, or of the other to connect to: an address or a name. */
  readonly host: string;
  readonly port: number;
}

/** Snapcast's. */
export const TCP_SOURCE_PORT = 4953;
/** Who names no address lets this machine in and nobody else. */
export const TCP_SOURCE_HOST = "127.0.0.1";

/** Unbracketed, the last colon is the port's: remotes write IPv6 like that. */
const ADDRESS = /^(?:\[([0-9a-f:.]+(?:%\w+)?)\]|([^\s/[\]]*?))(?::(\d{1,5}))?$/i;

/** Reads a source of the mode with the address "host", "host:port" or "[::1]:4953". Throws ConfigError. */
export function tcpSourceOf(address: string, mode = "server"): TcpSourceSpec {
  if (mode !== "server" && mode !== "client") {
    throw new ConfigError(`mode is "${mode}"; allowed: server, client`);
  }
  const [, ipv6, name, digits] = ADDRESS.exec(address) ?? [];
  const port = digits === undefined ? TCP_SOURCE_PORT : Number(digits);
  if ((ipv6 === undefined && name === undefined) || port < 1 || port > 65_535) {
    throw new ConfigError(
      `"${address}" is no address; it is written tcp://host:port, like tcp://0.0.0.0:${TCP_SOURCE_PORT}`,
    );
  }
  return { kind: "tcp", mode, host: ipv6 || name || TCP_SOURCE_HOST, port };
}

/** "host:port", as a URI has it. */
export function tcpAddress({ host, port }: Pick<TcpSourceSpec, "host" | "port">): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
