/**
 * What server and client cost, beside Debian's Snapcast on the same work in the same minutes: one
 * stream, one client on a virtual sound card that runs 25 ppm fast, the same music in both FIFOs.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Feeder } from "../../test/e2e/harness/feeder.ts";
import { music, toPcm16 } from "../../test/e2e/harness/music.ts";
import type { Running } from "../../test/e2e/harness/running.ts";
import { fifoIn } from "../../test/e2e/harness/snapserver.ts";
import { begin } from "../harness/begin.ts";
import { buildCard, makeCard } from "../harness/card.ts";
import { amount, choice, readOptions } from "../harness/options.ts";
import { cpuPercent, usageOf } from "../harness/process-usage.ts";
import { markdownTable, publish } from "../harness/results.ts";
import {
  CODECS,
  type Codec,
  SYSTEMS,
  type SystemName,
  startClient,
  startServer,
} from "../harness/systems.ts";

/** Connecting, compiling and the first filling of buffers are not what is asked for. */
const SETTLE_SECONDS = 10;

interface Cost {
  readonly system: SystemName;
  readonly role: "server" | "client";
  readonly codec: Codec;
  readonly percent: number;
  readonly residentMiB: number;
}

const { seconds, codec: wanted } = readOptions(
  "cost",
  "CPU and memory of server and client, beside Snapcast at the same time.",
  {
    seconds: amount(60, "how long both are watched, for each codec"),
    codec: choice(["all", ...CODECS], "all", "what is sent"),
  },
);
const codecs = CODECS.filter((codec) => wanted === "all" || codec === wanted);
const { folder, machine } = begin("cost");
buildCard(folder);
const pcm = toPcm16(music(seconds + SETTLE_SECONDS + 15));
const costs: Cost[] = [];
for (const codec of codecs) costs.push(...(await measure(codec)));
publish("cost", report(costs));

/** Both systems at once, so that whatever else the machine does disturbs both. */
async function measure(codec: Codec): Promise<Cost[]> {
  console.log(`${codec}: ${seconds} s`);
  const plays = [];
  for (const system of SYSTEMS) plays.push(await play(system, codec));
  await pause(SETTLE_SECONDS * 1000);
  const readings = plays.flatMap(({ system, processes }) =>
    processes.map(({ role, running }) => ({ system, role, running, before: usageOf(running.pid) })),
  );
  await pause(seconds * 1000);
  const found = readings.map(({ system, role, running, before }) => {
    const after = usageOf(running.pid);
    const percent = cpuPercent(before, after);
    return { system, role, codec, percent, residentMiB: after.residentMiB };
  });
  for (const { system, end } of plays) await end(system);
  return found;
}

async function play(system: SystemName, codec: Codec) {
  const directory = join(folder, `${system}-${codec}`);
  mkdirSync(directory);
  const feeder = new Feeder(fifoIn(directory), pcm);
  const server = await startServer(system, directory, codec);
  const card = makeCard(folder, directory, "card", 25);
  const client = startClient(system, server, {
    directory,
    id: `bench-${system}`,
    environment: card.environment,
  });
  let ending = false;
  for (const running of [server.process, client]) {
    void running.ended.then((how) => {
      if (!ending) console.error(`${system}: ended early (${how}):\n${running.text}`);
    });
  }
  const processes: { role: "server" | "client"; running: Running }[] = [
    { role: "server", running: server.process },
    { role: "client", running: client },
  ];
  const end = async (name: SystemName) => {
    ending = true;
    await client.stop();
    await server.process.stop();
    feeder.stop();
    const loud = card.recording().some((sample) => Math.abs(sample) > 0.01);
    if (!loud) throw new Error(`${name} played nothing:\n${client.text}\n${server.process.text}`);
  };
  return { system, processes, end };
}

function report(found: readonly Cost[]): string {
  const rows = codecs.flatMap((codec) =>
    (["server", "client"] as const).map((role) => {
      const of = (system: SystemName) =>
        found.find((cost) => cost.system === system && cost.role === role && cost.codec === codec);
      const [ours, theirs] = [of("tutti"), of("snapcast")];
      if (!ours || !theirs) throw new Error(`no reading of ${role} with ${codec}`);
      return [
        ...[role, codec, ours.percent.toFixed(2), theirs.percent.toFixed(2)],
        (ours.percent / theirs.percent).toFixed(1),
        ...[ours.residentMiB.toFixed(0), theirs.residentMiB.toFixed(0)],
      ];
    }),
  );
  const headings = [
    "",
    "codec",
    "Tutti CPU %",
    "Snapcast CPU %",
    "ratio",
    "Tutti MiB",
    "Snapcast MiB",
  ];
  return `# What it costs: CPU and memory beside Snapcast

One stream of music, 48000:16:2, buffer 1000 ms, one client each on a virtual card at +25 ppm; both systems
at the same time for ${seconds} s, after ${SETTLE_SECONDS} s to settle. CPU in percent of one core, user and system
time of all threads (\`/proc/PID/stat\`); memory is the resident set at the end.

${machine}

${markdownTable(headings, rows)}`;
}
