import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { TuttiClient, type TuttiClientOptions } from "./harness/client.ts";
import { channelOf, firstSound, gaps, locateAll } from "./harness/compare.ts";
import { Feeder } from "./harness/feeder.ts";
import { music, RATE_HZ, toPcm16 } from "./harness/music.ts";
import { freePort } from "./harness/ports.ts";
import { fifoIn, type Snapserver, startSnapserver } from "./harness/snapserver.ts";
import { mayMakeHosts } from "./harness/two-hosts.ts";

/** Short: a client that still learns its clock plays some hundred ppm faster or slower, which blurs a longer one. */
const PIECE = RATE_HZ / 8;
/** What the clock filter takes to settle on a loaded machine. (frames) */
const SETTLING = 3 * RATE_HZ;

let directory: string;
let feeder: Feeder | undefined;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tutti-e2e-"));
});
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
  feeder?.stop();
  feeder = undefined;
  rmSync(directory, { recursive: true });
});

function feed(samples: Float32Array): void {
  feeder = new Feeder(fifoIn(directory), toPcm16(samples));
}

async function serve(codec: "pcm" | "flac" | "opus", port?: number): Promise<Snapserver> {
  const server = await startSnapserver({ directory, codec, ...(port && { port }) });
  ends.push(() => server.process.stop("SIGKILL"));
  return server;
}

function play(options: Omit<TuttiClientOptions, "directory">): TuttiClient {
  const client = new TuttiClient({ directory, ...options });
  ends.push(() => client.stop());
  return client;
}

/** Plays on for a while and returns what was heard since the first sound. */
async function hear(client: TuttiClient, seconds: number): Promise<Float32Array> {
  await client.event("started");
  await pause(seconds * 1_000);
  const heard = client.heard();
  return heard.subarray(firstSound(heard));
}

describe("plays from Debian's snapserver what was fed into it", () => {
  const CODECS = [
    ["pcm", 0.999],
    ["flac", 0.999],
    ["opus", 0.95],
  ] as const;
  const original = music(20);
  const recordings = new Map<string, Float32Array>();

  // All at once, as each takes its time and little else.
  beforeAll(async () => {
    await Promise.all(
      CODECS.map(async ([codec]) => {
        const directory = mkdtempSync(join(tmpdir(), `tutti-e2e-${codec}-`));
        const feeder = new Feeder(fifoIn(directory), toPcm16(original));
        const { process, port } = await startSnapserver({ directory, codec });
        const client = new TuttiClient({ directory, port });
        recordings.set(codec, await hear(client, 6));
        await Promise.all([client.stop(), process.stop("SIGKILL")]);
        feeder.stop();
        rmSync(directory, { recursive: true });
      }),
    );
  });

  test.each(CODECS)("%s", (codec, correlationMin) => {
    const heard = recordings.get(codec)!;
    expect(gaps(heard, 10)).toEqual([]);
    const matches = locateAll(channelOf(original, 0), heard, PIECE);
    expect(matches.length).toBeGreaterThan(8);
    const settled = matches.filter(({ frame }) => frame >= SETTLING);
    for (const { correlation } of settled) expect(correlation).toBeGreaterThan(correlationMin);
    // One piece follows the other: nothing is left out or played twice.
    const shifts = matches.map(({ position, frame }) => position - frame);
    for (const shift of shifts) expect(Math.abs(shift - (shifts[0] ?? 0))).toBeLessThan(48);
  });
});

describe("waits for whatever is missing", () => {
  test("a client that was there before its server", async () => {
    const port = await freePort();
    feed(music(20));
    const client = play({ port });
    await client.event("output opened");
    await pause(2_500);
    await serve("flac", port);
    expect((await hear(client, 1)).length).toBeGreaterThan(RATE_HZ / 2);
  });

  test("a server that was killed and comes back", async () => {
    feed(music(60));
    const { process, port } = await serve("flac");
    const client = play({ port });
    await hear(client, 1);
    await process.stop("SIGKILL");
    await client.event("disconnected");
    await pause(1_500);
    const linesBefore = client.process.lines.length;
    await serve("flac", port);
    await client.event("connected", linesBefore);
    const silence = client.heard().length;
    await pause(3_000);
    expect(firstSound(client.heard().subarray(silence))).toBeGreaterThanOrEqual(0);
  });

  test("a device that cannot be opened", async () => {
    feed(music(20));
    const { port } = await serve("pcm");
    const client = play({ port, flags: ["--device", `file:${directory}/none/out.raw`] });
    const event = await client.event("output unavailable");
    expect(event).toMatchObject({ level: "warn", device: `file:${directory}/none/out.raw` });
    await pause(2_500);
    const told = client.process.lines.filter(({ text }) => text.includes("output unavailable"));
    expect(told).toHaveLength(1);
  });
});

test("JavaScript that stands still for 200 ms each second is not heard", async () => {
  const blocker = fileURLToPath(new URL("harness/block-each-second.cjs", import.meta.url));
  const original = music(20);
  feed(original);
  const { port } = await serve("flac");
  const client = play({ port, nodeFlags: ["--require", blocker] });
  const heard = await hear(client, 8);
  expect(client.process.text).toContain("event loop stalled");
  expect(client.process.text).not.toContain("underrun");
  expect(gaps(heard, 10)).toEqual([]);
  const settled = locateAll(channelOf(original, 0), heard, PIECE).filter(
    (m) => m.frame >= SETTLING,
  );
  for (const { correlation } of settled) expect(correlation).toBeGreaterThan(0.999);
});

test("nothing rests on a clock shared with the server", async (context) => {
  if (!mayMakeHosts) return context.skip();
  const original = music(20);
  feed(original);
  const { port } = await serve("flac");
  // A host that booted a day before this one, as its monotonic clock goes.
  const prefix = ["unshare", "--time", "--monotonic", "100000", "--fork", "--kill-child"];
  const heard = await hear(play({ port, prefix }), 6);
  expect(gaps(heard, 10)).toEqual([]);
  const settled = locateAll(channelOf(original, 0), heard, PIECE).filter(
    (m) => m.frame >= SETTLING,
  );
  expect(settled.length).toBeGreaterThan(2);
  for (const { correlation } of settled) expect(correlation).toBeGreaterThan(0.999);
});

describe("ends", () => {
  test("on SIGTERM by itself, with a fade instead of a click", async () => {
    feed(music(20));
    const { port } = await serve("pcm");
    const client = play({ port });
    await hear(client, 1);
    expect(await client.stop()).toBe(0);
    const heard = client.heard();
    const steps = heard
      .subarray(-RATE_HZ / 10)
      .map((sample, at, all) => sample - (all[at - 1] ?? sample));
    expect(heard.at(-1)).toBe(0);
    expect(Math.max(...steps.map(Math.abs))).toBeLessThan(0.1);
  });

  test.each([
    [["--latency", "ten"], /--latency ten/],
    [["--devise", "null"], /--device/],
    [["--config", "/nowhere/client.yaml"], /\/nowhere\/client\.yaml/],
  ])("with 78 and in plain words for %j", async (flags, words) => {
    const client = play({ flags });
    expect(await client.process.ended).toBe(78);
    expect(client.process.text).toMatch(words);
    expect(client.process.text).not.toMatch(/^ +at /m);
  });

  test("with 0 when the configuration is right", async () => {
    const client = play({ flags: ["--check-config"] });
    expect(await client.process.ended).toBe(0);
  });
});
