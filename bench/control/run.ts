/**
 * How fast the control API answers while players play, beside Debian's snapserver: Server.GetStatus and
 * Client.SetVolume, over TCP, by one connection and by many, each asking again as soon as it is answered.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Feeder } from "../../test/e2e/harness/feeder.ts";
import { music, toPcm16 } from "../../test/e2e/harness/music.ts";
import { freePort } from "../../test/e2e/harness/ports.ts";
import { Running } from "../../test/e2e/harness/running.ts";
import { fifoIn } from "../../test/e2e/harness/snapserver.ts";
import { waitForPort } from "../../test/e2e/harness/wait-for-port.ts";
import { begin } from "../harness/begin.ts";
import { amount, readOptions } from "../harness/options.ts";
import { markdownTable, publish } from "../harness/results.ts";
import { SYSTEMS, type SystemName, serverCommand } from "../harness/systems.ts";
import { Asker } from "./asker.ts";
import { flushedWritesMs } from "./flush.ts";

/** What snapserver and ours are told to keep between recording and hearing. */
const BUFFER_MS = 1_000;
/** Connecting and compiling are not what is asked for. */
const SETTLE_SECONDS = 4;
const WARM_SECONDS = 1;
const PLAYERS_MAIN = fileURLToPath(new URL("players.js", import.meta.url));

const METHODS = ["Server.GetStatus", "Client.SetVolume"] as const;
type Method = (typeof METHODS)[number];

interface Found {
  readonly system: SystemName;
  readonly method: Method;
  readonly connections: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly chunks: Chunks;
}

/** How chunks came to the players meanwhile. */
interface Chunks {
  readonly p99Ms: number;
  readonly worstMs: number;
  /** After they were to be heard. */
  readonly tooLate: number;
}

const { seconds, players, connections } = readOptions(
  "control",
  "How fast the control API answers while players play, beside Snapcast.",
  {
    seconds: amount(5, "how long each is measured"),
    players: amount(50, "clients that play meanwhile"),
    connections: amount(50, "connections that ask at once, after one alone"),
  },
);
const { folder, machine } = begin("control");
const measured = METHODS.length * 2 * (seconds + WARM_SECONDS) + SETTLE_SECONDS;
const pcm = toPcm16(music(measured + 20));
const found: Found[] = [];
const flushed = new Map<SystemName, number[]>();
for (const system of SYSTEMS) found.push(...(await measureSystem(system)));
publish("control", report());

async function measureSystem(system: SystemName): Promise<Found[]> {
  const directory = join(folder, system);
  mkdirSync(directory);
  const ports = {
    port: await freePort(),
    controlPort: await freePort(),
    httpPort: await freePort(),
  };
  const feeder = new Feeder(fifoIn(directory), pcm);
  const [program = "", ...words] = serverCommand(system, { directory, codec: "opus" }, ports);
  const server = new Running(program, words);
  await Promise.all([waitForPort(ports.port), waitForPort(ports.controlPort)]);
  const playing = fork(PLAYERS_MAIN, [`${ports.port}`, `${players}`]);
  // A measurement that fails leaves nothing behind.
  process.once("exit", () => {
    playing.kill("SIGKILL");
    server.child.kill("SIGKILL");
  });
  try {
    await pause(SETTLE_SECONDS * 1_000);
    flushed.set(system, await flushedWritesMs(directory));
    const all: Found[] = [];
    for (const method of METHODS) {
      for (const count of [1, connections]) {
        await takeChunks(playing);
        const rates = await measure(ports.controlPort, method, count);
        const chunks = await takeChunks(playing);
        console.log(`${system}, ${method}, ${count}: ${rates.p50Ms.toFixed(2)} ms`);
        all.push({ system, method, connections: count, ...rates, chunks });
      }
    }
    return all;
  } finally {
    playing.kill("SIGKILL");
    await server.stop();
    feeder.stop();
  }
}

async function takeChunks(players: ChildProcess): Promise<Chunks> {
  const told = once(players, "message");
  players.send("take");
  const [delaysMs] = (await told) as [number[]];
  const sorted = delaysMs.toSorted((a, b) => a - b);
  return {
    p99Ms: quantile(sorted, 0.99),
    worstMs: quantile(sorted, 1),
    tooLate: sorted.filter((delay) => delay > BUFFER_MS).length,
  };
}

async function measure(port: number, method: Method, count: number) {
  const askers: Asker[] = [];
  for (let each = 0; each < count; each++) {
    askers.push(await Asker.open(port, (at) => ({ method, params: paramsOf(method, each, at) })));
  }
  for (const asker of askers) asker.start();
  await pause(WARM_SECONDS * 1_000);
  for (const asker of askers) asker.take();
  const begun = performance.now();
  await pause(seconds * 1_000);
  const latencies = askers.flatMap((asker) => asker.take()).toSorted((a, b) => a - b);
  const elapsedSeconds = (performance.now() - begun) / 1_000;
  for (const asker of askers) asker.close();
  const [p50Ms, p99Ms] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  return { perSecond: latencies.length / elapsedSeconds, p50Ms, p99Ms };
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN;
}

/** Each connection turns a player of its own, by a percent each time. */
function paramsOf(method: Method, connection: number, at: number): object {
  if (method === "Server.GetStatus") return {};
  return { id: `player-${connection % players}`, volume: { percent: at % 101 } };
}

/** The same of both systems in each case. */
function rowsOf(row: (ours: Found, theirs: Found) => readonly string[]): string[][] {
  return METHODS.flatMap((method) =>
    [1, connections].map((count) => {
      const of = (system: SystemName) =>
        found.find(
          (each) => each.system === system && each.method === method && each.connections === count,
        );
      const [ours, theirs] = [of("tutti"), of("snapcast")];
      if (!ours || !theirs) throw new Error(`no reading of ${method}`);
      return [method, `${count}`, ...row(ours, theirs)];
    }),
  );
}

function report(): string {
  const answers = rowsOf((ours, theirs) => [
    ...[ours.p50Ms.toFixed(2), theirs.p50Ms.toFixed(2), ratio(ours.p50Ms, theirs.p50Ms)],
    ...[ours.p99Ms.toFixed(2), theirs.p99Ms.toFixed(2), ratio(ours.p99Ms, theirs.p99Ms)],
    ...[ours.perSecond.toFixed(0), theirs.perSecond.toFixed(0)],
  ]);
  const headings = [
    ...["method", "connections", "Tutti p50 ms", "Snapcast p50 ms", "ratio"],
    ...["Tutti p99 ms", "Snapcast p99 ms", "ratio", "Tutti per s", "Snapcast per s"],
  ];
  const chunks = rowsOf((ours, theirs) =>
    [ours.chunks, theirs.chunks].flatMap(({ p99Ms, worstMs, tooLate }) => [
      ...[p99Ms.toFixed(1), worstMs.toFixed(1), `${tooLate}`],
    ]),
  );
  const chunkHeadings = [
    ...["method", "connections", "Tutti p99 ms", "Tutti worst ms", "Tutti too late"],
    ...["Snapcast p99 ms", "Snapcast worst ms", "Snapcast too late"],
  ];
  return `# How fast the control API answers, beside Snapcast

Over TCP, while ${players} clients are sent one stream of music in opus; one system after the other. Each connection asks again as soon as it is
answered, ${seconds} s for each line. WebSocket and HTTP carry the same documents and are not measured.

**Ours answers a change when it is on disk, in one flushed write; Snapcast answers first and writes its file later.** A flushed write of 4 KiB took
${flush("tutti")} on this disk just before ours was measured, ${flush("snapcast")} before Snapcast. A lone change waits for one,
which another thread does; so its ratio is mostly the disk's, and stays above 1 as long as nothing is acknowledged that a power cut can undo.
Changes that come together share a write, and what they lead to reaches each connection in one piece.

${machine}

${markdownTable(headings, answers)}

## What it costs the sound

How much later than the quickest chunks came to the players meanwhile. Those later than the buffer of ${BUFFER_MS} ms could not be heard.

${markdownTable(chunkHeadings, chunks)}`;
}

/** As "0.30 ms (p99 2.10)". */
function flush(system: SystemName): string {
  const took = flushed.get(system) ?? [];
  return `${quantile(took, 0.5).toFixed(2)} ms (p99 ${quantile(took, 0.99).toFixed(2)})`;
}

function ratio(ours: number, theirs: number): string {
  return (ours / theirs).toFixed(2);
}
