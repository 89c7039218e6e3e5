import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import type { NetworkInterfaceInfo } from "node:os";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { macAddress, stableId } from "./identity.ts";

const MAC = "02:42:ac:11:00:02";
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tutti-identity-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("the id stays the same, and nothing else is left behind", () => {
  const stateDir = join(directory, "state/deep");
  const { id } = stableId(stateDir, MAC);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(stableId(stateDir, MAC)).toEqual({ id });
  expect(readdirSync(stateDir)).toEqual(["client-id"]);
});

test("two hosts get two ids", () => {
  expect(stableId(join(directory, "a"), MAC).id).not.toBe(stableId(join(directory, "b"), MAC).id);
});

test("a file that holds no id is replaced", () => {
  writeFileSync(join(directory, "client-id"), "\0\0\0");
  const { id } = stableId(directory, MAC);
  expect(stableId(directory, MAC).id).toBe(id);
});

test("where nothing can be kept the card's address serves, and the reason is told", () => {
  writeFileSync(join(directory, "file"), "");
  const { id, problem } = stableId(join(directory, "file"), MAC);
  expect(id).toBe(MAC);
  expect(problem).toContain("file");
});

function card(mac: string, family: "IPv4" | "IPv6", internal = false): NetworkInterfaceInfo[] {
  return [{ address: "", netmask: "", mac, internal, cidr: null, family } as NetworkInterfaceInfo];
}

test.each([
  [
    "the first with an IPv4 address",
    {
      lo: card("00:00:00:00:00:00", "IPv4", true),
      six: card("01:02:03:04:05:06", "IPv6"),
      eth0: card(MAC, "IPv4"),
    },
    MAC,
  ],
  [
    "zeroes without a network",
    { lo: card("00:00:00:00:00:00", "IPv4", true) },
    "00:00:00:00:00:00",
  ],
])("MAC: %s", (_, interfaces, mac) => {
  expect(macAddress(interfaces)).toBe(mac);
});
