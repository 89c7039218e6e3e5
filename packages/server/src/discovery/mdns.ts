import { hostname, networkInterfaces } from "node:os";
import { announceableAddresses, type Interfaces } from "./interface-addresses.ts";
import { InterfaceAdvertiser, type Presence } from "./interface-advertiser.ts";
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
}

export interface Advertiser {
  /** Says goodbye, so that nobody keeps trying us, and resolves when that is sent. */
  close(): Promise<void>;
}

/** A cable plugged in, or another address, is noticed by then; nothing tells us sooner, and looking costs half a millisecond. */
const LOOK_EVERY_MS = 2_000;

/** Tells the house where this server is, on each of its networks, until closed. Does not wait for it. */
export function advertise(options: AdvertiseOptions): Advertiser {
  const presence = presenceOf(options);
  const advertisers = new Map<string, InterfaceAdvertiser>();
  const look = (): void => {
    const wanted = new Set(announceableAddresses((options.interfaces ?? networkInterfaces)()));
    for (const [address, advertiser] of advertisers) {
      if (wanted.has(address) && !advertiser.failed) continue;
      advertisers.delete(address);
      void advertiser.close();
      options.onEvent({ kind: "announcement withdrawn", address });
    }
    for (const address of wanted) {
      if (advertisers.has(address)) continue;
      advertisers.set(address, new InterfaceAdvertiser(address, presence, options.onEvent));
    }
  };
  look();
  const looking = setInterval(look, LOOK_EVERY_MS).unref();
  return {
    close: async () => {
      clearInterval(looking);
      await Promise.all([...advertisers.values()].map((advertiser) => advertiser.close()));
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
