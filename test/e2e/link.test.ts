import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LINKS, LinkedHosts, parseLink, whyNoLinks } from "../link/link.ts";
import type { Running } from "./harness/running.ts";

const DATAGRAMS = fileURLToPath(new URL("harness/datagrams.mjs", import.meta.url));
const PORT = 9_000;
const COUNT = 300;

test.each([
  ["busy-wifi", LINKS["busy-wifi"]],
  ["5 5 0 0 200 3000", { delayMs: 5, jitterMs: 5, stallMs: 200, stallEveryMs: 3_000 }],
  ["2 1", { delayMs: 2, jitterMs: 1 }],
])("a link is read from %j", (text, settings) => {
  expect(parseLink(text)).toMatchObject(settings);
});

test.each(["nonsense", "1 2 x", "-1", "1 2 3 4 5 6 7"])("%j is no link", (text) => {
  expect(() => parseLink(text)).toThrow(/must be one of wired, wifi/);
});

const obstacle = whyNoLinks();
describe.skipIf(obstacle !== undefined)(`two rooms on links (${obstacle ?? "with root"})`, () => {
  let folder: string;
  let hosts: LinkedHosts;
  let echo: Running;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "tutti-link-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    hosts = await LinkedHosts.make({ rooms: 2, folder });
    echo = hosts.server.run([process.execPath, DATAGRAMS, "echo", `${PORT}`]);
    await echo.line(/listening/);
  });
  afterEach(async () => {
    await echo.stop();
    await hosts.remove();
  });

  /** Sends from a room to the server and back. */
  async function send(room: 1 | 2): Promise<readonly { number: number; ms: number }[]> {
    const { host, serverAddress } = hosts.rooms[room - 1]!;
    const words = [process.execPath, DATAGRAMS, "send", serverAddress, `${PORT}`, `${COUNT}`];
    const sender = host.run(words);
    const { text } = await sender.line(/^\[/);
    return JSON.parse(text);
  }

  const inOrder = Array.from({ length: COUNT }, (_, number) => number);

  test("carry everything at first", async () => {
    expect((await send(1)).map(({ number }) => number)).toEqual(inOrder);
    const [used, other] = await hosts.stats();
    expect(used).toMatchObject({ carriedUp: COUNT, carriedDown: COUNT, lostUp: 0, lostDown: 0 });
    expect(other).toMatchObject({ carriedUp: 0, carriedDown: 0 });
  });

  test("delay and jitter, in order, one room only", async () => {
    hosts.set({ delayMs: 40, jitterMs: 20 }, 2);
    const came = await send(2);
    expect(came.map(({ number }) => number)).toEqual(inOrder);
    // Twice at least 20 ms; a loaded machine can only add to that.
    expect(Math.min(...came.map(({ ms }) => ms))).toBeGreaterThan(40);
    const spread = came.map(({ ms }) => ms).sort((a, b) => a - b);
    expect(spread.at(-1)! - spread[0]!).toBeGreaterThan(10);
  });

  test("lose their share", async () => {
    hosts.set({ lossPercent: 30 });
    const came = await send(1);
    const [stats] = await hosts.stats();
    expect(stats!.lostUp / COUNT).toBeGreaterThan(0.2);
    expect(stats!.lostUp / COUNT).toBeLessThan(0.4);
    expect(came.length).toBe(COUNT - stats!.lostUp - stats!.lostDown);
  });

  test("lose everything in an outage, in the room that has one", async () => {
    hosts.outage(600_000, 1);
    const came = await Promise.all([send(1), send(2)]);
    expect(came.map(({ length }) => length)).toEqual([0, COUNT]);
    expect((await hosts.stats())[0]).toMatchObject({ lostUp: COUNT, carriedUp: 0 });
  });

  test("pass no more than their rate", async () => {
    // 228 bytes with their headers, at 500 kbit/s: 3.6 ms each, so the last one waits for all the others.
    hosts.set({ rateKbit: 500 });
    const came = await send(1);
    expect(came.length).toBe(COUNT);
    const packetMs = (228 * 8) / 500;
    expect(came.at(-1)!.ms + COUNT * 2).toBeGreaterThan(COUNT * packetMs);
  });

  test("hold everything in a stall and lose nothing", async () => {
    hosts.set({ stallMs: 100, stallEveryMs: 200 });
    const came = await send(1);
    expect(came.map(({ number }) => number)).toEqual(inOrder);
    expect((await hosts.stats())[0]!.stalls).toBeGreaterThan(0);
    expect(Math.max(...came.map(({ ms }) => ms))).toBeGreaterThan(50);
  });
});
