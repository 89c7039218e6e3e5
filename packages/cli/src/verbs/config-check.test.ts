import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkConfig } from "./config-check.ts";

function fileWith(name: string, text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "tutti-config-")), name);
  writeFileSync(path, text);
  return path;
}

test("sums up a file that is right", () => {
  const server = fileWith("server.yaml", "name: Home\nbufferMs: 800\n");
  expect(checkConfig(server, "server").summary).toContain('the server "Home" with 1 stream(s)');
  const client = fileWith("client.yaml", "name: Kitchen\n");
  expect(checkConfig(client, "client").summary).toContain("the server it finds");
});

test.each([
  { text: "bufferMS: 800\n", complaint: /server\.yaml:1:1.*bufferMs/s },
  { text: "bufferMs: 1\n", complaint: /server\.yaml:1:\d+/ },
])("names what is wrong in $text", ({ text, complaint }) => {
  expect(checkConfig(fileWith("server.yaml", text), "server").complaint).toMatch(complaint);
});

test("says that a file is not there", () => {
  expect(checkConfig("/no/such.yaml", "server").complaint).toContain("/no/such.yaml");
});
