import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { wrap } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import { expect, test } from "vitest";

const BUNDLE = new URL("../../packages/server/dist/bundle/", import.meta.url);

test("the server comes with what V8 made of its program", () => {
  const source = wrap(readFileSync(new URL("program.cjs", BUNDLE), "utf8"));
  const cachedData = readFileSync(new URL("program.compiled", BUNDLE));
  expect(new Script(source, { cachedData }).cachedDataRejected).toBe(false);
  expect(new Script(`${source};`, { cachedData }).cachedDataRejected).toBe(true);
  // A function that V8 has kept cannot import: sound cards and the kernel's stamps would be missing.
  expect(source).not.toContain("await import(");
});

test("what the program loads later finds the one that runs, and starts no second", () => {
  const directory = mkdtempSync(join(tmpdir(), "tutti-launch-"));
  const file = join(directory, "server.yaml");
  writeFileSync(file, "hooks: { play: /bin/true }\n");
  const main = fileURLToPath(new URL("main.cjs", BUNDLE));
  const words = [main, "--config", file, "--check-config"];
  const said = execFileSync(process.execPath, words, { encoding: "utf8" });
  rmSync(directory, { recursive: true });
  expect(said).toBe("The configuration is right.\n");
});

test("the space of new objects stays as small as it begins", () => {
  const directory = mkdtempSync(join(tmpdir(), "tutti-launch-"));
  const file = join(directory, "watch.cjs");
  writeFileSync(
    file,
    `const { getHeapSpaceStatistics } = require("node:v8");
    const space = () => getHeapSpaceStatistics().find((each) => each.space_name === "new_space");
    process.once("exit", () => process.stderr.write(String(space().space_size)));`,
  );
  const main = fileURLToPath(new URL("main.cjs", BUNDLE));
  const run = spawnSync(process.execPath, ["--require", file, main, "--check-config"]);
  rmSync(directory, { recursive: true });
  // Twice 1 MiB; without the launcher's word it is 8 by then.
  expect(Number(run.stderr)).toBeLessThanOrEqual(2 * 1024 * 1024);
});
