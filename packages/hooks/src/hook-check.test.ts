import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { commandMistake } from "./command-check.ts";
import { hookMistakes } from "./hook-check.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tutti-hooks-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function program(name: string, mode: number): string {
  const path = join(directory, name);
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, mode);
  return path;
}

test("a program of ours or of root's is run", () => {
  expect(commandMistake(program("right", 0o755))).toBeUndefined();
  expect(commandMistake("/bin/true")).toBeUndefined();
});

test.each([
  ["none", undefined, "is not there"],
  ["open", 0o757, "can be written by everybody"],
])("%s is not", (name, mode, reason) => {
  const path = mode === undefined ? join(directory, name) : program(name, mode);
  expect(commandMistake(path)).toContain(reason);
});

test("nor a folder, nor what nobody may execute", () => {
  expect(commandMistake(directory)).toContain("is not a file");
  expect(commandMistake(program("text", 0o644))).toContain("may not be executed");
});

test("nor one whose folder everybody can write to, also behind a link", () => {
  const folder = join(directory, "open");
  mkdirSync(folder);
  writeFileSync(join(folder, "hook"), "#!/bin/sh\n", { mode: 0o755 });
  const link = join(directory, "link");
  symlinkSync(join(folder, "hook"), link);
  expect(commandMistake(link)).toBeUndefined();
  chmodSync(folder, 0o777);
  expect(commandMistake(link)).toContain(`${folder} can be written by everybody`);
});

test("nor another user's", () => {
  const path = program("theirs", 0o755);
  const somebody = 4_321;
  const mine = process.getuid?.() === 0;
  expect(commandMistake(path, somebody)?.includes("belongs to another user") ?? false).toBe(!mine);
});

test("each hook that cannot be run is named, by its key", () => {
  const missing = join(directory, "none");
  const hooks = {
    play: [program("on", 0o755)],
    idle: [missing, "off"],
    timeoutMs: 1,
    idleAfterMs: 1,
  };
  expect(hookMistakes(hooks)).toEqual([`hooks.idle: ${missing} is not there`]);
});
