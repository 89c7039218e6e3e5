import { isIPv4, isIPv6 } from "node:net";
import type { Endpoint } from "../network/connection.ts";

/** The parts of a resolved service that say where it is. */
export interface ServicePlace {
  readonly host: string;
  readonly port: number;
  readonly addresses?: readonly string[];
  /** Who sent the answer. */
  readonly referer?: { readonly address: string };
}

/**
 * Where a service can be reached, best first: the address that the answer came from, which is on our
 * network, then other IPv4 addresses, then IPv6. A server may announce addresses of all its networks.
 */
export function endpointsOf({ port, addresses = [], referer }: ServicePlace): Endpoint[] {
  const isSender = (address: string) => address === referer?.address;
  const usable = addresses.filter((address) => isIPv4(address) || isRoutableIPv6(address));
  const rank = (address: string) => (isSender(address) ? 0 : isIPv4(address) ? 1 : 2);
  const best = [...new Set(usable)].sort((a, b) => rank(a) - rank(b));
  if (best.length === 0 && referer) best.push(referer.address);
  return best.map((host) => ({ host, port }));
}

/** A link-local address means nothing without the name of the interface, which the record lacks. */
function isRoutableIPv6(address: string): boolean {
  return isIPv6(address) && !/^fe[89ab]/i.test(address);
}
