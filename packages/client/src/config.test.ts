import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "@tutti/protocol";
import { CLIENT_FLAGS, parseClientConfig } from "@tutti/protocol/config";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeCommand, parseArguments } from "./arguments.ts";
import { defaultStateDir, plainConfig, resolveConfig } from "./config.ts";

const EXAMPLE = new URL("../../../config/client.example.yaml", import.meta.url);
const STATE_DIR = "/var/lib/tutti";
const parsed = (...argv: string[]) => parseArguments(argv, "0.0.0");

test("every flag of the schema is a flag of the command", () => {
  const options = makeCommand("0.0.0").options.map(({ flags }) => flags);
  expect(options).toEqual(expect.arrayContaining(CLIENT_FLAGS.map(({ option }) => option)));
});

test("help and the example name the schema's defaults", () => {
  const { output } = parseClientConfig();
  const help = makeCommand("0.0.0").helpInformation();
  expect(help).toContain(`default: ${output.queueMs};`);
  const example = readFileSync(EXAMPLE, "utf8");
  expect(example).toMatch(new RegExp(`^ {2}queueMs: ${output.queueMs} `, "m"));
});

describe("plain flags mean what the schema says they mean", () => {
  test.each([
    [[]],
    [["--host", "den"]],
    [["--host", "192.168.1.10", "--port", "23704", "--id", "kitchen", "--state-dir", "/tmp/x"]],
    [["--host", "auto", "--device", "hw:CARD=USB", "--name", "Living room"]],
    [["--device", "3", "--latency", "12.5"]],
    [["--device", "file:/tmp/out.raw", "--latency", "0"]],
    [["den"]],
    [["--id", "02:42:ac:11:00:02", "--port", "59999", "--host", "a.b-c.d"]],
  ])("%j", (argv) => {
    const { flags } = parsed(...argv);
    const plain = plainConfig(flags, STATE_DIR);
    expect(plain).toBeDefined();
    expect(plain).toEqual(parseClientConfig({ overrides: flags }));
  });
});

test("several servers, and one as Snapcast's client is told", async () => {
  const server = async (...argv: string[]) =>
    (await resolveConfig(parsed(...argv), STATE_DIR)).server;
  const [den, loft] = [
    { host: "den", port: 1704 },
    { host: "10.0.0.2", port: 99 },
  ];
  expect(await server("--servers", "den, 10.0.0.2:99")).toEqual([den, loft]);
  expect(await server("tcp://10.0.0.2:99")).toEqual([loft]);
});

test.each([
  [["--port", "1704"]],
  [["--servers", "den,10.0.0.2:x"]],
  [["--servers", "den", "--host", "den"]],
  [["http://den"]],
  [["--host", "den", "--port", "0"]],
  [["--host", "den", "--port", "70000"]],
  [["--latency", "ten"]],
  [["--log", "loud"]],
  [["--queue", "1"]],
  [["--name", " "]],
])("the schema judges %j", async (argv) => {
  await expect(resolveConfig(parsed(...argv), STATE_DIR)).rejects.toThrow(ConfigError);
});

describe("with a file", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "tutti-config-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test("flags override it", async () => {
    const file = join(directory, "client.yaml");
    writeFileSync(file, "name: Kitchen\nserver: den:1800\noutput: { queueMs: 30 }\n");
    const config = await resolveConfig(parsed("--config", file, "--name", "Bath"), STATE_DIR);
    expect(config).toMatchObject({
      name: "Bath",
      server: [{ host: "den", port: 1800 }],
      output: { queueMs: 30 },
    });
  });

  test("a missing one is the user's mistake", async () => {
    const file = join(directory, "none.yaml");
    await expect(resolveConfig(parsed("--config", file), STATE_DIR)).rejects.toThrow(/none\.yaml/);
  });
});

test.each([
  [{ STATE_DIRECTORY: "/var/lib/private/tutti" }, 1000, "/var/lib/private/tutti"],
  [{}, 0, "/var/lib/tutti"],
  [{ XDG_STATE_HOME: "/home/a/.state" }, 1000, "/home/a/.state/tutti"],
])("state: %j, user %i", (environment, userId, folder) => {
  expect(defaultStateDir(environment, userId)).toBe(folder);
});
