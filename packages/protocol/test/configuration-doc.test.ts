import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  CLIENT_FLAGS,
  clientConfigJsonSchema,
  type Flag,
  parseClientConfig,
  parseServerConfig,
  SERVER_FLAGS,
  serverConfigJsonSchema,
} from "../src/config/index.ts";
import { keyTable } from "./configuration-doc.ts";
import { expectSection } from "./generated-section.ts";

const PAGE = new URL("../../../docs/configuration.md", import.meta.url);
const EXAMPLES = new URL("../../../config/", import.meta.url);

/** What must stand between each pair of marks in docs/configuration.md. */
const SECTIONS = {
  "server keys": keyTable(serverConfigJsonSchema()),
  "server flags": flagTable(SERVER_FLAGS),
  "client keys": keyTable(clientConfigJsonSchema()),
  "client flags": flagTable(CLIENT_FLAGS),
};

test.each(Object.entries(SECTIONS))("docs/configuration.md has the %s as they are", (name, table) =>
  expectSection(PAGE, name, table),
);

test("the example files are right, and name every key of the top level", () => {
  const server = readFileSync(new URL("server.example.yaml", EXAMPLES), "utf8");
  const client = readFileSync(new URL("client.example.yaml", EXAMPLES), "utf8");
  const parsed = parseServerConfig({ text: server, fileName: "server.example.yaml" });
  expect(parsed.streams.map(({ name }) => name)).toEqual(["Music", "Vinyl", "TV", "Demo"]);
  expect(parseClientConfig({ text: client, fileName: "client.example.yaml" })).toMatchObject({
    name: "Kitchen",
    volume: { start: 30, max: 85 },
  });
  // An id is one client's own, a broker one house's, a chunk's length follows from the profile, and most have no other page.
  expect(missing(server, serverConfigJsonSchema())).toEqual(["chunkMs", "webRoot", "mqtt"]);
  expect(missing(client, clientConfigJsonSchema())).toEqual(["id"]);
});

function missing(text: string, schema: object): string[] {
  const { properties } = schema as { properties: object };
  return Object.keys(properties).filter((key) => !new RegExp(`^${key}:`, "m").test(text));
}

function flagTable(flags: readonly Flag[]): string {
  const rows = flags.map(({ option, path }) => `| \`${option}\` | \`${path.join(".")}\` |`);
  return ["| Flag | Key |", "|---|---|", ...rows].join("\n");
}
