import type { NetworkInterfaceInfo } from "node:os";
import { afterEach, describe, expect, test, vi } from "vitest";
import { announceableAddresses } from "./interface-addresses.ts";
import { freeName } from "./interface-advertiser.ts";
import { advertise } from "./mdns.ts";
import { serviceTypes } from "./service-types.ts";

afterEach(() => vi.useRealTimers());

test("a host that gets another address is looked at within two seconds: players search for it meanwhile", async () => {
  vi.useFakeTimers();
  let looks = 0;
  const interfaces = () => {
    looks++;
    return {};
  };
  const ports = { stream: 1704, control: 1705, http: 1780 };
  const about = { name: "Home", id: "1", version: "1", ports, onEvent: () => {} };
  const advertiser = advertise({ ...about, interfaces });
  vi.advanceTimersByTime(2_000);
  expect(looks).toBe(2);
  await advertiser.close();
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
  expect(addresses).toEqual(["192.168.1.5", "192.168.1.7"]);
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
