import { misuse } from "./failure.ts";

/** Where a server takes JSON-RPC, one document a line. */
export interface ControlAddress {
  readonly host: string;
  readonly port: number;
}

export const CONTROL_PORT = 1705;

const ADDRESS = /^(?:\[([0-9a-f:.%\w]+)\]|([^\s:/[\]]*))(?::(\d{1,5}))?$/i;
const BARE_IPV6 = /^[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*(?:%\w+)?$/i;

/** Reads HOST[:PORT], [IPV6]:PORT or :PORT, which is a port of this machine. Throws Failure. */
export function parseAddress(text: string): ControlAddress {
  const trimmed = text.trim();
  if (BARE_IPV6.test(trimmed)) return { host: trimmed, port: CONTROL_PORT };
  const [, ipv6, name = "", digits] = ADDRESS.exec(trimmed) ?? [];
  const port = digits === undefined ? CONTROL_PORT : Number(digits);
  const host = ipv6 ?? (name || (digits === undefined ? "" : "localhost"));
  if (host === "" || port < 1 || port > 65_535) {
    throw misuse(`"${text}" is no server; it is written HOST or HOST:PORT, like den.local:1705`);
  }
  return { host, port };
}

export function formatAddress({ host, port }: ControlAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
