import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { parseSavedHouse, type SavedHouse } from "../../packages/protocol/src/control/index.ts";

import { Controller } from "./harness/controller.ts";
import { Probe } from "./harness/probe.ts";
import type { Running } from "./harness/running.ts";
import { startTuttiServer } from "./harness/tutti-server.ts";

const CHILD = fileURLToPath(new URL("harness/store-child.mjs", import.meta.url));
const KILLS = 200;
/** Each works on a directory of its own. */
const AT_ONCE = 4;
/** Longer than a write, so that kills fall everywhere in it. (ms) */
const LIFE_MS_MAX = 12;

/** Starts a writer, lets it work for a moment, kills it. Returns what it said. */
async function lifeAndDeath(directory: string, lifeMs: number): Promise<string> {
  const child = spawn(process.execPath, [CHILD, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  const working = new Promise<void>((resolve) => {
    child.stdout.on("data", (text) => {
      said += text;
      if (said.includes("saved")) resolve();
    });
  });
  const ended = once(child, "close");
  await Promise.race([working, ended]);
  await pause(lifeMs);
  child.kill("SIGKILL");
  await ended;
  return said;
}

function stateIn(directory: string, name: string): SavedHouse | undefined {
  return parseSavedHouse(JSON.parse(readFileSync(join(directory, name), "utf8")));
}

function newest(said: string, word: string): number {
  const numbers = [...said.matchAll(new RegExp(`^${word} (\\d+)\n`, "gm"))].map(([, text]) =>
    Number(text),
  );
  return Math.max(0, ...numbers);
}

test(`killed ${KILLS} times while it saves, the state is whole and holds all that was acknowledged`, async () => {
  const worlds = Array.from({ length: AT_ONCE }, () => mkdtempSync(join(tmpdir(), "tutti-state-")));
  let cut = 0;
  let before = 0;
  const kill = async (directory: string) => {
    let acknowledged = 0;
    for (let run = 0; run < KILLS / AT_ONCE; run++) {
      const said = await lifeAndDeath(directory, Math.random() * LIFE_MS_MAX);
      expect(said).not.toContain("event");
      const loaded = newest(said, "loaded");
      expect(loaded).toBeGreaterThanOrEqual(acknowledged);
      cut += Number(loaded > acknowledged);
      acknowledged = Math.max(loaded, newest(said, "saved"));
      expect(stateIn(directory, "house.json")?.clients).toHaveLength(60);
      // The very first state has none before it.
      if (run > 0) expect(stateIn(directory, "house.previous.json")?.clients).toHaveLength(60);
      before = Math.max(before, acknowledged);
    }
  };
  await Promise.all(worlds.map(kill));
  for (const directory of worlds) rmSync(directory, { recursive: true });
  // The kills fell into writes: some states were on disk that nobody had been told of yet.
  console.log(`${KILLS} kills, ${cut} between disk and answer; newest state number ${before}`);
  expect(cut).toBeGreaterThan(0);
});

const running: Running[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop("SIGKILL")));
});

interface Status {
  readonly groups: readonly { readonly id: string; readonly clients: readonly ClientStatus[] }[];
}

interface ClientStatus {
  readonly id: string;
  readonly config: { volume: object };
}

/** A server with a controller that waits for each answer. */
async function serve(directory: string) {
  const source = `pipe://${join(directory, "one.fifo")}?name=one`;
  const second = `pipe://${join(directory, "two.fifo")}?name=two`;
  const server = await startTuttiServer({ directory, source, flags: ["--source", second] });
  running.push(server.process);
  const controller = new Controller(server.controlPort);
  let calls = 0;
  const call = async (method: string, params: object = {}) => {
    const id = ++calls;
    controller.write(`${JSON.stringify({ id, jsonrpc: "2.0", method, params })}\r\n`);
    const at = await controller.until((content) => (content as { id?: number }).id === id);
    return (controller.received[at]!.content as { result: never }).result;
  };
  const status = async () => ((await call("Server.GetStatus")) as { server: Status }).server;
  return { server, call, status, close: () => controller.close() };
}

test("killed right after its answers, the server comes back with every id, name and setting", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tutti-restart-"));
  const before = await serve(directory);
  const players = ["a", "b", "c"].map((id) => new Probe(before.server.port, id));
  await expect.poll(async () => (await before.status()).groups.length).toBe(3);
  const { groups } = await before.status();
  const { id } = groups[0]!;
  await before.call("Group.SetClients", { id, clients: ["a", "b"] });
  await before.call("Group.SetStream", { id, stream_id: "two" });
  await before.call("Group.SetName", { id, name: "Unten" });
  await before.call("Client.SetName", { id: "b", name: "Küche" });
  await before.call("Client.SetLatency", { id: "a", latency: 12.5 });
  const expected = await before.status();
  const [c] = expected.groups.flatMap(({ clients }) => clients).filter(({ id }) => id === "c");
  c!.config.volume = { muted: true, percent: 17 };
  await before.call("Client.SetVolume", { id: "c", volume: { percent: 17, muted: true } });
  await before.server.process.stop("SIGKILL");
  for (const player of players) player.stop();
  before.close();

  const after = await serve(directory);
  const restored = withoutMoment(await after.status());
  expect(restored).toEqual(withoutMoment(expected));
  after.close();
  rmSync(directory, { recursive: true });
});

/** What must be the same before and after: all but who is there, and when they were. */
function withoutMoment(status: Status): unknown {
  return JSON.parse(JSON.stringify(status.groups), (key, value) =>
    key === "connected" || key === "lastSeen" ? undefined : value,
  );
}
