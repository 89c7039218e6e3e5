import type { NetworkInterfaceInfo } from "node:os";
import { expect, test } from "vitest";
import { describePlaying, lanAddress } from "./playing-text.ts";
import { planHouse } from "./up-plan.ts";

const address = (text: string, internal = false): NetworkInterfaceInfo => ({
  address: text,
  internal,
  netmask: "",
  mac: "",
  cidr: null,
  ...(text.includes(":") ? { family: "IPv6" as const, scopeid: 0 } : { family: "IPv4" as const }),
});

test.each([
  { of: { lo: [address("127.0.0.1", true)] }, found: undefined },
  { of: { eth0: [address("fe80::1"), address("192.168.1.7")] }, found: "192.168.1.7" },
  { of: { docker0: [address("172.17.0.1")], wlan0: [address("10.0.0.3")] }, found: "10.0.0.3" },
  { of: { eth0: [address("2001:db8::7")] }, found: "2001:db8::7" },
])("others reach this machine at $found", ({ of, found }) => {
  expect(lanAddress(of as unknown as NodeJS.Dict<NetworkInterfaceInfo[]>)).toBe(found);
});

test("says where everything is", () => {
  const options = { streamPort: 2704, controlPort: 1705, httpPort: 1780, mdns: true };
  const house = planHouse(options, { environment: { HOME: "/nowhere" }, userId: 5 });
  const text = describePlaying(
    house,
    { kind: "none", reason: "no sound card is found here" },
    "9.9.9",
  );
  for (const part of [
    "Tutti 9.9.9",
    "--port 2704",
    house.fifo,
    "ffmpeg",
    "no sound card",
    ":1780",
  ]) {
    expect(text).toContain(part);
  }
});
