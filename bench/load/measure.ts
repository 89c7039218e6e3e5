/** One server with all its listeners: started, left to settle, watched, ended. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../../test/e2e/harness/ports.ts";
import { Running } from "../../test/e2e/harness/running.ts";
import { fifoIn, type SnapserverPorts } from "../../test/e2e/harness/snapserver.ts";
import { waitForPort } from "../../test/e2e/harness/wait-for-port.ts";
import { cpuPercent, usageOf } from "../harness/process-usage.ts";
import { type SystemName, serverCommand } from "../harness/systems.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Case, System } from "./cases.ts";
import type { ListenersSettings } from "./listeners.ts";

export interface Figures extends Arrivals {
  readonly seconds: number;
  readonly cpuPercent: number;
  /** The most of all seconds. */
  readonly residentMiB: number;
  /** Of the program with all listeners: near 100 it is this that is late. */
  readonly listenersPercent: number;
  /** How late turns of the server's event loop came. Null where it does not say. */
  readonly loopP99Ms: number | null;
  readonly loopMaxMs: number | null;
  /** How often the hostile ones began anew. */
  readonly attacks: number;
}

export interface Plan {
  readonly seconds: number;
  readonly folder: string;
  /** Raw samples that last longer than all this. */
  readonly sound: string;
  /** Of each chunk, for the server that makes none. */
  readonly chunkBytes: number;
  /** Where the server's profile is to be kept. */
  readonly profile: string | undefined;
}

export const BUFFER_MS = 1_000;
/** Connecting, compiling and the first filling of buffers are not what is asked for. */
const SETTLE_MS = 8_000;
const JOIN_MS = 20;
const STILL_MS_MAX = 300;

export async function measure(system: System, load: Case, plan: Plan): Promise<Figures> {
  const programs: Running[] = [];
  let listeners: ChildProcess | undefined;
  const endAll = () => {
    for (const { child } of programs) child.kill("SIGKILL");
    listeners?.kill("SIGKILL");
  };
  // A measurement that fails leaves nothing behind.
  process.once("exit", endAll);
  try {
    const { server, ports, feeder } = await start(system, load, plan);
    programs.push(server, ...(feeder ? [feeder] : []));
    const { slow, streams, clients } = load;
    const players = clients + slow;
    const settings: ListenersSettings = {
      ...{ port: ports.port, players, slow, own: system.own, streams, bufferMs: BUFFER_MS },
    };
    listeners = fork(script("listeners"), [JSON.stringify(settings)]);
    await pause(players * JOIN_MS + SETTLE_MS / 2);
    if (streams > 1) await spread(ports.controlPort, players, streams);
    const hostile = load.hostile ? node("hostile", `${ports.port}`) : undefined;
    if (hostile) programs.push(hostile);
    await pause(SETTLE_MS / 2);
    const figures = await watch({ system, server, listeners, ports, seconds: plan.seconds });
    const still = Math.max(0, ...(feeder?.lines ?? []).map(({ text }) => stillIn(text)));
    if (still > STILL_MS_MAX) throw new Error(`the machine stood still for ${still} ms`);
    return { ...figures, attacks: attacksIn(hostile?.lines.at(-1)?.text) };
  } finally {
    listeners?.kill("SIGKILL");
    await Promise.all(programs.map((program) => program.stop()));
    process.off("exit", endAll);
  }
}

async function start({ name, server: kind }: System, load: Case, plan: Plan) {
  const directory = join(plan.folder, `${name.replaceAll(/\W+/g, "-")}-${load.name}`);
  const directories = Array.from({ length: load.streams }, (_, at) => `${directory}-${at + 1}`);
  const [first = ""] = directories;
  const ports = {
    ...{ port: await freePort(), controlPort: await freePort(), httpPort: await freePort() },
  };
  if (!kind) {
    const server = node("bare", `${ports.port}`, `${plan.chunkBytes}`);
    await waitForPort(ports.port);
    return { server, ports, feeder: undefined };
  }
  for (const each of directories) mkdirSync(each, { recursive: true });
  const fifos = directories.map(fifoIn);
  const feed = [process.execPath, script("../sync/feed"), plan.sound, ...fifos];
  for (const fifo of fifos) await new Running("mkfifo", [fifo]).ended;
  const feeder = new Running("chrt", ["--fifo", "15", ...feed]);
  await feeder.line(/^start/);
  const server = startServer(kind, first, { load, ports, fifos, profile: plan.profile });
  await Promise.all([waitForPort(ports.port), waitForPort(ports.controlPort)]);
  return { server, ports, feeder };
}

function startServer(
  kind: SystemName,
  directory: string,
  {
    load: { codec },
    ports,
    fifos,
    profile,
  }: {
    readonly load: Case;
    readonly ports: SnapserverPorts;
    readonly fifos: readonly string[];
    readonly profile: string | undefined;
  },
): Running {
  const words = serverCommand(kind, { directory, codec, codecMin: codec }, ports);
  const option = kind === "tutti" ? "--source=" : "--stream.source=";
  const more = fifos.slice(1).map((fifo, at) => `${option}pipe://${fifo}?name=${at}&mode=read`);
  const [program = "", ...rest] = [...words, ...more];
  const profiled = profile && kind === "tutti" ? ["--cpu-prof", `--cpu-prof-dir=${profile}`] : [];
  return new Running(program, [...profiled, ...rest]);
}

/** Puts player n onto stream n modulo their number, in one group for each. */
async function spread(controlPort: number, players: number, streams: number): Promise<void> {
  const [status] = await ask(controlPort, [{ method: "Server.GetStatus" }]);
  const { server } = status as {
    server: {
      groups: { id: string; clients: { id: string }[] }[];
      streams: { id: string }[];
    };
  };
  const ids = server.groups.flatMap(({ clients }) => clients.map(({ id }) => id));
  if (ids.length < players) throw new Error(`${ids.length} of ${players} players are there`);
  const number = (id: string) => Number(id.split("-")[1]);
  for (let stream = 0; stream < streams; stream++) {
    const clients = ids.filter((id) => number(id) % streams === stream);
    const group = server.groups.find((each) => each.clients[0]?.id === clients[0])!.id;
    await ask(controlPort, [
      { method: "Group.SetClients", params: { id: group, clients } },
      {
        method: "Group.SetStream",
        params: { id: group, stream_id: server.streams[stream]!.id },
      },
    ]);
  }
}

async function ask(controlPort: number, requests: readonly object[]): Promise<unknown[]> {
  const asking = node("../harness/ask-control", `${controlPort}`, JSON.stringify(requests));
  await asking.line(/./, requests.length - 1);
  await asking.ended;
  return asking.lines.map(({ text }) => JSON.parse(text));
}

interface Watched {
  readonly system: System;
  readonly server: Running;
  readonly listeners: ChildProcess;
  readonly ports: SnapserverPorts;
  readonly seconds: number;
}

async function watch(watched: Watched): Promise<Omit<Figures, "attacks">> {
  const { system, server, listeners, ports, seconds } = watched;
  const gone = once(listeners, "exit").then(() => {
    throw new Error(`${system.name}: listeners lost their server:\n${server.text}`);
  });
  // What counts is only whether it ends before we are done with it.
  gone.catch(() => {});
  await loopDelays(system, ports.httpPort);
  listeners.send("begin");
  const [before, listening] = [usageOf(server.pid), usageOf(listeners.pid!)];
  let residentMiB = 0;
  for (let second = 0; second < seconds; second++) {
    await Promise.race([pause(1_000), gone]);
    residentMiB = Math.max(residentMiB, usageOf(server.pid).residentMiB);
  }
  const [after, listened] = [usageOf(server.pid), usageOf(listeners.pid!)];
  const told = once(listeners, "message");
  listeners.send("end");
  const [arrivals] = (await Promise.race([told, gone])) as unknown as [Arrivals];
  return {
    ...arrivals,
    seconds,
    cpuPercent: cpuPercent(before, after),
    residentMiB,
    listenersPercent: cpuPercent(listening, listened),
    ...(await loopDelays(system, ports.httpPort)),
  };
}

/** Since they were asked for last. */
async function loopDelays({ server }: System, httpPort: number) {
  if (server !== "tutti") return { loopP99Ms: null, loopMaxMs: null };
  const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
  const value = (which: string) => {
    const line = new RegExp(`^tutti_server_event_loop_delay_${which}_seconds (\\S+)$`, "m");
    const [, seconds] = line.exec(text) ?? [];
    return seconds === undefined ? null : 1_000 * Number(seconds);
  };
  return { loopP99Ms: value("p99"), loopMaxMs: value("max") };
}

function attacksIn(text: string | undefined): number {
  if (text === undefined) return 0;
  const begun = JSON.parse(text) as Record<string, number>;
  return Object.values(begun).reduce((sum, each) => sum + each, 0);
}

function stillIn(text: string): number {
  return Number(/stood still for (\d+) ms/.exec(text)?.[1] ?? 0);
}

function node(name: string, ...words: string[]): Running {
  return new Running(process.execPath, [script(name), ...words]);
}

function script(name: string): string {
  return fileURLToPath(new URL(`${name}.js`, import.meta.url));
}
