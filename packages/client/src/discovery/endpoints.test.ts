import { expect, test } from "vitest";
import { endpointsOf, type ServicePlace } from "./endpoints.ts";

const place = (addresses: string[], sender?: string): ServicePlace => ({
  host: "den.local",
  port: 1704,
  addresses,
  ...(sender && { referer: { address: sender } }),
});

test.each<[string, ServicePlace, string[]]>([
  [
    "the sender's address comes first",
    place(["10.0.0.9", "192.168.1.5"], "192.168.1.5"),
    ["192.168.1.5", "10.0.0.9"],
  ],
  [
    "a reflector's address is none of the server's",
    place(["10.0.0.9"], "192.168.1.1"),
    ["10.0.0.9"],
  ],
  ["IPv6 comes last", place(["2001:db8::5", "10.0.0.9"]), ["10.0.0.9", "2001:db8::5"]],
  ["link-local IPv6 is left out", place(["fe80::1", "10.0.0.9"]), ["10.0.0.9"]],
  ["without addresses, whoever answered", place([], "192.168.1.5"), ["192.168.1.5"]],
  ["an address once", place(["10.0.0.9", "10.0.0.9"]), ["10.0.0.9"]],
  ["nothing known", place([]), []],
])("%s", (_, service, hosts) => {
  expect(endpointsOf(service)).toEqual(hosts.map((host) => ({ host, port: 1704 })));
});
