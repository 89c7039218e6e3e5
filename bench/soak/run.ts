/** A house for a long time under random faults: who is in sync at the end, who fell, who grew. plan.ts says what happens. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { LINKS } from "../../test/link/link.ts";
import { begin } from "../harness/begin.ts";
import { nowUs } from "../harness/clock.ts";
import { whatIsMissing } from "../harness/needs.ts";
import { amount, readOptions } from "../harness/options.ts";
import { usageOf } from "../harness/process-usage.ts";
import { randomOf } from "../harness/random.ts";
import { markdownTable, publish } from "../harness/results.ts";
import { pairErrors } from "../sync/pair.ts";
import { flatten } from "../sync/place.ts";
import { leftOf, noise, RATE_HZ } from "../sync/signal.ts";
import { type TrackPoint, trackOf } from "../sync/track.ts";
import { SoakHouse } from "./house.ts";
import { type Reading, slopeOf } from "./memory.ts";
import { KINDS, nextFault, type SoakFault } from "./plan.ts";

const NAME = "soak";
const SOUND_S = 150;
const JOIN_MS = 15_000;
const QUIET_MS = 60_000;
const JUDGED_S = 15;
const END_US = 1e6;
const IN_SYNC_US = 1_000;
/** Memory is judged from here on, and only if as much follows. (s) */
const WARM_S = 300;
const READ_EVERY_MS = 5_000;
const BETWEEN_MS = { from: 500, to: 4_000 };

const { minutes, clients, seed } = readOptions(NAME, "A house under random faults. Needs root.", {
  minutes: amount(30, "how long there are faults"),
  clients: amount(20, "clients on virtual cards, each behind a link"),
  seed: amount(1, "the same seed, the same faults"),
});
const { folder, machine } = begin(NAME, whatIsMissing(false));
const pcm = noise(SOUND_S, seed);
const sound = join(folder, "sound.raw");
writeFileSync(sound, pcm);

const house = await SoakHouse.make({ folder, sound, clients, seed });
const readings: { readonly server: Reading[]; readonly clients: Reading[] } = {
  server: [],
  clients: [],
};
const begunMs = performance.now();
let longestStillMs = 0;
let readAtMs = performance.now();
const counts = new Map<string, number>();
const reading = setInterval(readMemory, READ_EVERY_MS);
await pause(JOIN_MS);
await faults();
await quiet();
clearInterval(reading);
const verdict = await judge();
await house.remove();
publish(NAME, report(verdict));
process.exit();

async function faults(): Promise<void> {
  const random = randomOf(seed);
  const [fromMs, lengthMs] = [performance.now(), minutes * 60_000];
  for (;;) {
    const part = (performance.now() - fromMs) / lengthMs;
    if (part >= 1) break;
    const fault = nextFault(random, clients, part);
    console.log(`${sinceS().toFixed(0)} s: ${JSON.stringify(fault)}`);
    await act(fault);
    counts.set(fault.kind, (counts.get(fault.kind) ?? 0) + 1);
    await pause(BETWEEN_MS.from + random() * (BETWEEN_MS.to - BETWEEN_MS.from));
  }
}

async function act(fault: SoakFault): Promise<void> {
  switch (fault.kind) {
    case "client killed":
      await house.kill(house.rooms[fault.client]!.player);
      await pause(fault.ms);
      house.startPlayer(fault.client);
      break;
    case "server killed":
      await house.kill(house.server);
      await pause(fault.ms);
      await house.startServer();
      break;
    case "client stopped":
      await standStill(house.rooms[fault.client]!.player.pid, fault.ms);
      break;
    case "server stopped":
      await standStill(house.server.pid, fault.ms);
      break;
    case "link changed":
      house.hosts.set(LINKS[fault.link], fault.client + 1);
      break;
    case "link out":
      house.hosts.outage(fault.ms, fault.client + 1);
      await pause(fault.ms);
      break;
    case "source silent":
      await house.kill(house.feeder);
      await pause(fault.ms);
      await house.feed();
      break;
  }
}

async function standStill(pid: number, ms: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  await pause(ms);
  process.kill(pid, "SIGCONT");
}

/** All links are good, and the sound goes on without an end. */
async function quiet(): Promise<void> {
  house.hosts.set(LINKS.wired);
  await house.kill(house.feeder);
  await house.feed();
  await pause(QUIET_MS);
}

function sinceS(): number {
  return (performance.now() - begunMs) / 1e3;
}

function readMemory(): void {
  // This program hangs when the machine does, or whoever else is there stops it.
  longestStillMs = Math.max(longestStillMs, performance.now() - readAtMs - READ_EVERY_MS);
  readAtMs = performance.now();
  if (sinceS() < minutes * 60) house.forgetOld();
  note(house.server.pid, readings.server);
  for (const { player } of house.rooms) note(player.pid, readings.clients);
}

function note(pid: number, into: Reading[]): void {
  try {
    const { residentMiB: mib } = usageOf(pid);
    if (Number.isFinite(mib)) into.push({ pid, atS: sinceS(), mib });
  } catch {
    // It was killed a moment ago.
  }
}

interface Verdict {
  /** The worst of all pairs, without sign; infinite when a room was silent or not to be found. */
  readonly worstUs: number;
  readonly saidUs: number;
  readonly inSync: number;
  readonly silent: readonly string[];
}

async function judge(): Promise<Verdict> {
  const status = await house.status();
  const endUs = nowUs() - END_US;
  const original = { flat: flatten(leftOf(pcm)), fedAtUs: house.fedAtUs };
  const tracks = house.rooms.map(({ card }): readonly TrackPoint[] => {
    const first = house.frameAt(card, endUs) - JUDGED_S * RATE_HZ;
    const all = card.played(first, JUDGED_S * RATE_HZ);
    const samples = Float32Array.from({ length: all.length / 2 }, (_, at) => all[2 * at]!);
    const heardAtUs = (frame: number) => card.heardAtUs(first + frame);
    return trackOf({ samples, flat: flatten(samples), heardAtUs }, original);
  });
  const silent = house.rooms.flatMap(({ id }, at) => (tracks[at]!.length === 0 ? [id] : []));
  let worstUs = silent.length > 0 ? Number.POSITIVE_INFINITY : 0;
  for (const [at, one] of tracks.entries()) {
    for (const other of tracks.slice(at + 1)) {
      const errors = pairErrors(one, other, original).map(({ errorUs }) => Math.abs(errorUs));
      worstUs = Math.max(worstUs, errors.length > 0 ? Math.max(...errors) : Infinity);
    }
  }
  const said = [...status.values()].filter(({ playing }) => playing);
  const errors = said.map(({ syncErrorUs = Infinity }) => Math.abs(syncErrorUs));
  const inSync = errors.filter((error) => error < IN_SYNC_US).length;
  return { worstUs, saidUs: Math.max(...errors), inSync, silent };
}

function report({ worstUs, saidUs, inSync, silent }: Verdict): string {
  const fromS = WARM_S;
  const most = (all: readonly Reading[]) => Math.max(...all.map(({ mib }) => mib)).toFixed(0);
  const long = minutes * 60 >= 2 * WARM_S;
  const slope = (all: readonly Reading[]) =>
    long ? slopeOf(all, fromS).toFixed(1) : "too short to say";
  const rows = [
    ["rooms in sync by their own word (< 1 ms)", `${inSync} of ${clients}`],
    ["the worst of them says (us)", saidUs.toFixed(0)],
    [`worst pair of all in the last ${JUDGED_S} s, measured (us)`, worstUs.toFixed(0)],
    ["rooms that were silent then", silent.join(", ") || "none"],
    ["programs that ended by themselves", `${house.fallen.length}`],
    ["server: most memory (MiB)", most(readings.server)],
    ["server: growth (MiB/h)", slope(readings.server)],
    ["clients: most memory (MiB)", most(readings.clients)],
    ["clients: growth (MiB/h)", slope(readings.clients)],
    ["longest that this program itself stood still (s)", (longestStillMs / 1e3).toFixed(1)],
  ];
  const met = worstUs < IN_SYNC_US && inSync === clients && house.fallen.length === 0;
  return `# A house under random faults

${clients} clients on virtual cards at +100 to -100 ppm, each behind an emulated link, one server, live noise as Opus; faults for ${minutes} minutes, one
after the other, then ${QUIET_MS / 1_000} s of good links. The goal, every room within 1 ms of every other and nobody fallen, was **${met ? "met" : "missed"}**.

${machine}

${markdownTable(["at the end", ""], rows)}

Growth: by least squares over all lives of more than a minute, from ${fromS} s on; the server is killed in the first third only, every fourth client never.

## Faults

${markdownTable(
  ["fault", "times"],
  KINDS.map((kind) => [kind, `${counts.get(kind) ?? 0}`]),
)}
${house.fallen.length > 0 ? `\n## Fallen\n\n\`\`\`\n${house.fallen.join("\n")}\n\`\`\`` : ""}`.trimEnd();
}
