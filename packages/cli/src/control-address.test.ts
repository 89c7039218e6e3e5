import { expect, test } from "vitest";
import { formatAddress, parseAddress } from "./control-address.ts";
import { EXIT_USAGE } from "./exit-codes.ts";

test.each([
  ["den", "den", 1705],
  ["den.local:1805", "den.local", 1805],
  ["192.168.1.4:1", "192.168.1.4", 1],
  [":1805", "localhost", 1805],
  ["fe80::1", "fe80::1", 1705],
  ["[fe80::1%eth0]:80", "fe80::1%eth0", 80],
])("%s", (text, host, port) => {
  expect(parseAddress(text)).toEqual({ host, port });
});

test.each(["", "den:0", "den:70000", "http://den", "a b", ":", "[::1"])("'%s' is none", (text) => {
  expect(() => parseAddress(text)).toThrow(expect.objectContaining({ exitCode: EXIT_USAGE }));
});

test("an IPv6 address is bracketed before its port", () => {
  expect(formatAddress({ host: "::1", port: 5 })).toBe("[::1]:5");
});
