/** What a run needs before anything plays: hosts, links, a server, and each room's player on a card of its own. */
import { spawnSync } from "node:child_process";
import { constants, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Running } from "../../test/e2e/harness/running.ts";
import { fifoIn } from "../../test/e2e/harness/snapserver.ts";
import { LinkedHosts, type LinkSettings } from "../../test/link/link.ts";
import { makeVirtualCards, type VirtualCard } from "../../test/virtual-card/virtual-card.ts";
import { nowUs } from "../harness/clock.ts";
import { HostServices } from "../harness/host-services.ts";
import { SteppedClock } from "../harness/stepped-clock.ts";
import { type Codec, clientCommand, type SystemName, serverCommand } from "../harness/systems.ts";
import type { Fault } from "./fault.ts";

/** Whose server plays to whose clients. */
export interface System {
  readonly name: string;
  readonly server: SystemName;
  readonly client: SystemName;
  /** Where it is not the run's. */
  readonly codec?: Codec;
}

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
  /** Of all hosts' TCP, where it is not the machine's. */
  readonly congestion?: "reno";
  /** What goes wrong, each time at one of these moments. */
  readonly fault: Fault | undefined;
  readonly faultsAtS: readonly number[];
  readonly codec: Codec;
  /** Our clients on a slow link are given less, as by default. */
  readonly adapts: boolean;
  /** From recording to hearing. */
  readonly bufferMs: number;
  /** How long all rooms play, from the start of the last one. */
  readonly seconds: number;
  readonly seed: number;
}

export interface Room {
  readonly id: string;
  readonly card: VirtualCard;
  /** When its player's process was started. (us of CLOCK_MONOTONIC, as all of these) */
  readonly startedUs: number;
  readonly running: Running;
  /** The wall clock that its player is shown, if that is to be stepped. */
  readonly clock: SteppedClock | undefined;
}

/** One system with all that it plays on. */
export interface Stage {
  readonly system: System;
  readonly hosts: LinkedHosts;
  readonly directory: string;
  readonly fifo: number;
  server: Running;
  /** All that there have been. */
  readonly servers: Running[];
  readonly serverWords: readonly string[];
  readonly serverEnv: NodeJS.ProcessEnv;
  readonly serverClock: SteppedClock | undefined;
  readonly ports: {
    readonly port: number;
    readonly controlPort: number;
    readonly httpPort: number;
  };
  readonly asking: Running | undefined;
  /** What it had acknowledged and did not know any more; undefined while nobody has looked. */
  lostState: string[] | undefined;
  /** Of each room's host, where discovery needs them. */
  readonly services: readonly HostServices[];
  readonly rooms: Room[];
}

const PATIENCE_MS = 20_000;
/** Another boot's worth of uptime, for one room of ours: nothing may rest on a clock that hosts share. */
const CLOCK_AHEAD_S = 100_000;
/** Put before a command, gives it that clock. */
export const AHEAD = ["unshare", "--time", "--monotonic", `${CLOCK_AHEAD_S}`];

/** Whether this machine can give a room a clock of its own. */
export const canShiftTime = spawnSync("unshare", [...AHEAD.slice(1), "true"]).status === 0;

export async function setUp(
  plan: Plan,
  system: System,
  programsRunning: Running[],
): Promise<Stage> {
  const { programs, ppm, seed, link, bufferMs, fault } = plan;
  const directory = join(plan.folder, system.name);
  mkdirSync(directory, { recursive: true });
  spawnSync("mkfifo", [fifoIn(directory)]);
  // Held open, or a server that starts before the sound meets an end and looks again a second later.
  const fifo = openSync(fifoIn(directory), constants.O_RDWR | constants.O_NONBLOCK);
  const hosts = await LinkedHosts.make({
    ...{ rooms: ppm.length, folder: programs, seed },
    ...(plan.congestion ? { congestion: plan.congestion } : {}),
  });
  hosts.set(link);
  // On a host of their own, ports are free.
  const ports = { port: 1_704, controlPort: 1_705, httpPort: 1_780 };
  const codec = system.codec ?? plan.codec;
  const announced = fault?.kind === "move";
  const services = announced ? await startServices(plan, system, hosts, programsRunning) : [];
  const codecMin = plan.adapts ? {} : { codecMin: codec };
  const options = { directory, codec, ...codecMin, bufferMs, announced };
  const words = serverCommand(system.server, options, ports);
  const serverWords = [...(services[0]?.prefix ?? []), ...words];
  const steps = fault?.kind === "clock step";
  const serverClock = steps ? new SteppedClock(programs, join(directory, "server")) : undefined;
  const serverEnv = serverClock?.environment ?? {};
  const server = hosts.server.run(serverWords, serverEnv);
  programsRunning.push(server);
  await listens(server, ports.port);
  const tells = system.server === "tutti" && system.client === "tutti";
  const script = join(import.meta.dirname, "ask-status.js");
  const asking = tells
    ? hosts.server.run([process.execPath, script, `${ports.controlPort}`])
    : undefined;
  if (asking) programsRunning.push(asking);
  if (fault?.kind === "download") await startGiving(hosts, programsRunning);
  const started = {
    server,
    servers: [server],
    serverWords,
    serverEnv,
    serverClock,
    asking,
    services,
    lostState: undefined,
  };
  return { system, hosts, directory, fifo, ports, ...started, rooms: [] };
}

/** Downloads come from the server's host, over the links that the sound takes. */
async function startGiving(hosts: LinkedHosts, programsRunning: Running[]): Promise<void> {
  const script = join(import.meta.dirname, "../resilience/download.js");
  const giving = hosts.server.run([process.execPath, script, "give"]);
  programsRunning.push(giving);
  await giving.line(/^ready/);
}

/** What Debian's programs announce themselves and look for servers by; ours need nobody. The server's host is the first. */
async function startServices(
  { folder }: Plan,
  { name, server, client }: System,
  { server: host, rooms }: LinkedHosts,
  programsRunning: Running[],
): Promise<HostServices[]> {
  const all = [host, ...rooms.map((room) => room.host)];
  const stock = all.map((_, at) => (at === 0 ? server : client) === "snapcast");
  const made: HostServices[] = [];
  for (const [at, each] of all.entries()) {
    const hostName = `${name}-${at}`;
    const services = new HostServices(each, join(folder, hostName), hostName);
    if (stock[at]) programsRunning.push(...(await services.start()));
    made.push(services);
  }
  return made;
}

export function startRoom(plan: Plan, stage: Stage, at: number): Room {
  const { system, hosts, directory, ports, services } = stage;
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
  const address = plan.fault?.kind === "move" ? undefined : { host: serverAddress, ...ports };
  const command = clientCommand(system.client, address, { directory, id });
  const before = [...(services[at + 1]?.prefix ?? []), ...(shifted ? AHEAD : [])];
  const steps = plan.fault?.kind === "clock step" && at === 0;
  const clock = steps ? new SteppedClock(plan.programs, folder) : undefined;
  const startedUs = nowUs();
  const running = host.run([...before, ...command], { ...env, ...clock?.environment });
  return { id, card: cards[0]!, startedUs, running, clock };
}

/** Resolves once the program's host has a listener on that port. */
export async function listens(program: Running, port: number): Promise<void> {
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
