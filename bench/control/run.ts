/**
 * How fast the control API answers while players play, beside Debian's snapserver: Server.GetStatus and
 * Client.SetVolume, over TCP, by one connection and by many, each asking again as soon as it is answered.
 */
import { fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Feeder } from "../../test/e2e/harness/feeder.ts";
import { music, toPcm16 } from "../../test/e2e/harness/music.ts";
import { freePort } from "../../test/e2e/harness/ports.ts";
import { Running } from "../../test/e2e/harness/running.ts";
import { fifoIn } from "../../test/e2e/harness/snapserver.ts";
import { waitForPort } from "../../test/e2e/harness/wait-for-port.ts";
import { describeMachine } from "../harness/machine.ts";
import { amount, readOptions } from "../harness/options.ts";
import { markdownTable, publish } from "../harness/results.ts";
import { SYSTEMS, type SystemName, serverCommand } from "../harness/systems.ts";
import { Asker } from "./asker.ts";

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
const machine = describeMachine(
  `./tutti bench control --seconds ${seconds} --players ${players} --connections ${connections}`,
);
const folder = mkdtempSync(join(tmpdir(), "tutti-control-"));
const measured = METHODS.length * 2 * (seconds + WARM_SECONDS) + SETTLE_SECONDS;
const pcm = toPcm16(music(measured + 20));
const found: Found[] = [];
for (const system of SYSTEMS) found.push(...(await measureSystem(system)));
publish("control", report());
rmSync(folder, { recursive: true });

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
    const all: Found[] = [];
    for (const method of METHODS) {
      for (const count of [1, connections]) {
        const rates = await measure(ports.controlPort, method, count);
        console.log(`${system}, ${method}, ${count}: ${rates.p50Ms.toFixed(2)} ms`);
        all.push({ system, method, connections: count, ...rates });
      }
    }
    return all;
  } finally {
    playing.kill("SIGKILL");
    await server.stop();
    feeder.stop();
  }
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
  const at = (part: number) => latencies[Math.floor(part * (latencies.length - 1))] ?? Number.NaN;
  return { perSecond: latencies.length / elapsedSeconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** Each connection turns a player of its own, by a percent each time. */
function paramsOf(method: Method, connection: number, at: number): object {
  if (method === "Server.GetStatus") return {};
  return { id: `player-${connection % players}`, volume: { percent: at % 101 } };
}

function report(): string {
  const rows = METHODS.flatMap((method) =>
    [1, connections].map((count) => {
      const of = (system: SystemName) =>
        found.find(
          (each) => each.system === system && each.method === method && each.connections === count,
        );
      const [ours, theirs] = [of("tutti"), of("snapcast")];
      if (!ours || !theirs) throw new Error(`no reading of ${method}`);
      return [
        ...[method, `${count}`],
        ...[ours.p50Ms.toFixed(2), theirs.p50Ms.toFixed(2), ratio(ours.p50Ms, theirs.p50Ms)],
        ...[ours.p99Ms.toFixed(2), theirs.p99Ms.toFixed(2), ratio(ours.p99Ms, theirs.p99Ms)],
        ...[ours.perSecond.toFixed(0), theirs.perSecond.toFixed(0)],
      ];
    }),
  );
  const headings = [
    ...["method", "connections", "Tutti p50 ms", "Snapcast p50 ms", "ratio"],
    ...["Tutti p99 ms", "Snapcast p99 ms", "ratio", "Tutti per s", "Snapcast per s"],
  ];
  return `# How fast the control API answers, beside Snapcast

Over TCP, while ${players} clients are sent one stream of music in opus; one system after the other. Each connection asks again as soon as it is
answered, ${seconds} s for each line. Ours answers a change when it is on disk, in one flushed write; Snapcast answers before. So the ratio of changes is
that of the disk. WebSocket and HTTP carry the same documents and are not measured.

${machine}

${markdownTable(headings, rows)}`;
}

function ratio(ours: number, theirs: number): string {
  return (ours / theirs).toFixed(2);
}
