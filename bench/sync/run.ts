/**
 * How far rooms are apart, beside Debian's Snapcast at the same time on the same input, and what keeping
 * them together does to the sound. place.ts, track.ts, pair.ts, edits.ts and distortion.ts say how it is
 * measured, scenarios.ts under which conditions. Recordings are measured after a run, never during one.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LINKS, parseLink } from "../../test/link/link.ts";
import { begin } from "../harness/begin.ts";
import { whatIsMissing } from "../harness/needs.ts";
import { amount, choice, names, type Option, readOptions } from "../harness/options.ts";
import { CODECS, type Codec } from "../harness/systems.ts";
import { keepFloor, keepRun, readCollection } from "./collection.ts";
import { measureFloor } from "./floor.ts";
import { keepLogs } from "./logs.ts";
import { type Figures, measure } from "./measure.ts";
import { floorLine, publishAll } from "./page.ts";
import { flatten } from "./place.ts";
import { cardsOf, FAULTS_AT, SCENARIOS, type Scenario } from "./scenarios.ts";
import { playSession, SYSTEMS } from "./session.ts";
import { leftOf, noise, tone } from "./signal.ts";
import { canShiftTime, type System } from "./stage.ts";

const TONE_SECONDS = 30;
const TONE_CODECS: readonly Codec[] = ["flac", "pcm"];
/** Starting and ending, while the sound must go on. */
const SPARE_SECONDS = 30;
const FLOOR_MAX_US = 5;

const options = readOptions("sync", "How far rooms are apart, beside Snapcast. Needs root.", {
  scenario: names(SCENARIOS, "conditions, one or more"),
  rooms: optional("rooms, at most 32", (text) => within(Number(text), 2, 32)),
  seconds: amount(120, "how long all rooms play, in each run"),
  runs: amount(3, "how often; figures are medians"),
  codec: choice(CODECS, "flac", "what is sent"),
  adapts: choice(
    ["no", "yes"],
    "no",
    "our server may send less on bad links, as it does by default",
  ),
  ppm: optional("how much too fast each room's card runs, as 25,-25", (text) =>
    text.split(",").map((each) => within(Number(each), -1_000, 1_000)),
  ),
  link: optional(
    `${Object.keys(LINKS).join(", ")} or "delay jitter loss rate stall every"`,
    (text) => ({
      text,
      settings: parseLink(text),
    }),
  ),
  systems: names(SYSTEMS, "who takes part, one or more"),
  add: choice(["no", "yes"], "no", "to the runs already in the results, if they are alike"),
  logs: choice(["no", "yes"], "no", "keep what all programs said, in bench/dist/logs"),
});

const missing = whatIsMissing(options.systems.some(({ name }) => name !== "tutti"));
const { folder, machine } = begin("sync", missing);
if (!canShiftTime) console.log("No time namespaces here: all rooms share one clock.");

await proveFloor();
for (const scenario of asked()) {
  const codecs = scenario.tone ? TONE_CODECS : [options.codec];
  for (const codec of codecs) await runAll(scenario, codec);
}
publishAll(readCollection());
process.exit();

async function proveFloor(): Promise<void> {
  console.log("noise floor: 10 s");
  const floor = await measureFloor(join(folder, "floor"), programsFolder());
  console.log(`  ${floorLine(floor)}`);
  if (!(floor.maxUs < FLOOR_MAX_US)) {
    throw new Error(`the measurement itself is off by ${floor.maxUs} us; nothing was kept`);
  }
  keepFloor(floor);
}

/** The scenarios as they are, or one of its own when a link or cards are named: it must not pass for another. */
function asked(): readonly Scenario[] {
  const { scenario, ppm, rooms, link } = options;
  if (!ppm && !rooms && !link) return scenario;
  return scenario.slice(0, link ? 1 : undefined).map(({ goal: _, ...each }) => {
    const cards = cardsOf(ppm ?? each.ppm, rooms ?? (ppm ?? each.ppm).length);
    const name = `${link ? `link ${link.text}` : each.name}, ${cards.join(" ")} ppm`;
    const { settings = each.link } = link ?? {};
    return { ...each, name, ppm: cards, link: settings, ...(link ? { meaning: link.text } : {}) };
  });
}

async function runAll(scenario: Scenario, codec: Codec): Promise<void> {
  const seconds = scenario.tone ? TONE_SECONDS : options.seconds;
  const runs = scenario.tone ? 1 : options.runs;
  const differs = scenario.tone || codec !== "flac";
  const adapts = options.adapts === "yes" ? " or less" : "";
  const key = `${scenario.name}${differs || adapts ? `, ${codec}${adapts}` : ""}`;
  const kept = {
    meaning: scenario.meaning,
    settings:
      `${codec}${adapts}, ${seconds} s, cards at ${scenario.ppm.join(", ")} ppm` +
      (canShiftTime ? ", our second room with a clock of its own" : ""),
    machine,
    ...(scenario.goal ? { goal: scenario.goal } : {}),
    tone: scenario.tone === true,
  };
  for (let run = 0; run < runs; run++) {
    console.log(`${key}, run ${run + 1} of ${runs}: ${seconds} s`);
    const figures = await runOnce(scenario, { codec, seconds, seed: run + 1, key });
    keepRun(key, kept, { figures }, run === 0 && options.add === "no");
  }
}

async function runOnce(
  scenario: Scenario,
  {
    codec,
    seconds,
    seed,
    key,
  }: {
    readonly codec: Codec;
    readonly seconds: number;
    readonly seed: number;
    readonly key: string;
  },
): Promise<Record<string, Figures>> {
  const runFolder = join(folder, "run");
  mkdirSync(runFolder);
  const pcm = scenario.tone ? tone(seconds + SPARE_SECONDS) : noise(seconds + SPARE_SECONDS, seed);
  const sound = join(runFolder, "sound.raw");
  writeFileSync(sound, pcm);
  const { link, ppm, granularity = 1, fault, bufferMs = 1_000 } = scenario;
  const faultsAtS = FAULTS_AT.map((share) => share * seconds);
  const faults = { fault, faultsAtS };
  const sent = { codec, adapts: options.adapts === "yes", bufferMs, sound };
  const shape = { link, ppm, granularity, ...faults, ...sent, seconds, seed };
  const places = { folder: runFolder, programs: programsFolder(), systems: systemsFor(scenario) };
  const session = await playSession({ ...shape, ...places }, console.log);
  const flat = scenario.tone ? new Float32Array(0) : flatten(leftOf(pcm));
  const conditions = {
    original: { flat, fedAtUs: session.fedAtUs },
    lossy: codec === "opus" || options.adapts === "yes",
    tone: scenario.tone === true,
  };
  const figures: Record<string, Figures> = {};
  for (const played of session.played) {
    const notes: string[] = [];
    const found = measure(session, played, conditions, (line) => notes.push(line));
    if (options.logs === "yes") keepLogs(`${key}-${seed}`, played, notes, session.faults);
    figures[played.system.name] = found;
    console.log(`  ${played.system.name.padEnd(20)} ${summary(found)}`);
  }
  rmSync(runFolder, { recursive: true });
  return figures;
}

function summary(found: Figures): string {
  const us = (value: number | null) => (value === null ? "-" : value.toFixed(value < 10 ? 1 : 0));
  if (found.distortionDb !== null) return `THD+N ${found.distortionDb.toFixed(1)} dB`;
  const { medianUs, p95Us, maxUs, worstUs, gaps, gapMs, edits, inSyncS } = found;
  return (
    `${us(medianUs)} / ${us(p95Us)} / ${us(maxUs)} us, from the first frame ${us(worstUs)}, ` +
    `in sync after ${inSyncS?.toFixed(1) ?? "-"} s, gaps ${gaps} (${gapMs.toFixed(0)} ms), edits ${edits}`
  );
}

/** A buffer that is too short for Snapcast is played by our programs alone. */
function systemsFor({ bufferMs }: Scenario): readonly System[] {
  const { systems } = options;
  return bufferMs === undefined
    ? systems
    : systems.filter(({ server, client }) => server === "tutti" && client === "tutti");
}

function programsFolder(): string {
  return join(folder, "programs");
}

/** Something that a scenario decides unless it is said. */
function optional<Value>(
  meaning: string,
  read: (text: string) => Value,
): Option<Value | undefined> {
  const preset = "the scenario's";
  return { preset, meaning, read: (text) => (text === preset ? undefined : read(text)) };
}

function within(value: number, low: number, high: number): number {
  if (!(value >= low && value <= high)) throw new Error(`must be from ${low} to ${high}`);
  return value;
}
