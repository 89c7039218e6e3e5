import { networkInterfaces } from "node:os";
import { Bonjour, type Service } from "bonjour-service";
import type { Endpoint } from "../network/connection.ts";
import { endpointsOf } from "./endpoints.ts";

/** What servers announce the port for players as: our own name and the field's. */
const SERVICE_TYPES: readonly string[] = ["tutti", "snapcast"];
/** How often the question is repeated: each may be lost, and an answer is wanted soon. (ms) */
const QUERY_EVERY_MS = 500;

/** A server that answered. */
export interface Found {
  /** What it calls itself: the same when it moves to another address. */
  readonly name: string;
  /** Its addresses, best first. */
  readonly endpoints: readonly Endpoint[];
}

/**
 * Asks on every network this host is on, again and again, until stopped. Knows nothing from before, so
 * every answer comes from a server that lives; each is told, as one that moves says the same from elsewhere. `onTrouble` gets what the network refused. Other
 * services than that for players are found by their types.
 */
export function browse(
  onFound: (found: Found) => void,
  onTrouble: (reason: string) => void,
  types = SERVICE_TYPES,
): () => void {
  const browsers = new Map<string, InterfaceBrowser>();
  ask();
  const timer = setInterval(ask, QUERY_EVERY_MS);

  /** Networks come and go while we search: the cable is plugged in, Wi-Fi gets its address. */
  function ask(): void {
    const addresses = ipv4Addresses();
    for (const [address, browser] of browsers) {
      if (addresses.includes(address)) continue;
      browser.stop();
      browsers.delete(address);
    }
    for (const address of addresses) {
      const browser = browsers.get(address);
      if (browser) browser.query();
      else browsers.set(address, browseFrom(address, types, onFound, onTrouble));
    }
  }
  return () => {
    clearInterval(timer);
    for (const browser of browsers.values()) browser.stop();
  };
}

interface InterfaceBrowser {
  query(): void;
  stop(): void;
}

/** One instance for each interface: a shared one would ask on the default interface only. */
function browseFrom(
  address: string,
  types: readonly string[],
  onFound: (found: Found) => void,
  onTrouble: (reason: string) => void,
): InterfaceBrowser {
  const trouble = (error: Error) => onTrouble(`mDNS on ${address}: ${error.message}`);
  const bonjour = new Bonjour({ interface: address, bind: "0.0.0.0" } as object, trouble);
  // Unheard, this event would end the process; the port may be taken by a responder that does not share.
  mdnsOf(bonjour).on("error", trouble);
  const browsers = types.map((type) => bonjour.find({ type }, report));

  function report(service: Service): void {
    // The library tells of a service once, and of other addresses never: forgotten, it is told of anew.
    for (const { services } of browsers) services.length = 0;
    const endpoints = endpointsOf(service);
    if (endpoints.length > 0) onFound({ name: service.name, endpoints });
  }
  return {
    query() {
      for (const browser of browsers) browser.update();
    },
    stop: () => bonjour.destroy(),
  };
}

interface Mdns {
  on(event: "error", listener: (error: Error) => void): void;
}

/** The socket under the library, which its types hide. */
function mdnsOf(bonjour: Bonjour): Mdns {
  return (bonjour as unknown as { readonly server: { readonly mdns: Mdns } }).server.mdns;
}

/** The loopback interface only where there is no other: a server on this host answers on those too. */
function ipv4Addresses(): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family }) => family === "IPv4");
  const outward = addresses.filter(({ internal }) => !internal);
  return (outward.length > 0 ? outward : addresses).map(({ address }) => address);
}
