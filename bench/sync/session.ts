/**
 * One run: all systems at once on the same input, each player on its own card behind a link of its own. Links of
 * several systems are alike but not shared: whoever sends more would hold up the packets of the others.
 */
import { closeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Running } from "../../test/e2e/harness/running.ts";
import { fifoIn } from "../../test/e2e/harness/snapserver.ts";
import type { LinkStats } from "../../test/link/link.ts";
import type { VirtualCard } from "../../test/virtual-card/virtual-card.ts";
import { nowUs } from "../harness/clock.ts";
import { furnish } from "../harness/house-state.ts";
import { cpuPercent, type Usage, usageOf } from "../harness/process-usage.ts";
import type { SelfReport } from "./ask-status.ts";
import { cause } from "./cause.ts";
import type { FaultSpan } from "./fault.ts";
import { type Plan, type Stage, type System, setUp, startRoom } from "./stage.ts";

export const SYSTEMS: readonly System[] = [
  { name: "tutti", server: "tutti", client: "tutti" },
  { name: "snapcast", server: "snapcast", client: "snapcast" },
  { name: "tutti-on-snapserver", server: "snapcast", client: "tutti" },
  { name: "snapclient-on-tutti", server: "tutti", client: "snapcast" },
];

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
  /** What its server had acknowledged and did not know any more; null where nobody has looked. */
  readonly lostState: readonly string[] | null;
  /** Of each room's link, from the beginning to the end. */
  readonly links: readonly LinkStats[];
  /** What its server sent to each room, headers included, from when all had settled. */
  readonly kbitPerRoom: number;
  /** All that its server and each room's player said, each line with its moment. (s since this program started) */
  readonly texts: Readonly<Record<string, string>>;
}

export interface Session {
  readonly fedAtUs: number;
  readonly endedUs: number;
  readonly faults: readonly FaultSpan[];
  /** The longest that the machine did nothing at all, as the feeder has noticed. */
  readonly stoodStillMs: number;
  readonly played: readonly Played[];
}

/** Connecting, compiling and the first filling of buffers belong to the start, not to how it plays on. */
export const SETTLE_SECONDS = 10;
/** Between the starts of two rooms: players that start together share their mistakes. */
const STAGGER_MS = 700;
const FED_BEFORE_MS = 1_000;

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
    const { faults, before } = await letPlay(plan, stages, programsRunning, say);
    const after = await readUsage(stages);
    const endedUs = nowUs();
    for (const line of feeder.lines.slice(1)) say(`  ${line.text}`);
    const played = stages.map((stage, at) => result(stage, before[at]!, after[at]!));
    const stoodStillMs = Math.max(0, ...feeder.lines.map(({ text }) => stillIn(text)));
    return { fedAtUs, endedUs, faults, stoodStillMs, played };
  } finally {
    await Promise.all(programsRunning.map((each) => each.stop()));
    process.off("exit", endAll);
    for (const { fifo, hosts } of stages) {
      closeSync(fifo);
      await hosts.remove();
    }
  }
}

function feedCommand(sound: string, fifos: readonly string[]): [string, string[]] {
  const words = [process.execPath, join(import.meta.dirname, "feed.js"), sound, ...fifos];
  return ["chrt", ["--fifo", "15", ...words]];
}

/** From the feeder's words. */
function stillIn(text: string): number {
  return Number(/stood still for (\d+) ms/.exec(text)?.[1] ?? 0);
}

/** Waits until the run is over, with its faults. */
async function letPlay(
  { seconds, fault, faultsAtS }: Plan,
  stages: readonly Stage[],
  programsRunning: Running[],
  say: (text: string) => void,
) {
  const begunMs = performance.now();
  const until = (second: number) =>
    pause(Math.max(0, begunMs + second * 1_000 - performance.now()));
  const faults: FaultSpan[] = [];
  await until(Math.min(SETTLE_SECONDS, seconds / 2));
  if (fault?.kind === "restart" && fault.remembers) {
    for (const { hosts, ports } of stages) await furnish(hosts.server, ports.controlPort);
  }
  const before = await readUsage(stages);
  for (const [turn, atS] of fault ? faultsAtS.entries() : []) {
    await until(atS);
    say(`  ${fault!.kind} after ${Math.round(atS)} s`);
    const span = await cause(fault!, { stages, programsRunning, turn });
    say(`    ${span.proof}`);
    faults.push(span);
    for (const [at, { server }] of stages.entries()) {
      // What a server used that is gone is not known.
      if (before[at]!.serverPid === server.pid) continue;
      before[at]!.serverPid = server.pid;
      before[at]!.server = usageOf(server.pid);
    }
  }
  await until(seconds);
  for (const { system, server, rooms } of stages) {
    const ended = [server, ...rooms.map(({ running }) => running)].find(
      ({ child }) => child.exitCode !== null || child.signalCode !== null,
    );
    if (ended) throw new Error(`${system.name}: a program ended early:\n${ended.text}`);
  }
  return { faults, before };
}

interface StageUsage {
  serverPid: number;
  server: Usage;
  readonly rooms: readonly Usage[];
  readonly links: readonly LinkStats[];
  readonly atUs: number;
}

async function readUsage(stages: readonly Stage[]): Promise<StageUsage[]> {
  return Promise.all(
    stages.map(async ({ hosts, server, rooms }) => ({
      serverPid: server.pid,
      server: usageOf(server.pid),
      rooms: rooms.map(({ running }) => usageOf(running.pid)),
      links: await hosts.stats(),
      atUs: nowUs(),
    })),
  );
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
    lostState: stage.lostState ?? null,
    links: after.links,
    kbitPerRoom: kbitPerRoom(before, after),
    texts: textsOf(stage),
  };
}

function textsOf({ servers, rooms }: Stage): Record<string, string> {
  const text = ({ lines }: Running) =>
    lines.map(({ text, atMs }) => `${(atMs / 1e3).toFixed(3)} ${text}\n`).join("");
  const players = rooms.map(({ id, running }) => [id, text(running)] as const);
  return { server: servers.map(text).join(""), ...Object.fromEntries(players) };
}

function kbitPerRoom(before: StageUsage, after: StageUsage): number {
  const bytes = ({ links }: StageUsage) => links.reduce((sum, each) => sum + each.bytesDown, 0);
  const bits = 8 * (bytes(after) - bytes(before));
  return (bits * 1e3) / (after.atUs - before.atUs) / after.links.length;
}
