import { expect, test } from "vitest";
import { ConfigError } from "../errors.ts";
import { CLIENT_FLAGS, clientConfigJsonSchema, parseClientConfig } from "./client-config.ts";
import { flagKey } from "./flags.ts";
import { parseServerAddress } from "./server-address.ts";

test("without a file the client finds its server and plays at the default card", () => {
  expect(parseClientConfig()).toEqual({
    server: "auto",
    output: { device: "default", latencyMs: 0, queueMs: 250, prerollMs: 0 },
    latencyMs: 0,
    volume: { max: 100, curve: "cubic", mixer: "software" },
    hooks: { timeoutMs: 5_000, idleAfterMs: 10_000 },
    stateDir: "/var/lib/tutti",
    instance: 1,
    log: "info",
  });
});

test("a file is read whole", () => {
  const config = parseClientConfig({
    text: `
name: Kitchen
server: [kitchen.local, "192.168.1.2:99"]
output: { device: 3, latencyMs: 12.5 }
volume: { start: 30, max: 85, curve: linear }
`,
  });
  expect(config).toMatchObject({
    name: "Kitchen",
    server: [
      { host: "kitchen.local", port: 1704 },
      { host: "192.168.1.2", port: 99 },
    ],
    output: { device: "3", latencyMs: 12.5, queueMs: 250 },
    volume: { start: 30, max: 85, curve: "linear" },
  });
});

test.each([
  ["host", { host: "host", port: 1704 }],
  ["tcp://host:80", { host: "host", port: 80 }],
  ["10.0.0.1:1", { host: "10.0.0.1", port: 1 }],
  ["::1", { host: "::1", port: 1704 }],
  ["fe80::1%eth0", { host: "fe80::1%eth0", port: 1704 }],
  ["[::1]:17", { host: "::1", port: 17 }],
])("%s is an address", (text, address) => {
  expect(parseServerAddress(text)).toEqual(address);
});

test.each(["", "a b", "host:", "host:0", "host:65536", "host:x", "http://host", "[::1", "a/b"])(
  "%j is no address",
  (text) => {
    expect(() => parseServerAddress(text)).toThrow(ConfigError);
  },
);

test("--host and --port make one address", () => {
  const server = (overrides: object) => parseClientConfig({ overrides }).server;
  expect(server({ host: "h", port: "1800" })).toEqual([{ host: "h", port: 1800 }]);
  expect(server({ host: "::1", port: "1800" })).toEqual([{ host: "::1", port: 1800 }]);
  expect(server({ host: "h" })).toEqual([{ host: "h", port: 1704 }]);
  expect(server({ host: "auto" })).toBe("auto");
  expect(() => server({ port: "1800" })).toThrow(ConfigError);
});

test("all mistakes are told at once", () => {
  const text =
    'server: [a, "c:999999"]\noutput: { queueMs: 1 }\nvolume: { max: 850, curv: cubic }\n';
  expect(() => parseClientConfig({ text, overrides: { latency: "x" } })).toThrow(
    new ConfigError(
      `--latency x: latencyMs is "x"; allowed: a number from -10000 to 10000 (ms)
config:1:13: "c:999999" is not a server; allowed: auto, host[:port], like 192.168.1.10:1704 or [fe80::1]:1704
  1 | server: [a, "c:999999"]
    |             ^^^^^^^^^^
config:2:20: output.queueMs is 1; allowed: a number from 5 to 2000 (ms)
  2 | output: { queueMs: 1 }
    |                    ^
config:3:16: volume.max is 850; allowed: a whole number from 0 to 100 (percent)
  3 | volume: { max: 850, curv: cubic }
    |                ^^^
config:3:21: unknown key "curv"; did you mean "curve"? Allowed here: start, max, curve, mixer
  3 | volume: { max: 850, curv: cubic }
    |                     ^^^^`,
    ),
  );
});

test("every flag stands for a key that exists, and every field says what it means", () => {
  const { properties } = clientConfigJsonSchema() as {
    properties: Record<string, { description?: string }>;
  };
  for (const flag of CLIENT_FLAGS) expect(Object.keys(properties)).toContain(flag.path[0]);
  expect(CLIENT_FLAGS.map(flagKey)).toContain("deviceLatency");
  for (const [key, field] of Object.entries(properties))
    expect(field.description, key).toBeTruthy();
});

test("a hook is a program from the root, alone or with its arguments", () => {
  const hooks = "{ play: /bin/on, idle: [/bin/pin, set, '17'], idleAfterMs: 60000 }";
  expect(parseClientConfig({ text: `hooks: ${hooks}` }).hooks).toEqual({
    play: ["/bin/on"],
    idle: ["/bin/pin", "set", "17"],
    timeoutMs: 5_000,
    idleAfterMs: 60_000,
  });
});

test.each([
  ["{ play: on.sh }", /:1:16: a hook's program is named from the root/],
  ["{ idle: [sh, -c, reboot] }", /:1:16: a hook's program is named from the root/],
  ["{ idle: [] }", /hooks\.idle/],
  ["{ paly: /bin/on }", /unknown key "paly"; did you mean "play"/],
  ["{ play: [/bin/on, 17] }", /hooks\.play/],
])("a hook that is none: %s", (hooks, mistake) => {
  expect(() => parseClientConfig({ text: `hooks: ${hooks}` })).toThrow(mistake);
});
