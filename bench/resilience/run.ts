/**
 * What is missed when something goes wrong, beside Debian's Snapcast at the same time on the same input. scenarios.ts
 * says what goes wrong and what a buffer should cover, silence.ts what is counted. The machinery is that of sync.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { begin } from "../harness/begin.ts";
import { keepRun } from "../harness/kept-runs.ts";
import { whatIsMissing } from "../harness/needs.ts";
import { amount, choice, names, readOptions } from "../harness/options.ts";
import { keepLogs } from "../sync/logs.ts";
import { flatten } from "../sync/place.ts";
import { cardsOf } from "../sync/scenarios.ts";
import { type Played, playSession } from "../sync/session.ts";
import { leftOf, noise } from "../sync/signal.ts";
import type { System } from "../sync/stage.ts";
import { type Figures, measure } from "./measure.ts";
import { NAME, publishAll } from "./page.ts";
import { faultTimesS, SCENARIOS, type Scenario } from "./scenarios.ts";

const SYSTEMS: readonly System[] = [
  { name: "tutti", server: "tutti", client: "tutti", codec: "opus" },
  { name: "snapcast", server: "snapcast", client: "snapcast", codec: "flac" },
  { name: "snapcast-opus", server: "snapcast", client: "snapcast", codec: "opus" },
];
const CARDS_PPM = [25, -25];
/** Starting and ending, while the sound must go on. */
const SPARE_SECONDS = 30;
const BUFFER_MS = 1_000;
/** Beyond that silence may be the machine's. */
const STILL_MS_MAX = 300;
/** By which Debian's programs find each other, and the packages that have them. */
const DISCOVERY_PROGRAMS = { "avahi-daemon": "avahi-daemon", "dbus-daemon": "dbus" };

const options = readOptions(
  NAME,
  "What is missed when something goes wrong, beside Snapcast. Needs root.",
  {
    scenario: names(SCENARIOS, "what goes wrong, one or more"),
    seconds: amount(90, "how long all rooms play, in each run"),
    runs: amount(1, "how often; figures are medians"),
    suspend: amount(
      20,
      "how long a suspended player stands still, in seconds; the run is as much longer",
    ),
    systems: names(SYSTEMS, "who takes part, one or more"),
    add: choice(["no", "yes"], "no", "to the runs already in the results, if they are alike"),
    logs: choice(["no", "yes"], "no", "keep what all programs said, in bench/dist/logs"),
  },
);

const withSnapcast = options.systems.some(({ name }) => name !== "tutti");
const discovers = withSnapcast && options.scenario.some(({ fault }) => fault?.kind === "move");
const missing = whatIsMissing(withSnapcast, discovers ? DISCOVERY_PROGRAMS : {});
const { folder, machine } = begin(NAME, missing);
for (const scenario of options.scenario) await runAll(scenario);
publishAll();
process.exit();

async function runAll(given: Scenario): Promise<void> {
  const { fault } = given;
  const suspends = fault?.kind === "suspend";
  const suspended = suspends ? { ...fault, ms: options.suspend * 1_000 } : fault;
  const scenario = { ...given, ...(suspended ? { fault: suspended } : {}) };
  const seconds = options.seconds + (suspends ? options.suspend : 0);
  const times = faultTimesS(scenario, seconds);
  if (fault && times.length === 0) throw new Error(`${seconds} s are too short for ${given.name}`);
  const settings =
    `${seconds} s, ${scenario.rooms} rooms, cards at +25 and -25 ppm, TCP with reno` +
    (times.length > 0 ? `, faults after ${times.join(", ")} s` : "") +
    (suspends ? `, each ${options.suspend} s` : "");
  for (let run = 0; run < options.runs; run++) {
    console.log(`${scenario.name}, run ${run + 1} of ${options.runs}: ${seconds} s`);
    const figures = await runOnce(scenario, { seconds, seed: run + 1, times });
    const of = { meaning: scenario.meaning, settings, machine };
    const first = run === 0 && options.add === "no";
    keepRun(NAME, { key: scenario.name, of, first }, figures);
  }
}

async function runOnce(
  scenario: Scenario,
  { seconds, seed, times }: { seconds: number; seed: number; times: readonly number[] },
): Promise<Record<string, Figures>> {
  const runFolder = join(folder, "run");
  mkdirSync(runFolder);
  const pcm = noise(seconds + SPARE_SECONDS, seed);
  const sound = join(runFolder, "sound.raw");
  writeFileSync(sound, pcm);
  const { link, fault, rooms } = scenario;
  // Debian has cubic, a machine that serves the web BBR, which leaves no queue to bloat; namespaces may not choose cubic.
  const congestion = "reno";
  const session = await playSession(
    {
      ...{ folder: runFolder, programs: join(folder, "programs"), sound },
      ...{ systems: options.systems, codec: "opus", adapts: true, bufferMs: BUFFER_MS },
      ...{ ppm: cardsOf(CARDS_PPM, rooms), granularity: 1, link, congestion, seconds, seed },
      ...{ fault, faultsAtS: times },
    },
    console.log,
  );
  console.log("  played; recordings are measured");
  if (session.stoodStillMs > STILL_MS_MAX) {
    throw new Error(`the machine stood still for ${session.stoodStillMs} ms; nothing was kept`);
  }
  const original = { flat: flatten(leftOf(pcm)), fedAtUs: session.fedAtUs };
  const figures: Record<string, Figures> = {};
  for (const played of session.played) {
    believe(scenario, played, seconds);
    const notes: string[] = [];
    const found = measure(session, played, original, (line) => notes.push(line));
    if (options.logs === "yes") keepLogs(scenario.name, played, notes, session.faults);
    figures[played.system.name] = found;
    console.log(`  ${played.system.name.padEnd(14)} ${summary(found)}`);
  }
  rmSync(runFolder, { recursive: true });
  return figures;
}

/** A link that did not do what the scenario says measures nothing. */
function believe({ name, doubt }: Scenario, { system, links }: Played, seconds: number): void {
  for (const link of links) {
    const why = doubt?.(link, seconds);
    if (why) throw new Error(`${name}, ${system.name}: ${why}; nothing was kept`);
  }
}

function summary(found: Figures): string {
  const { silenceS, observedS, glitches, apartS, backS, kbitPerRoom, lostState, likeness } = found;
  const backs = backS.map((each) => each?.toFixed(2) ?? "never").join(", ");
  return (
    `silent ${silenceS.toFixed(2)} of ${observedS.toFixed(0)} s, glitches ${glitches}, ` +
    `apart ${apartS.toFixed(2)} s, back ${backs || "-"} s, ${kbitPerRoom.toFixed(0)} kbit/s, ` +
    `likeness ${likeness.toFixed(2)}${lostState ? `, lost: ${lostState.join("; ") || "none"}` : ""}`
  );
}
