import { describe, expect, test } from "vitest";
import { mayAct, mayRead } from "./web-origin.ts";

describe("who may act", () => {
  test.each([
    ["no browser", { host: "anything.example.com" }, true],
    ["our page by address", { host: "192.168.1.5:1780", origin: "http://192.168.1.5:1780" }, true],
    ["our page over IPv6", { host: "[fe80::1]:1780", origin: "http://[fe80::1]:1780" }, true],
    ["our page by local name", { host: "pi.local:1780", origin: "http://pi.local:1780" }, true],
    ["our page by bare name", { host: "Pi:1780", origin: "http://pi:1780" }, true],
    ["our page on the default port", { host: "pi.lan:80", origin: "http://pi.lan" }, true],
    ["another site", { host: "192.168.1.5:1780", origin: "https://evil.example" }, false],
    ["another port", { host: "pi.local:1780", origin: "http://pi.local:8080" }, false],
    ["a page from a file", { host: "pi.local:1780", origin: "null" }, false],
    ["no host", { origin: "http://pi.local:1780" }, false],
    [
      "a public name pointed at us",
      { host: "evil.example:1780", origin: "http://evil.example:1780" },
      false,
    ],
    ["a name that only ends alike", { host: "evillocal.io", origin: "http://evillocal.io" }, false],
    ["fetched for another site", { host: "pi.local", "sec-fetch-site": "cross-site" }, false],
  ])("%s", (_, headers, expected) => {
    expect(mayAct(headers)).toBe(expected);
  });
});

describe("who may read", () => {
  test.each([
    ["by address", { host: "192.168.1.5:1780" }, true],
    ["over IPv6", { host: "[fe80::1]:1780" }, true],
    ["by local name", { host: "Pi.local:1780" }, true],
    ["by bare name", { host: "tutti:1780" }, true],
    ["no browser, of the oldest kind", {}, true],
    ["a public name pointed at us", { host: "evil.example:1780" }, false],
    ["a name that only ends alike", { host: "evillocal.io" }, false],
    ["a host that is none", { host: "a b" }, false],
    ["a page of another site", { host: "pi.local", origin: "https://evil.example" }, false],
    ["fetched for another site", { host: "pi.local", "sec-fetch-site": "cross-site" }, false],
  ])("%s", (_, headers, expected) => {
    expect(mayRead(headers)).toBe(expected);
  });
});
