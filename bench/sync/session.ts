/**
 * One run: all systems at once on the same input, each player on its own card behind a link of its own. Links of
 * several systems are alike but not shared: whoever sends more would hold up the packets of the others.
 */
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
import type { Fault } from "./scenarios.ts";

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
  /** What goes wrong two times in the run. */
  readonly fault: Fault | undefined;
  readonly codec: Codec;
  /** From recording to hearing. */
  readonly bufferMs: number;
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
  readonly faultEndsUs: readonly number[];
  readonly played: readonly Played[];
}

/** Connecting, compiling and the first filling of buffers belong to the start, not to how it plays on. */
export const SETTLE_SECONDS = 10;
/** Between the starts of two rooms: players that start together share their mistakes. */
const STAGGER_MS = 700;
const FED_BEFORE_MS = 1_000;
/** Where in the run the faults begin. */
const FAULTS_AT = [0.4, 0.75];
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
  readonly hosts: LinkedHosts;
  readonly directory: string;
  readonly fifo: number;
  server: Running;
  readonly serverWords: readonly string[];
  readonly port: number;
  readonly asking: Running | undefined;
  readonly rooms: Room[];
}

export async function playSession(plan: Plan, say: (text: string) => void): Promise<Session> {
  const { ppm, systems } = plan;
  const programsRunning: Running[] = [];
  const stages: Stage[] = [];
  const endAll = () => {
    for (const { child } of programsRunning) child.kill("SIGKILL");
  };
  process.once("exit", endAll);
  try {
    for (const system of systems) stages.push(await setUp(plan, system, programsRunning));
    const fifos = stages.map(({ directory }) => fifoIn(directory));
    const feeder = new Running(...feedCommand(plan.sound, fifos));
    programsRunning.push(feeder);
    const { text } = await feeder.line(/^start \d+/);
    const fedAtUs = Number(text.split(" ")[1]) / 1e3;
    await pause(FED_BEFORE_MS);
    for (const room of ppm.keys()) {
      // By turns, so that no system always starts first.
      for (const stage of room % 2 === 0 ? stages : stages.toReversed()) {
        const started = startRoom(plan, stage, room);
        stage.rooms.push(started);
        programsRunning.push(started.running);
      }
      await pause(STAGGER_MS);
    }
    const { faultEndsUs, before } = await letPlay(plan, stages, programsRunning, say);
    const after = readUsage(stages);
    const endedUs = nowUs();
    for (const line of feeder.lines.slice(1)) say(`  ${line.text}`);
    const played = stages.map((stage, at) => result(stage, before[at]!, after[at]!));
    return { fedAtUs, endedUs, faultEndsUs, played };
  } finally {
    await Promise.all(programsRunning.map((each) => each.stop()));
    process.off("exit", endAll);
    for (const { fifo, hosts } of stages) {
      closeSync(fifo);
      await hosts.remove();
    }
  }
}

async function setUp(plan: Plan, system: System, programsRunning: Running[]): Promise<Stage> {
  const { programs, ppm, seed, link } = plan;
  const directory = join(plan.folder, system.name);
  mkdirSync(directory, { recursive: true });
  spawnSync("mkfifo", [fifoIn(directory)]);
  // Held open, or a server that starts before the sound meets an end and looks again a second later.
  const fifo = openSync(fifoIn(directory), constants.O_RDWR | constants.O_NONBLOCK);
  const hosts = await LinkedHosts.make({ rooms: ppm.length, folder: programs, seed });
  hosts.set(link);
  // On a host of their own, ports are free.
  const port = 1_704;
  const ports = { port, controlPort: port + 1, httpPort: port + 76 };
  const { codec, bufferMs } = plan;
  const serverWords = serverCommand(
    system.server,
    { directory, codec, codecMin: codec, bufferMs },
    ports,
  );
  const server = hosts.server.run(serverWords);
  programsRunning.push(server);
  await listens(server, port);
  const tells = system.server === "tutti" && system.client === "tutti";
  const script = join(import.meta.dirname, "ask-status.js");
  const asking = tells
    ? hosts.server.run([process.execPath, script, `${ports.controlPort}`])
    : undefined;
  if (asking) programsRunning.push(asking);
  return { system, hosts, directory, fifo, server, serverWords, port, asking, rooms: [] };
}

function feedCommand(sound: string, fifos: readonly string[]): [string, string[]] {
  const words = [process.execPath, join(import.meta.dirname, "feed.js"), sound, ...fifos];
  return ["chrt", ["--fifo", "15", ...words]];
}

function startRoom(plan: Plan, stage: Stage, at: number): Room {
  const { system, hosts, directory, port } = stage;
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

/** Waits until the run is over, with its faults. */
async function letPlay(
  { seconds, fault }: Plan,
  stages: readonly Stage[],
  programsRunning: Running[],
  say: (text: string) => void,
) {
  const begunMs = performance.now();
  const until = (second: number) =>
    pause(Math.max(0, begunMs + second * 1_000 - performance.now()));
  const faultEndsUs: number[] = [];
  await until(Math.min(SETTLE_SECONDS, seconds / 2));
  const before = readUsage(stages);
  for (const [turn, share] of FAULTS_AT.entries()) {
    if (!fault) break;
    await until(share * seconds);
    say(`  ${fault.kind} after ${Math.round(share * seconds)} s`);
    if (fault.kind === "outage") {
      for (const { hosts } of stages) hosts.outage(fault.ms);
      faultEndsUs.push(nowUs() + fault.ms * 1_000);
      continue;
    }
    await Promise.all(stages.map(({ server }) => server.stop("SIGKILL")));
    await pause(fault.downMs);
    faultEndsUs.push(nowUs());
    for (const [at, stage] of stages.entries()) {
      const clock = fault.clockJumps && turn % 2 === 0 ? AHEAD : [];
      stage.server = stage.hosts.server.run([...clock, ...stage.serverWords]);
      programsRunning.push(stage.server);
      before[at]!.server = usageOf(stage.server.pid);
    }
  }
  await until(seconds);
  for (const { system, server, rooms } of stages) {
    const ended = [server, ...rooms.map(({ running }) => running)].find(
      ({ child }) => child.exitCode !== null || child.signalCode !== null,
    );
    if (ended) throw new Error(`${system.name}: a program ended early:\n${ended.text}`);
  }
  return { faultEndsUs, before };
}

interface StageUsage {
  server: Usage;
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
