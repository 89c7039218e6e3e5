import { expect, test } from "vitest";
import { isPrivateAddress } from "./private-address.ts";

test.each([
  "127.0.0.1",
  "10.0.0.7",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.178.20",
  "169.254.3.4",
  "::1",
  "fd12:3456::1",
  "FE80::1",
])("%s is in the own network", (host) => {
  expect(isPrivateAddress(host)).toBe(true);
});

test.each([
  "8.8.8.8",
  "172.32.0.1",
  "172.15.0.1",
  "192.169.0.1",
  "100.64.0.1",
  "0.0.0.0",
  // Octal to some: 8.0.0.1.
  "010.0.0.1",
  "10.1",
  "10.0.0.1.",
  "10.0.0.256",
  "10.0.0.1.example.org",
  "167772161",
  "localhost",
  "desk.local",
  "2001:db8::1",
  "::ffff:8.8.8.8",
  "::ffff:10.0.0.1",
  "fd::1",
  "fcbg::1",
  "",
])("%s is not", (host) => {
  expect(isPrivateAddress(host)).toBe(false);
});
