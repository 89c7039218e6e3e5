/** One run: every way of sending in every scenario at once, each on a link of its own, where nobody else's packets hold it up. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Running } from "../../test/e2e/harness/running.ts";
import { LinkedHosts, type LinkedRoom, type LinkStats } from "../../test/link/link.ts";
import { CHUNK_MS } from "./chunk-sizes.ts";
import { type Lateness, latenessOf, undisturbed } from "./lateness.ts";
import type { Scenario } from "./scenarios.ts";
import type { SendPlan, Sent } from "./send-plan.ts";
import { WAYS, type Way } from "./ways.ts";

/** What one way of sending did in one run. */
export interface Figures extends Lateness {
  /** What passed the link to the room, headers of IP included, the download's not. */
  readonly kbit: number;
  readonly packetsDown: number;
  /** TCP's acknowledgements. (a second, as `packetsDown`) */
  readonly packetsUp: number;
}

export interface Plan {
  readonly scenarios: readonly Scenario[];
  readonly seconds: number;
  readonly seed: number;
  readonly sizes: readonly number[];
  /** Where the links' program is compiled to. */
  readonly folder: string;
}

/** By the scenario's name and the way's. */
export type Run = Readonly<Record<string, Readonly<Record<string, Figures>>>>;

interface Place extends LinkedRoom {
  /** From 1, as links are counted. */
  readonly number: number;
  readonly scenario: Scenario;
  readonly way: Way;
}

/** What is still under way when the last chunk was sent. */
const LAST_MS = 3_000;
/** Of the chunks; a run of a machine that stood still for longer is not kept. */
const JUDGED_MIN = 0.6;
/** As who feeds sound in the other benchmarks: only the links go before. */
const PRIORITY = "15";

/** Throws when a link did not do what the scenario says, or the machine stood still. */
export async function measure(plan: Plan): Promise<Run> {
  const { scenarios, seconds, seed, folder } = plan;
  const wanted = scenarios.flatMap((scenario) => WAYS.map((way) => ({ scenario, way })));
  // By losses, as Debian's cubic, which namespaces may not choose everywhere.
  const hosts = await LinkedHosts.make({ rooms: wanted.length, folder, seed, congestion: "reno" });
  const places = wanted.map((each, at) => ({ ...each, ...hosts.rooms[at]!, number: at + 1 }));
  const programs: Running[] = [];
  const endAll = () => {
    for (const { child } of programs) child.kill("SIGKILL");
  };
  process.once("exit", endAll);
  try {
    for (const { number, scenario } of places) hosts.set(scenario.link, number);
    const { sent, came } = await play(plan, { hosts, places, programs });
    const fine = undisturbed(sent.sentUs, CHUNK_MS * 1e3);
    const judged = fine.filter(Boolean).length / fine.length;
    if (judged < JUDGED_MIN) throw new Error("the machine stood still again and again");
    const ofThese = <Of>(all: readonly Of[]) => all.filter((_, chunk) => fine[chunk]);
    const stats = await hosts.stats();
    const run: Record<string, Record<string, Figures>> = {};
    for (const [at, { scenario, way }] of places.entries()) {
      const why = scenario.doubt(stats[at]!, seconds);
      if (why) throw new Error(`${scenario.name}, ${way.name}: ${why}; nothing was kept`);
      const figures = {
        ...latenessOf(ofThese(sent.sentUs), ofThese(came[at]!)),
        ...trafficOf(stats[at]!, seconds),
      };
      run[scenario.name] = { ...run[scenario.name], [way.name]: figures };
    }
    return run;
  } finally {
    await Promise.all(programs.map((program) => program.stop()));
    process.off("exit", endAll);
    await hosts.remove();
  }
}

interface Scene {
  readonly hosts: LinkedHosts;
  readonly places: readonly Place[];
  /** All that were started. */
  readonly programs: Running[];
}

async function play({ seconds, sizes }: Plan, { hosts, places, programs }: Scene) {
  const chunks = Math.round((seconds * 1_000) / CHUNK_MS);
  const run = (host: LinkedRoom["host"], words: readonly string[]) => {
    const program = host.run(words);
    programs.push(program);
    return program;
  };
  const rooms = places.map(({ address, way }) => ({ address, way }));
  const plan: SendPlan = { rooms, sizes, chunks };
  const sender = run(hosts.server, [
    "chrt",
    "--fifo",
    PRIORITY,
    ...script("send", JSON.stringify(plan)),
  ]);
  if (places.some(({ scenario }) => scenario.download)) {
    await run(hosts.server, script("../resilience/download", "give")).line(/^ready/);
  }
  await sender.line(/^ready/);
  const receivers = places.map(({ host, way, serverAddress }) =>
    run(host, script("receive", way.over, serverAddress, `${chunks}`)),
  );
  await Promise.all(receivers.map((each) => each.line(/^ready/)));
  // Only now, as thirty programs that start at once would stop everything else.
  for (const { pid } of receivers) execFileSync("chrt", ["--fifo", "--pid", PRIORITY, `${pid}`]);
  const begun = await sender.line(/^begin/);
  const troubles = places.flatMap((place) => troublesOf(place, seconds, hosts, run));
  for (const { atMs, cause } of troubles.toSorted((a, b) => a.atMs - b.atMs)) {
    await pause(Math.max(0, begun.atMs + atMs - performance.now()));
    cause();
  }
  await pause(begun.atMs + seconds * 1_000 + LAST_MS - performance.now());
  const sent = JSON.parse((await sender.line(/^\{/)).text) as Sent;
  for (const { child } of receivers) child.kill("SIGTERM");
  const lines = await Promise.all(receivers.map((each) => each.line(/^\[/)));
  return { sent, came: lines.map(({ text }) => JSON.parse(text) as (number | null)[]) };
}

/** What happens in a place besides, and when. */
function troublesOf(
  { scenario: { outage, download }, number, host, serverAddress }: Place,
  seconds: number,
  hosts: LinkedHosts,
  run: (on: LinkedRoom["host"], words: readonly string[]) => unknown,
): { readonly atMs: number; readonly cause: () => void }[] {
  const times = (everyMs: number) =>
    Array.from({ length: Math.ceil((seconds * 1_000) / everyMs) }, (_, at) => (at + 0.3) * everyMs);
  const outages = times(outage?.everyMs ?? Infinity).map((atMs) => ({
    atMs,
    cause: () => hosts.outage(outage?.ms ?? 0, number),
  }));
  const downloads = times(download?.everyMs ?? Infinity).map((atMs) => ({
    atMs,
    cause: () =>
      void run(host, script("../resilience/download", "take", serverAddress, `${download?.ms}`)),
  }));
  return [...outages, ...downloads];
}

function script(name: string, ...words: readonly string[]): string[] {
  return [process.execPath, join(import.meta.dirname, `${name}.js`), ...words];
}

function trafficOf({ bytesDown, carriedDown, carriedUp }: LinkStats, seconds: number) {
  return {
    kbit: (8 * bytesDown) / 1e3 / seconds,
    packetsDown: carriedDown / seconds,
    packetsUp: carriedUp / seconds,
  };
}
