/**
 * A server with up to 200 clients, beside Debian's snapserver: its CPU, its memory, and how chunks come to those
 * clients; alone, over three streams, and with clients that are too slow or mean no good. cases.ts says what is measured.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { music, toPcm16 } from "../../test/e2e/harness/music.ts";
import { begin } from "../harness/begin.ts";
import { keepRun } from "../harness/kept-runs.ts";
import { amount, choice, names, readOptions } from "../harness/options.ts";
import { CASES, type Case, OURS, SYSTEMS, takesPart } from "./cases.ts";
import { type Figures, measure } from "./measure.ts";
import { NAME, publishAll } from "./page.ts";

/** Starting, joining and ending, while the music must go on. */
const SPARE_SECONDS = 30;
/** Opus of 192 kbit/s, for whoever measures the bare server alone. (bytes) */
const CHUNK_BYTES = 490;

const options = readOptions(NAME, "A server with up to 200 clients, beside Snapcast.", {
  case: names(CASES, "what is asked of it, one or more"),
  seconds: amount(20, "how long each server is watched"),
  runs: amount(1, "how often; figures are medians"),
  systems: names(SYSTEMS, "who takes part, one or more"),
  add: choice(["no", "yes"], "no", "to the runs already in the results, if they are alike"),
  profile: choice(["no", "yes"], "no", "keep our server's profile in bench/dist/profiles"),
});

const { folder, machine } = begin(NAME);
const sound = join(folder, "sound.raw");
writeFileSync(sound, toPcm16(music(options.seconds + SPARE_SECONDS)));
for (const load of options.case) await runAll(load);
publishAll();
process.exit();

async function runAll(load: Case): Promise<void> {
  for (let run = 0; run < options.runs; run++) {
    console.log(`${load.name}, run ${run + 1} of ${options.runs}`);
    const figures = await runOnce(load);
    const of = { meaning: load.meaning, settings: `each for ${options.seconds} s`, machine };
    const first = run === 0 && options.add === "no";
    keepRun(NAME, { key: load.name, of, first }, figures);
  }
}

async function runOnce(load: Case): Promise<Record<string, Figures>> {
  const figures: Record<string, Figures> = {};
  const profile = options.profile === "yes" ? profileFolder() : undefined;
  for (const system of options.systems) {
    if (!takesPart(system, load)) continue;
    const { bytes, chunks } = figures[OURS] ?? { bytes: CHUNK_BYTES, chunks: 1 };
    const chunkBytes = Math.round(bytes / chunks);
    const plan = { seconds: options.seconds, folder, sound, chunkBytes, profile };
    const found = await measure(system, load, plan);
    figures[system.name] = found;
    console.log(`  ${system.name.padEnd(20)} ${summary(found)}`);
  }
  return figures;
}

function profileFolder(): string {
  const path = join(import.meta.dirname, "../../profiles");
  mkdirSync(path, { recursive: true });
  return path;
}

function summary(found: Figures): string {
  const { cpuPercent, residentMiB, p99Ms, worstMs, late, missing, listenersPercent } = found;
  return (
    `CPU ${cpuPercent.toFixed(1)} %, ${residentMiB.toFixed(0)} MiB, p99 ${p99Ms.toFixed(1)} ms, ` +
    `worst ${worstMs.toFixed(1)} ms, late ${late}, missing ${missing}, ` +
    `listeners ${listenersPercent.toFixed(0)} %, loop worst ${found.loopMaxMs?.toFixed(1) ?? "-"} ms` +
    (found.attacks > 0 ? `, ${found.attacks} attacks` : "")
  );
}
