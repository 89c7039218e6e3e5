import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeVirtualCards } from "../virtual-card/virtual-card.ts";
import { channelOf, locateAll } from "./harness/compare.ts";
import { Feeder } from "./harness/feeder.ts";
import { music, RATE_HZ, toPcm16 } from "./harness/music.ts";
import { Probe } from "./harness/probe.ts";
import { Remote } from "./harness/remote.ts";
import { identicalShare, Snapclient } from "./harness/snapclient.ts";
import { fifoIn } from "./harness/snapserver.ts";
import { SERVER_MAIN, startTuttiServer, type TuttiServer } from "./harness/tutti-server.ts";

const PIECE = RATE_HZ / 4;
/** A stock client leaves out or doubles frames to keep time, the more the busier the machine. */
const IDENTICAL_MIN = 0.9;

let directory: string;
let feeder: Feeder | undefined;
const ends: (() => unknown)[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tutti-e2e-server-"));
});
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
  feeder?.stop();
  feeder = undefined;
  rmSync(directory, { recursive: true });
});

async function serve(...flags: string[]): Promise<TuttiServer> {
  const server = await startTuttiServer({ directory, flags });
  ends.push(() => server.process.stop());
  return server;
}

function play(port: number, id = "stock"): Snapclient {
  const client = new Snapclient({ directory, id, port });
  ends.push(() => client.process.stop("SIGKILL"));
  return client;
}

/** Music in the pipe, from now on. Returns it as 16 bits. */
function feed(seconds: number): Int16Array {
  const pcm = toPcm16(music(seconds));
  feeder = new Feeder(fifoIn(directory), pcm);
  return new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length / 2);
}

/** One channel, -1 to 1. */
function left(samples: Int16Array): Float32Array {
  return channelOf(
    Float32Array.from(samples, (sample) => sample / 32_768),
    0,
  );
}

function residentMb({ process }: TuttiServer): number {
  const [, kb = "0"] =
    /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${process.pid}/status`, "utf8")) ?? [];
  return Number(kb) / 1_024;
}

describe("Debian's snapclient plays what was fed into the pipe", () => {
  test.each(["pcm", "flac"])("%s, bit for bit", async (codec) => {
    const server = await serve("--codec", codec);
    const original = feed(20);
    const client = play(server.port);
    await client.firstSound();
    await pause(6_000);

    expect(identicalShare(original, trimmed(client.heard()))).toBeGreaterThan(IDENTICAL_MIN);
  });

  test("opus, as the same music", async () => {
    const server = await serve("--codec", "opus");
    const original = left(feed(8));
    const client = play(server.port);
    await client.firstSound();
    await pause(3_500);

    const matches = locateAll(original, left(trimmed(client.heard())), PIECE);
    expect(matches.length).toBeGreaterThan(8);
    const alike = matches.filter(({ correlation }) => correlation > 0.95);
    expect(alike.length / matches.length).toBeGreaterThan(IDENTICAL_MIN);
  });

  test.each(["pcm", "flac", "opus"])("%s starts at once, thanks to the backlog", async (codec) => {
    const server = await serve("--codec", codec);
    feed(30);
    await pause(1_500);
    const times: number[] = [];
    for (let run = 0; run < 5; run++) {
      const client = play(server.port, `run${run}`);
      times.push(await client.firstSound());
      await client.process.stop("SIGKILL");
    }
    const [, , median = 0] = times.toSorted((a, b) => a - b);
    console.log(`stock client to first sound, ${codec}: ${median.toFixed(0)} ms (median of 5)`);
    // Without the backlog it takes the whole buffer.
    expect(median).toBeLessThan(900);
  });
});

describe("the pipe", () => {
  test("is made for everybody, in a folder that is made too", async () => {
    const path = join(directory, "deep", "er", "music.fifo");
    const server = await startTuttiServer({ directory, source: `pipe://${path}?name=default` });
    ends.push(() => server.process.stop());
    await expect.poll(() => statSync(path, { throwIfNoEntry: false })?.isFIFO()).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o666);
  });

  test("bears writers that come and go, and half a frame at the end of one", async () => {
    const server = await serve("--codec", "pcm");
    const client = play(server.port);
    const pcm = toPcm16(music(6));
    const third = pcm.length / 3;
    await writeFile(fifoIn(directory), Buffer.concat([pcm.subarray(0, third), Buffer.from([1])]));
    await writeFile(fifoIn(directory), pcm.subarray(third, 2 * third));
    await pause(1_500);
    await writeFile(fifoIn(directory), pcm.subarray(2 * third));
    await pause(2_500);

    const original = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length / 2);
    const heard = trimmed(client.heard());
    // The third writer came after silence; what is between the parts fits no piece of the original.
    expect(identicalShare(original, heard.subarray(0, 4 * RATE_HZ))).toBeGreaterThan(0.8);
    expect(identicalShare(original, heard.subarray(-2 * RATE_HZ))).toBeGreaterThan(0.8);
  });

  test("that is no pipe is told, with what to do, and used once it is one", async () => {
    writeFileSync(fifoIn(directory), "not a pipe");
    const server = await serve("--codec", "pcm");
    await server.process.line(/is not a FIFO; remove it or choose another path/);
    rmSync(fifoIn(directory));
    await expect
      .poll(() => statSync(fifoIn(directory), { throwIfNoEntry: false })?.isFIFO(), {
        timeout: 5_000,
      })
      .toBe(true);
    feed(10);
    await play(server.port).firstSound();
  });
});

/** Without the silence at both ends. */
function trimmed(samples: Int16Array): Int16Array {
  const first = samples.findIndex((sample) => sample !== 0);
  const last = samples.findLastIndex((sample) => sample !== 0);
  return samples.subarray(first & ~1, (last | 1) + 1);
}

describe("plays on", () => {
  const GARBAGE = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 7_919) % 251));
  const header = (type: number, size: number) => {
    const bytes = Buffer.alloc(26);
    bytes.writeUInt16LE(type, 0);
    bytes.writeUInt32LE(size, 22);
    return bytes;
  };
  const HUGE = header(5, 0xffff_ffff);
  const HELLO_WITH_HUGE_TEXT = Buffer.concat([
    header(5, 8),
    Buffer.from("fffffffff0f0f0f0", "hex"),
  ]);

  function attack(port: number, bytes?: Buffer): Promise<Socket> {
    return new Promise((resolve) => {
      const socket = connect({ host: "127.0.0.1", port });
      socket.on("error", () => resolve(socket));
      socket.on("connect", () => {
        if (bytes) socket.write(bytes);
        resolve(socket);
      });
      ends.push(() => socket.destroy());
    });
  }

  /** Plays, lets `trouble` happen, and expects that the others got every byte, in time. */
  async function unhurtBy(
    trouble: (server: TuttiServer) => Promise<void>,
    grownMbMax = 64,
  ): Promise<TuttiServer> {
    const server = await serve("--codec", "pcm");
    const original = toPcm16(music(40));
    feeder = new Feeder(fifoIn(directory), original);
    // The very beginning is faded in, and would be in the backlog.
    await pause(1_500);
    const probe = watch(server.port);
    await pause(1_000);
    const before = residentMb(server);
    await trouble(server);
    const after = residentMb(server);
    await pause(1_000);
    console.log(`resident: ${before.toFixed(0)} MB before, ${after.toFixed(0)} MB after`);
    expect(after - before).toBeLessThan(grownMbMax);
    expectWhole(probe, original);
    await play(server.port, "late").firstSound();
    return server;
  }

  function watch(port: number): Probe {
    const probe = new Probe(port, "probe");
    ends.push(() => probe.stop());
    return probe;
  }

  function expectWhole(probe: Probe, original: Buffer): void {
    expect(probe.closed).toBe(false);
    const [first] = probe.chunks;
    const start = original.indexOf(first!.payload);
    expect(start).toBeGreaterThanOrEqual(0);
    expect(probe.pcm.equals(original.subarray(start, start + probe.pcm.length))).toBe(true);
    for (const [at, { recordedAtUs, arrivedAtUs }] of probe.chunks.entries()) {
      expect(Math.abs(recordedAtUs - first!.recordedAtUs - 20_000 * at)).toBeLessThan(1_000);
      // The backlog begins with what is due as the probe joins.
      if (arrivedAtUs < first!.arrivedAtUs + 500_000) continue;
      expect(arrivedAtUs - recordedAtUs).toBeLessThan(1_000_000);
    }
  }

  test("garbage and huge lengths on every port", async () => {
    const server = await unhurtBy(async ({ port, controlPort, httpPort }) => {
      for (const each of [port, controlPort, httpPort]) {
        for (const bytes of [GARBAGE, HUGE, HELLO_WITH_HUGE_TEXT]) {
          for (let run = 0; run < 10; run++) await attack(each, bytes);
        }
      }
      await pause(1_000);
    });
    expect(server.process.text).toContain("exceeds");
  });

  test("connections that never say a word, and a thousand at once", async () => {
    await unhurtBy(async ({ port }) => {
      const sockets = await Promise.all(Array.from({ length: 1_000 }, () => attack(port)));
      await pause(3_500);
      const open = sockets.filter((socket) => !socket.closed && socket.readable);
      expect(open.length).toBeLessThan(17);
    });
  });

  test("twenty controllers that change ten thousand things", async () => {
    const rooms = ["a", "b", "c"];
    await unhurtBy(async ({ port, controlPort, httpPort }) => {
      for (const room of rooms) {
        const player = new Probe(port, room);
        ends.push(() => player.stop());
      }
      const opened = Array.from({ length: CONTROLLERS }, (_, at) =>
        at % 2 === 0 ? Remote.overTcp(controlPort) : Remote.overWebSocket(httpPort),
      );
      const people = await Promise.all(opened);
      ends.push(() => people.map((person) => person.close()));
      const [first] = people as [Remote, ...Remote[]];
      const there = async () => JSON.stringify(await first.ask("Server.GetStatus"));
      for (const room of rooms) await expect.poll(there).toContain(`"id":"${room}"`);
      await Promise.all(people.map((person, at) => steer(person, rooms[at % rooms.length]!)));
      const last = { id: rooms[0], name: "last" };
      const { tutti } = await first.ask<{ tutti: { revision: number } }>("Client.SetName", last);
      expect(tutti.revision).toBeGreaterThan(CONTROLLERS * CHANGES * 0.9);
      // Ten thousand requests and their news leave garbage that is not collected while there is room.
    }, 128);
  });

  const CONTROLLERS = 20;
  const CHANGES = 500;

  /** Changes a client so many times, each when the change before has been answered. */
  async function steer(person: Remote, id: string): Promise<void> {
    for (let n = 0; n < CHANGES; n++) {
      const percent = (7 * n) % 101;
      if (n % 2 === 0) await person.ask("Client.SetVolume", { id, volume: { percent } });
      else await person.ask("Client.SetName", { id, name: `${id} ${n}` });
    }
  }

  test("a client that is frozen, which is dropped after five seconds", async () => {
    const server = await unhurtBy(async ({ port, process }) => {
      const frozen = play(port, "frozen");
      await frozen.firstSound();
      frozen.process.child.kill("SIGSTOP");
      await process.line(/"client":"frozen".*client fell silent/);
    });
    expect(server.process.text).not.toContain('"client":"probe","count"');
  });
});

describe("starts and ends as a service should", () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [SERVER_MAIN, ...args], { encoding: "utf8" });

  test("with the place of a mistake and status 78 for a wrong configuration", () => {
    const file = join(directory, "server.yaml");
    writeFileSync(file, "bufferMs: 1000\nbufer: 3\n");
    const { status, stderr } = run("--config", file);
    expect(status).toBe(78);
    expect(stderr).toContain(`${file}:2:1`);
    expect(run("--nonsense").status).toBe(78);
    expect(run("--config", join(directory, "missing.yaml")).status).toBe(78);
  });

  test("with a right configuration confirmed", () => {
    const { status, stdout } = run("--check-config", "--source", "demo://?name=Demo");
    expect({ status, stdout }).toEqual({ status: 0, stdout: "The configuration is right.\n" });
  });

  test("with the number of a port that is taken", async () => {
    const first = await serve();
    const ports = ["--control-port", `${first.controlPort}`, "--http-port", `${first.httpPort}`];
    const flags = ["--state-dir", directory, "--address", "127.0.0.1", "--no-mdns"];
    const { status, stderr } = run(...flags, "--stream-port", `${first.port}`, ...ports);
    expect(status).toBe(1);
    expect(stderr).toContain(`Port ${first.port} is taken`);
  });

  test("on a signal, by itself and with status 0", async () => {
    const { process, port } = await serve();
    feed(10);
    await play(port).firstSound();
    expect(await process.stop("SIGINT")).toBe(0);
  });
});

test("the demo plays while the pipe is silent, and gives way to it", async () => {
  const server = await serve("--codec", "pcm", "--fallback", "demo");
  const client = play(server.port);
  await client.firstSound();
  await pause(1_000);
  const demo = client.heard().length;
  const original = feed(10);
  await pause(4_000);

  expect(identicalShare(original, client.heard().subarray(0, demo & ~1))).toBe(0);
  expect(identicalShare(original, client.heard().subarray(-2 * 2 * RATE_HZ))).toBeGreaterThan(0.8);
});

test("capture goes out as it came in, stamped with the moments at which the card recorded it", async () => {
  const pcm = toPcm16(music(20));
  const recording = join(directory, "recording.s16");
  writeFileSync(recording, pcm);
  const microphone = { name: "microphone", ppm: 80, captures: recording };
  const { cards, env } = makeVirtualCards(directory, [microphone]);
  const server = await startTuttiServer({
    directory,
    source: "alsa:///?device=microphone&name=TV",
    flags: ["--codec", "pcm"],
    environment: env,
  });
  ends.push(() => server.process.stop());
  const probe = new Probe(server.port, "probe");
  ends.push(() => probe.stop());
  await pause(8_000);

  const [card] = cards;
  const begun = card?.events("capture").findLast(({ event }) => event === "start");
  const chunks = probe.chunks.slice(50);
  const first = pcm.indexOf(chunks[0]!.payload) / 4;
  expect(first).toBeGreaterThan(0);
  const whole = Buffer.concat(chunks.map(({ payload }) => payload));
  expect(whole.equals(pcm.subarray(first * 4, first * 4 + whole.length))).toBe(true);
  const off = chunks.map(
    ({ recordedAtUs }, at) =>
      recordedAtUs - card!.capturedAtUs(begun!.frame + first + at * (RATE_HZ / 50)),
  );
  console.log(
    `capture stamps are off by ${Math.min(...off).toFixed(0)} to ${Math.max(...off).toFixed(0)} us`,
  );
  const median = off.toSorted((a, b) => a - b)[off.length >> 1] ?? Number.NaN;
  expect(Math.abs(median)).toBeLessThan(500);
});
