/** Makes go wrong what shall, for all systems at once. Each fault proves that it happened, or the run fails. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Running } from "../../test/e2e/harness/running.ts";
import type { LinkStats } from "../../test/link/link.ts";
import { nowUs } from "../harness/clock.ts";
import { changeAndKill, differences, readHouse } from "../harness/house-state.ts";
import type { Fault, FaultSpan } from "./fault.ts";
import { AHEAD, type Stage } from "./stage.ts";

interface Scene {
  readonly stages: readonly Stage[];
  readonly programsRunning: Running[];
  /** How often it happened before. */
  readonly turn: number;
}

/** Resolves when it is over. */
export async function cause(fault: Fault, scene: Scene): Promise<FaultSpan> {
  const fromUs = nowUs();
  const { endUs = nowUs(), proof } = await ACTS[fault.kind](fault as never, scene);
  return { fromUs, endUs, proof, stoppedFirstRoom: fault.kind === "suspend" };
}

interface Done {
  readonly endUs?: number;
  readonly proof: string;
}

type Acts = {
  readonly [Kind in Fault["kind"]]: (
    fault: Extract<Fault, { kind: Kind }>,
    scene: Scene,
  ) => Promise<Done>;
};

const ACTS: Acts = { outage, restart, move, suspend, "clock step": stepClock, download };

/** Servers that hold a house are asked for it that long after they came back. */
const REMEMBERED_AFTER_MS = 6_000;

async function outage({ ms }: { ms: number }, { stages }: Scene): Promise<Done> {
  const before = await statsOf(stages);
  for (const { hosts } of stages) hosts.outage(ms);
  const endUs = nowUs() + ms * 1_000;
  await pause(ms);
  const lost = minimum(before, await statsOf(stages), (each) => each.lostDown + each.lostUp);
  return { endUs, proof: proven(lost > 0, `at least ${lost} packets lost on each link`) };
}

async function restart(
  fault: Extract<Fault, { kind: "restart" }>,
  { stages, programsRunning, turn }: Scene,
): Promise<Done> {
  const { downMs, clockJumps, remembers = false } = fault;
  const killed = stages.map(({ server }) => server.pid);
  const wanted = remembers
    ? await Promise.all(stages.map((stage) => changeAndKill(stage.hosts.server, stage, turn)))
    : [];
  const ends = await Promise.all(stages.map(({ server }) => server.stop("SIGKILL")));
  await pause(downMs);
  const endUs = nowUs();
  for (const stage of stages) {
    const clock = clockJumps && turn % 2 === 0 ? AHEAD : [];
    stage.server = stage.hosts.server.run([...clock, ...stage.serverWords], stage.serverEnv);
    programsRunning.push(stage.server);
    stage.servers.push(stage.server);
  }
  const fresh = stages.every(({ server }, at) => server.pid !== killed[at]);
  const gone = ends.every((how) => how === "SIGKILL");
  if (remembers) await pause(REMEMBERED_AFTER_MS);
  for (const [at, house] of wanted.entries()) {
    const stage = stages[at]!;
    const now = await readHouse(stage.hosts.server, stage.ports.controlPort);
    stage.lostState = [...(stage.lostState ?? []), ...differences(house, now)];
  }
  return { endUs, proof: proven(gone && fresh, `servers ${killed.join(", ")} ended by SIGKILL`) };
}

async function move(_: unknown, { stages }: Scene): Promise<Done> {
  const addresses = stages.map(({ hosts }) => hosts.renumber());
  const all = stages.every(({ hosts }, at) => {
    const words = [...hosts.server.prefix.slice(1), "ip", "-4", "-o", "addr"];
    const there = execFileSync("nsenter", words, { encoding: "utf8" });
    const { now, before } = addresses[at]!;
    return (
      now.every((each) => there.includes(each)) && !before.some((each) => there.includes(each))
    );
  });
  return { proof: proven(all, `servers now at ${addresses[0]?.now.join(", ")}`) };
}

async function suspend({ ms }: { ms: number }, { stages }: Scene): Promise<Done> {
  const players = stages.map(({ rooms }) => rooms[0]!.running);
  for (const { child } of players) child.kill("SIGSTOP");
  await pause(ms);
  const stood = players.every(({ pid }) => /^State:\s+T/m.test(statusOf(pid)));
  for (const { child } of players) child.kill("SIGCONT");
  return { proof: proven(stood, `players of the first rooms stopped for ${ms / 1_000} s`) };
}

async function stepClock({ seconds }: { seconds: number }, { stages, turn }: Scene): Promise<Done> {
  const first = turn % 2 === 0;
  const clocks = stages.map(({ rooms, serverClock }) => (first ? rooms[0]!.clock : serverClock)!);
  const before = clocks.map(({ readings }) => readings);
  for (const clock of clocks) clock.step(seconds);
  // Whoever does not look within that time does not go by the wall clock.
  await pause(1_000);
  const looks = stages.map(({ system }, at) => {
    return `${system.name} looked ${clocks[at]!.readings - before[at]!} times in the next second`;
  });
  const who = first ? "the first room's" : "the server's";
  return { endUs: nowUs() - 1e6, proof: `${who} wall clock +${seconds} s; ${looks.join(", ")}` };
}

async function download({ ms }: { ms: number }, { stages }: Scene): Promise<Done> {
  const script = join(import.meta.dirname, "../resilience/download.js");
  const downloads = stages.flatMap(({ hosts }) =>
    hosts.rooms.map(({ host, serverAddress }) =>
      host.run([process.execPath, script, "take", serverAddress, `${ms}`]),
    ),
  );
  await pause(ms);
  const lines = await Promise.all(downloads.map((each) => each.line(/^\d+$/)));
  const bytes = Math.min(...lines.map(({ text }) => Number(text)));
  const slowest = (await statsOf(stages)).flat().map(({ slowestDownMs }) => slowestDownMs);
  const waited = Math.min(...slowest).toFixed(0);
  const proof = `at least ${bytes} bytes downloaded in each room, packets waited up to ${waited} ms`;
  return { proof: proven(bytes > 0, proof) };
}

function proven(happened: boolean, proof: string): string {
  if (!happened) throw new Error(`the fault did not happen as it should: ${proof}`);
  return proof;
}

function statsOf(stages: readonly Stage[]): Promise<(readonly LinkStats[])[]> {
  return Promise.all(stages.map(({ hosts }) => hosts.stats()));
}

/** By how much the figure grew, on the link where it grew least. */
function minimum(
  before: readonly (readonly LinkStats[])[],
  after: readonly (readonly LinkStats[])[],
  figure: (stats: LinkStats) => number,
): number {
  const grown = after.flatMap((links, at) =>
    links.map((link, room) => figure(link) - figure(before[at]![room]!)),
  );
  return Math.min(...grown);
}

function statusOf(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, "utf8");
}
