import type { NetworkInterfaceInfo } from "node:os";
import { afterEach, describe, expect, test, vi } from "vitest";
import { announceableAddresses } from "./interface-addresses.ts";
import { freeName } from "./interface-advertiser.ts";
import { advertise } from "./mdns.ts";
import { serviceTypes } from "./service-types.ts";

afterEach(() => vi.useRealTimers());

/** A server on a host whose addresses the test gives; what it says where. */
function advertised() {
  vi.useFakeTimers();
  const said: string[] = [];
  let addresses: Readonly<Record<string, string>> = {};
  const advertiser = advertise({
    name: "Home",
    id: "1",
    version: "1",
    ports: { stream: 1704, control: 1705, http: 1780 },
    onEvent: () => {},
    interfaces: () =>
      Object.fromEntries(Object.entries(addresses).map(([name, at]) => [name, [address(at)]])),
    announce: (_, { address, name }) => {
      said.push(`${address} as ${name ?? "what is free"}`);
      const close = async (why: string) => void said.push(`${address} ${why}`);
      return { address, name: name ?? "Home (2)", failed: address === "broken", close };
    },
  });
  const has = (now: Readonly<Record<string, string>>, forMs = 250) => {
    addresses = now;
    vi.advanceTimersByTime(forMs);
    return said.splice(0);
  };
  return { has, close: () => advertiser.close(), said };
}

test("another address is announced within a quarter of a second, by the name that is known to be ours", async () => {
  const { has, close, said } = advertised();
  expect(has({ eth0: "10.0.0.1" })).toEqual(["10.0.0.1 as what is free"]);
  expect(has({ eth0: "10.0.0.2" })).toEqual(["10.0.0.1 replaced", "10.0.0.2 as Home (2)"]);
  expect(has({ eth0: "10.0.0.2" }, 5_000)).toEqual([]);
  await close();
  expect(said).toEqual(["10.0.0.2 gone"]);
});

test("an interface that is soon back is where it was; later, or another, it may be elsewhere", () => {
  const { has } = advertised();
  has({ eth0: "10.0.0.1" });
  expect(has({}, 4_750)).toEqual(["10.0.0.1 gone"]);
  expect(has({ eth0: "10.0.0.2" })).toEqual(["10.0.0.2 as Home (2)"]);
  has({}, 5_000);
  expect(has({ eth0: "10.0.0.3" })).toEqual(["10.0.0.3 as what is free"]);
  expect(has({ eth0: "10.0.0.3", wlan0: "10.0.0.4" })).toEqual(["10.0.0.4 as what is free"]);
});

test("what could not be announced is tried again each two seconds, with nothing to take back", () => {
  const { has } = advertised();
  has({ eth0: "broken" });
  expect(has({ eth0: "broken" }, 2_000)).toEqual(["broken replaced", "broken as Home (2)"]);
});

function address(text: string, more: Partial<NetworkInterfaceInfo> = {}): NetworkInterfaceInfo {
  return {
    address: text,
    family: "IPv4",
    netmask: "255.255.255.0",
    mac: "02:00:00:00:00:01",
    internal: false,
    cidr: null,
    ...more,
  } as NetworkInterfaceInfo;
}

test("only addresses that lead into the house, one for each interface", () => {
  const addresses = announceableAddresses({
    lo: [address("127.0.0.1", { internal: true })],
    eth0: [
      address("fe80::1", { family: "IPv6" } as never),
      address("192.168.1.5"),
      address("192.168.1.6"),
    ],
    wlan0: [address("192.168.1.7")],
    docker0: [address("172.17.0.1")],
    "br-7f3a": [address("172.18.0.1")],
    veth12: [address("10.1.1.1")],
    virbr0: [address("192.168.122.1")],
    none: undefined,
  });
  expect(addresses).toEqual([
    { name: "eth0", address: "192.168.1.5" },
    { name: "wlan0", address: "192.168.1.7" },
  ]);
});

test("all service types of Snapcast, old and new, and ours first", () => {
  const types = serviceTypes({ stream: 1704, control: 1705, http: 1780 });
  expect(types.map(({ type, port }) => `${type}:${port}`)).toEqual([
    "tutti:1704",
    "snapcast:1704",
    "snapcast-stream:1704",
    "snapcast-jsonrpc:1705",
    "snapcast-tcp:1705",
    "snapcast-ctrl:1705",
    "snapcast-http:1780",
  ]);
  expect(serviceTypes({ stream: 1704, control: 0, http: 0 })).toHaveLength(3);
});

describe("names", () => {
  test.each([
    ["Home", [], "Home"],
    ["Home", ["Office"], "Home"],
    ["Home", ["home"], "Home (2)"],
    ["Home", ["Home", "Home (2)"], "Home (3)"],
    ["my.house", [], "my-house"],
    ["x".repeat(80), ["x".repeat(63)], `${"x".repeat(59)} (2)`],
    ["é".repeat(40), [], "é".repeat(31)],
  ])("%s beside %j is %s", (name, taken, expected) => {
    expect(freeName(name, taken)).toBe(expected);
  });
});
