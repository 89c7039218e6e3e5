import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type HookEvent, HookRunner } from "./hook-runner.ts";

let directory: string;
let events: HookEvent[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tutti-hooks-"));
  events = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

function script(name: string, ...lines: string[]): string {
  const path = join(directory, name);
  writeFileSync(path, ["#!/bin/sh", ...lines, ""].join("\n"));
  chmodSync(path, 0o755);
  return path;
}

/** Runs programs until all of them are done. */
async function run(
  commands: readonly (readonly string[])[],
  { timeoutMs = 30_000, variables = {} } = {},
): Promise<void> {
  const now = () => performance.now() * 1_000;
  const runner = new HookRunner({ timeoutMs, now, onEvent: (event) => events.push(event) });
  for (const [at, command] of commands.entries()) {
    runner.call({ hook: "play", lane: `${at}`, command, variables });
  }
  await runner.finish(30_000);
}

test("a program gets its arguments and variables, and no shell looks at them", async () => {
  const path = script("show", 'echo "$1|$2|$TUTTI_STREAM|$TUTTI_CLIENT|$NODE_ENV"');
  const variables = { TUTTI_STREAM: "$(reboot) `id`; x", TUTTI_CLIENT: "two\nlines\0" };
  await run([[path, "a b", "$HOME;"]], { variables });
  expect(events).toMatchObject([
    { kind: "hook ran", hook: "play", output: "a b|$HOME;|$(reboot) `id`; x|two lines |" },
  ]);
});

test("one that fails says so with its status and what it wrote", async () => {
  await run([[script("broken", "echo no such pin >&2", "exit 3")]]);
  expect(events).toEqual([
    { kind: "hook failed", hook: "play", reason: "status 3", output: "no such pin" },
  ]);
});

test("one that is no program fails too", async () => {
  const path = join(directory, "none");
  await run([[path]]);
  expect(events).toEqual([{ kind: "hook failed", hook: "play", reason: `${path}: ENOENT` }]);
});

test("one that hangs and ignores SIGTERM is killed, with what it started", async () => {
  const pids = join(directory, "pids");
  const hangs = script("hangs", "trap '' TERM", "sleep 60 &", `echo $! $$ > ${pids}`, "wait");
  // Kills come some time after the start: the script must have come to its last line by then.
  await run([[hangs]], { timeoutMs: 500 });
  expect(events).toMatchObject([{ kind: "hook killed", hook: "play" }]);
  // What was killed exists until the system's first process has looked at it.
  for (const pid of readFileSync(pids, "utf8").trim().split(" ")) {
    await vi.waitFor(() => expect(lives(pid)).toBe(false), { timeout: 10_000 });
  }
});

test("of one that says a lot the beginning is kept, and it does not wait for a reader", async () => {
  await run([[script("chatty", "yes is what it says | head -c 1000000", "exit 1")]]);
  const [event] = events;
  expect(event).toMatchObject({ kind: "hook failed", reason: "status 1" });
  expect((event as { output: string }).output.length).toBeLessThanOrEqual(2_048);
});

test("what a program leaves in the background holds up nothing", async () => {
  const pid = join(directory, "pid");
  await run([[script("leaves", "sleep 60 &", `echo $! > ${pid}`)]]);
  expect(events).toMatchObject([{ kind: "hook ran" }]);
  process.kill(Number(readFileSync(pid, "utf8")), "SIGKILL");
});

test("the end does not wait longer than it is told to", async () => {
  const now = () => performance.now() * 1_000;
  const runner = new HookRunner({ timeoutMs: 200, now, onEvent: (event) => events.push(event) });
  const hangs = script("hangs", "sleep 60");
  runner.call({ hook: "idle", lane: "power", command: [hangs], variables: {} });
  await runner.finish(1);
  expect(events).toEqual([]);
  await runner.finish(30_000);
  expect(events).toMatchObject([{ kind: "hook killed" }]);
});

/** A killed process that nobody has waited for yet is dead as well. */
function lives(pid: string): boolean {
  const status = `/proc/${pid}/stat`;
  return existsSync(status) && !/^\d+ \(.*\) Z/.test(readFileSync(status, "utf8"));
}
