import { hostname, networkInterfaces } from "node:os";
import { announceableAddresses, type Interfaces } from "./interface-addresses.ts";
import { InterfaceAdvertiser, type OnNetwork, type Presence } from "./interface-advertiser.ts";
import type { MdnsEvent } from "./mdns-event.ts";
import { type ServedPorts, serviceTypes } from "./service-types.ts";

export interface AdvertiseOptions {
  /** What people see. Need not be unique in the house. */
  readonly name: string;
  /** Tells servers of one name apart. */
  readonly id: string;
  readonly version: string;
  readonly ports: ServedPorts;
  readonly onEvent: (event: MdnsEvent) => void;
  /** Where the machine is on the network now; the system's own view when left out. */
  readonly interfaces?: () => Interfaces;
  /** Begins to announce on one network; by mDNS when left out. */
  readonly announce?: (presence: Presence, network: OnNetwork) => Announcing;
}

/** Announces at one address. */
export type Announcing = Pick<InterfaceAdvertiser, "address" | "name" | "failed" | "close">;

export interface Advertiser {
  /** Says goodbye, so that nobody keeps trying us, and resolves when that is sent. */
  close(): Promise<void>;
}

/**
 * A cable plugged in, or another address, is noticed by then, as nothing in Node tells of it: players ask for a server that they have
 * not heard for 400 ms.
 */
const LOOK_EVERY_MS = 250;
/** With every so many looks, what could not be announced is tried again. */
const RETRY_LOOKS = 8;
/** An interface that had no address for fewer looks is on the network where it was, and our name there is ours. */
const GAP_LOOKS_MAX = 20;

/** Tells the house where this server is, on each of its networks, until closed. Does not wait for it. */
export function advertise(options: AdvertiseOptions): Advertiser {
  const { onEvent, interfaces = networkInterfaces } = options;
  const announce = options.announce ?? ((...of) => new InterfaceAdvertiser(...of));
  const presence = presenceOf(options);
  const present = new Map<string, Announcing>();
  /** By interface: what we were called there, and at which look that was so last. */
  const names = new Map<string, { readonly name: string | undefined; readonly look: number }>();
  let looks = 0;
  const look = (): void => {
    looks++;
    const wanted = new Map(announceableAddresses(interfaces()).map((at) => [at.name, at.address]));
    for (const [device, { address, name, failed }] of present) {
      names.set(device, { name, look: looks });
      const again = failed && looks % RETRY_LOOKS === 0;
      if (wanted.get(device) === address && !again) continue;
      void present.get(device)?.close(wanted.has(device) ? "replaced" : "gone");
      present.delete(device);
      onEvent({ kind: "announcement withdrawn", address });
    }
    for (const [device, address] of wanted) {
      if (present.has(device)) continue;
      const before = names.get(device);
      const name = before && looks - before.look < GAP_LOOKS_MAX ? before.name : undefined;
      present.set(device, announce(presence, { address, name, onEvent }));
    }
  };
  look();
  const looking = setInterval(look, LOOK_EVERY_MS).unref();
  return {
    close: async () => {
      clearInterval(looking);
      await Promise.all([...present.values()].map((each) => each.close("gone")));
    },
  };
}

function presenceOf({ name, id, version, ports }: AdvertiseOptions): Presence {
  const txt = { txtvers: "1", id, name, ver: version, proto: "2", tls: "0", auth: "none" };
  const path = ports.http === 0 ? {} : { path: "/jsonrpc", http: String(ports.http) };
  const control = ports.control === 0 ? {} : { control: String(ports.control) };
  return {
    // A machine's own name belongs to the responder of its system, if it has one.
    host: `${hostname().split(".")[0]}-tutti.local`,
    name,
    services: serviceTypes(ports).map((service) =>
      service.type === "tutti" ? { ...service, txt: { ...txt, ...path, ...control } } : service,
    ),
  };
}
