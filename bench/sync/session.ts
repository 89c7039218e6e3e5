/** One run: all systems at once on the same input, each player on its own card behind the same links. */
import { spawnSync } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Running } from "../../test/e2e/harness/running.ts";
import { fifoIn } from "../../test/e2e/harness/snapserver.ts";
import { LinkedHosts, type LinkSettings } from "../../test/link/link.ts";
import { makeVirtualCards, type VirtualCard } from "../../test/virtual-card/virtual-card.ts";
import { cpuPercent, type Usage, usageOf } from "../harness/process-usage.ts";
import { type Codec, clientCommand, type SystemName, serverCommand } from "../harness/systems.ts";
import type { SelfReport } from "./ask-status.ts";

/** Whose server plays to whose clients. */
export interface System {
  readonly name: string;
  readonly server: SystemName;
  readonly client: SystemName;
}

export const SYSTEMS: readonly System[] = [
  { name: "tutti", server: "tutti", client: "tutti" },
  { name: "snapcast", server: "snapcast", client: "snapcast" },
  { name: "tutti-on-snapserver", server: "snapcast", client: "tutti" },
  { name: "snapclient-on-tutti", server: "tutti", client: "snapcast" },
];

export interface Plan {
  /** Of this run's own. */
  readonly folder: string;
  /** Where native parts are compiled to, once. */
  readonly programs: string;
  /** Raw samples that last longer than the run. */
  readonly sound: string;
  readonly systems: readonly System[];
  /** How much too fast each room's card runs. */
  readonly ppm: readonly number[];
  readonly granularity: number;
  readonly link: LinkSettings;
  readonly outageMs: number;
  readonly codec: Codec;
  /** How long all rooms play, from the start of the last one. */
  readonly seconds: number;
  readonly seed: number;
}

/** What a process used, on the average from when it had settled. */
export interface Cost {
  readonly cpuPercent: number;
  readonly residentMiB: number;
}

export interface PlayedRoom {
  readonly card: VirtualCard;
  /** When its player's process was started. (us of CLOCK_MONOTONIC, as all of these) */
  readonly startedUs: number;
  readonly cost: Cost;
}

export interface Played {
  readonly system: System;
  readonly rooms: readonly PlayedRoom[];
  readonly serverCost: Cost;
  readonly reports: readonly SelfReport[];
}

export interface Session {
  readonly fedAtUs: number;
  readonly endedUs: number;
  readonly outageEndsUs: readonly number[];
  readonly played: readonly Played[];
}

/** Connecting, compiling and the first filling of buffers belong to the start, not to how it plays on. */
export const SETTLE_SECONDS = 10;
/** Between the starts of two rooms: players that start together share their mistakes. */
const STAGGER_MS = 700;
const FED_BEFORE_MS = 1_000;
/** Where in the run the outages begin. */
const OUTAGES_AT = [0.4, 0.75];
const PATIENCE_MS = 20_000;
/** Another boot's worth of uptime, for one room of ours: nothing may rest on a clock that hosts share. */
const CLOCK_AHEAD_S = 100_000;
const AHEAD = ["unshare", "--time", "--monotonic", `${CLOCK_AHEAD_S}`];

/** Whether this machine can give a room a clock of its own. */
export const canShiftTime = spawnSync("unshare", [...AHEAD.slice(1), "true"]).status === 0;

export const nowUs = () => Number(process.hrtime.bigint()) / 1e3;

interface Room {
  readonly card: VirtualCard;
  readonly startedUs: number;
  readonly running: Running;
}

interface Stage {
  readonly system: System;
  readonly directory: string;
  readonly fifo: number;
  readonly server: Running;
  readonly port: number;
  readonly asking: Running | undefined;
  readonly rooms: Room[];
}

export async function playSession(plan: Plan, say: (text: string) => void): Promise<Session> {
  const { programs, ppm, seed, systems } = plan;
  const hosts = await LinkedHosts.make({ rooms: ppm.length, folder: programs, seed });
  const programsRunning: Running[] = [];
  const stages: Stage[] = [];
  const endAll = () => {
    for (const { child } of programsRunning) child.kill("SIGKILL");
  };
  process.once("exit", endAll);
  try {
    hosts.set(plan.link);
    for (const [at, system] of systems.entries()) {
      stages.push(await setUp(plan, hosts, system, at, programsRunning));
    }
    const fifos = stages.map(({ directory }) => fifoIn(directory));
    const feeder = new Running(...feedCommand(plan.sound, fifos));
    programsRunning.push(feeder);
    const { text } = await feeder.line(/^start \d+/);
    const fedAtUs = Number(text.split(" ")[1]) / 1e3;
    await pause(FED_BEFORE_MS);
    for (const room of ppm.keys()) {
      // By turns, so that no system always starts first.
      for (const stage of room % 2 === 0 ? stages : stages.toReversed()) {
        const started = startRoom(plan, hosts, stage, room);
        stage.rooms.push(started);
        programsRunning.push(started.running);
      }
      await pause(STAGGER_MS);
    }
    const { outageEndsUs, before } = await letPlay(plan, hosts, stages, say);
    const after = readUsage(stages);
    const endedUs = nowUs();
    for (const line of feeder.lines.slice(1)) say(`  ${line.text}`);
    const played = stages.map((stage, at) => result(stage, before[at]!, after[at]!));
    return { fedAtUs, endedUs, outageEndsUs, played };
  } finally {
    await Promise.all(programsRunning.map((each) => each.stop()));
    process.off("exit", endAll);
    for (const { fifo } of stages) closeSync(fifo);
    await hosts.remove();
  }
}

async function setUp(
  plan: Plan,
  hosts: LinkedHosts,
  system: System,
  at: number,
  programsRunning: Running[],
): Promise<Stage> {
  const directory = join(plan.folder, system.name);
  mkdirSync(directory, { recursive: true });
  spawnSync("mkfifo", [fifoIn(directory)]);
  // Held open, or a server that starts before the sound meets an end and looks again a second later.
  const fifo = openSync(fifoIn(directory), constants.O_RDWR | constants.O_NONBLOCK);
  // On a host of their own, ports are free.
  const port = 1_704 + 100 * at;
  const ports = { port, controlPort: port + 1, httpPort: port + 76 };
  const server = hosts.server.run(
    serverCommand(system.server, { directory, codec: plan.codec }, ports),
  );
  programsRunning.push(server);
  await listens(server, port);
  if (system.server === "snapcast" || system.client === "snapcast") {
    return { system, directory, fifo, server, port, asking: undefined, rooms: [] };
  }
  const script = join(import.meta.dirname, "ask-status.js");
  const asking = hosts.server.run([process.execPath, script, `${ports.controlPort}`]);
  programsRunning.push(asking);
  return { system, directory, fifo, server, port, asking, rooms: [] };
}

function feedCommand(sound: string, fifos: readonly string[]): [string, string[]] {
  const words = [process.execPath, join(import.meta.dirname, "feed.js"), sound, ...fifos];
  return ["chrt", ["--fifo", "15", ...words]];
}

function startRoom(plan: Plan, hosts: LinkedHosts, stage: Stage, at: number): Room {
  const { system, directory, port } = stage;
  const { host, serverAddress } = hosts.rooms[at]!;
  const id = `room-${at + 1}`;
  const shifted = system.client === "tutti" && at === 1 && canShiftTime;
  const settings = {
    name: `card-${at + 1}`,
    ppm: plan.ppm[at]!,
    granularity: plan.granularity,
    ...(shifted ? { clockAheadS: CLOCK_AHEAD_S } : {}),
  };
  const folder = join(directory, id);
  const { cards, env } = makeVirtualCards(folder, [settings], plan.programs);
  const command = clientCommand(system.client, { host: serverAddress, port, directory, id });
  const startedUs = nowUs();
  const running = host.run([...(shifted ? AHEAD : []), ...command], env);
  return { card: cards[0]!, startedUs, running };
}

/** Waits until the run is over, with its outages. */
async function letPlay(
  { seconds, outageMs }: Plan,
  hosts: LinkedHosts,
  stages: readonly Stage[],
  say: (text: string) => void,
) {
  const begunMs = performance.now();
  const until = (second: number) =>
    pause(Math.max(0, begunMs + second * 1_000 - performance.now()));
  const outageEndsUs: number[] = [];
  await until(Math.min(SETTLE_SECONDS, seconds / 2));
  const before = readUsage(stages);
  for (const share of outageMs > 0 ? OUTAGES_AT : []) {
    await until(share * seconds);
    hosts.outage(outageMs);
    outageEndsUs.push(nowUs() + outageMs * 1_000);
    say(`  outage after ${Math.round(share * seconds)} s`);
  }
  await until(seconds);
  for (const { system, server, rooms } of stages) {
    const ended = [server, ...rooms.map(({ running }) => running)].find(
      ({ child }) => child.exitCode !== null || child.signalCode !== null,
    );
    if (ended) throw new Error(`${system.name}: a program ended early:\n${ended.text}`);
  }
  return { outageEndsUs, before };
}

interface StageUsage {
  readonly server: Usage;
  readonly rooms: readonly Usage[];
}

function readUsage(stages: readonly Stage[]): StageUsage[] {
  return stages.map(({ server, rooms }) => ({
    server: usageOf(server.pid),
    rooms: rooms.map(({ running }) => usageOf(running.pid)),
  }));
}

function result(stage: Stage, before: StageUsage, after: StageUsage): Played {
  const cost = (from: Usage, to: Usage): Cost => ({
    cpuPercent: cpuPercent(from, to),
    residentMiB: to.residentMiB,
  });
  return {
    system: stage.system,
    rooms: stage.rooms.map(({ card, startedUs }, at) => ({
      card,
      startedUs,
      cost: cost(before.rooms[at]!, after.rooms[at]!),
    })),
    serverCost: cost(before.server, after.server),
    reports: (stage.asking?.lines ?? [])
      .filter(({ text }) => text.startsWith("{"))
      .map(({ text }) => JSON.parse(text) as SelfReport),
  };
}

/** Resolves once the program's host has a listener on that port. */
async function listens(program: Running, port: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  const listener = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, "0")} \\S+ 0A `);
  for (;;) {
    const tables = ["tcp", "tcp6"].map((table) => `/proc/${program.pid}/net/${table}`);
    if (program.child.exitCode === null) {
      if (tables.some((table) => listener.test(readFileSync(table, "utf8")))) return;
    }
    if (program.child.exitCode !== null || performance.now() > deadline) {
      throw new Error(`nothing listens on port ${port}:\n${program.text}`);
    }
    await pause(20);
  }
}
