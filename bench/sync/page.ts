/** bench/results/sync.md and sync.svg, from all runs so far. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../harness/card.ts";
import { whereMeasured } from "../harness/kept-runs.ts";
import { markdownTable, median, publish } from "../harness/results.ts";
import type { Collected, Collection } from "./collection.ts";
import type { Floor } from "./floor.ts";
import type { Figures } from "./measure.ts";
import { type Panel, plotSvg } from "./plot.ts";
import { SCENARIOS } from "./scenarios.ts";

const OURS = "tutti";
const THEIRS = "snapcast";
const NONE = "-";

type Name = {
  [Key in keyof Figures]: Figures[Key] extends number | null ? Key : never;
}[keyof Figures];

export function publishAll(collection: Collection): void {
  writeFileSync(join(projectRoot(), "bench/results/sync.svg"), plotSvg(panelsOf(collection)));
  publish("sync", pageOf(collection));
}

export function floorLine({ medianUs, p95Us, maxUs, edits }: Floor): string {
  const us = [medianUs, p95Us, maxUs].map((value) => value.toFixed(3)).join(" / ");
  return `median / 95 % / worst ${us} µs, ${edits} edits where there are none`;
}

export function pageOf({ floor, scenarios }: Collection): string {
  const all = inOrder(scenarios);
  const sync = all.filter(([, { tone }]) => !tone);
  const tones = all.filter(([, { tone }]) => tone);
  const parts = [
    "# How far rooms are apart",
    INTRODUCTION,
    floor ? `Noise floor, on cards whose truth is known: ${floorLine(floor)}.` : "",
    "![Pair errors over time](sync.svg)",
    "## Sync",
    markdownTable(
      SYNC_HEADINGS,
      sync.flatMap(([key, scenario]) => syncRows(key, scenario)),
    ),
    SYNC_NOTES,
    tones.length > 0 ? `## The tone\n\n${toneTable(tones)}\n\n${TONE_NOTES}` : "",
    "## CPU and memory",
    markdownTable(
      COST_HEADINGS,
      all.flatMap(([key, scenario]) => costRows(key, scenario)),
    ),
    COST_NOTES,
    whereMeasured(Object.fromEntries(all)),
  ];
  return parts.filter(Boolean).join("\n\n");
}

const INTRODUCTION = `All systems play the same noise at the same time, each player to a virtual sound card whose clock is known
exactly and has a drift of its own, rooms behind the same emulated links. Measured is what leaves the cards: every
50 ms the place in the original, so that the figures are those of a perfect microphone in front of each speaker.
The method stands in [bench/README.md](../README.md). Each figure is the median of the runs; of several pairs or rooms
it is the worst one.`;

const SYNC_HEADINGS = [
  ...["scenario", "system", "median µs", "95 %", "max", "× Snapcast", "goal"],
  ...["worst from the first frame", "in sync after s", "gaps", "gap ms", "edits"],
  ...[
    "back after fault s",
    "latency ms",
    "start to sound s",
    "own error off by µs",
    "bound holds %",
  ],
];

const SYNC_NOTES = `Median, 95 % and max are from ten seconds after the start of the last room on; the worst error is from the first
moment at which both rooms can be heard. In sync: from then until less than 100 µs apart for three seconds. Edits: places
where the wave does not go on as the original does, as by a dropped or doubled frame. Back: from a fault's end, or the start of the new server, until
less than 1 ms apart for two seconds. Own error off by: middle distance between the difference of what two clients report of
themselves and the one measured; the bound holds when that is less than both of their bounds together.`;

const TONE_NOTES = `Everything from 20 Hz to 20 kHz that is not the tone of 997 Hz, over the tone; cards at +100 and -100 ppm. The
source's own sixteen bits are at -98.7 dB.`;

const COST_HEADINGS = [
  ...["scenario", "system", "server CPU %", "× Snapcast", "server MiB"],
  ...["client CPU %", "× Snapcast", "client MiB"],
];
const COST_NOTES = `CPU in percent of one core, of one client the middle one of the rooms; memory at the end of the run.`;

function panelsOf({ scenarios }: Collection): Panel[] {
  return inOrder(scenarios)
    .filter(([, { tone }]) => !tone)
    .map(([key, scenario]) => ({
      title: `${key}: ${scenario.meaning}`,
      // Ours last, on top of the others.
      lines: systemsOf(scenario)
        .toReversed()
        .map((name) => {
          const { medianUs, trace } = middleRun(scenario, name);
          return { name, values: trace, medianUs };
        }),
    }));
}

/** Whatever was measured first; scenarios of one's own at the end. */
function inOrder(scenarios: Collection["scenarios"]): [string, Collected][] {
  const place = (key: string) => {
    const at = SCENARIOS.findIndex(({ name }) => name === key.split(",")[0]);
    return at < 0 ? SCENARIOS.length : at;
  };
  return Object.entries(scenarios).sort(([one], [other]) => place(one) - place(other));
}

/** The run whose median is in the middle: one that is shown must be one that was. */
function middleRun({ runs }: Collected, name: string): Figures {
  const figures = runs.flatMap((run) => run.figures[name] ?? []);
  const sorted = figures.toSorted((a, b) => (a.medianUs ?? Infinity) - (b.medianUs ?? Infinity));
  return sorted[(sorted.length - 1) >> 1]!;
}

function systemsOf({ runs }: Collected): string[] {
  return [...new Set(runs.flatMap(({ figures }) => Object.keys(figures)))];
}

/** The median of the runs; a run without a value is worse than all others. */
function value(scenario: Collected, system: string, name: Name): number {
  const values = scenario.runs.flatMap(({ figures }) => figures[system] ?? []);
  return median(values.map((figures) => figures[name] ?? Infinity));
}

function syncRows(key: string, scenario: Collected): string[][] {
  return systemsOf(scenario).map((system) => {
    const show = (name: Name, digits = 0) => shown(value(scenario, system, name), digits);
    const us = (name: Name) => microseconds(value(scenario, system, name));
    return [
      ...[key, system, us("medianUs"), us("p95Us"), us("maxUs")],
      ratio(scenario, system, "medianUs"),
      system === OURS ? goalOf(scenario) : "",
      ...[us("worstUs"), show("inSyncS", 1), show("gaps"), show("gapMs"), show("edits")],
      ...[show("backS", 1), show("latencyMs", 1), show("startToSoundS", 2)],
      ...[us("selfReportUs"), shown(100 * value(scenario, system, "selfBoundShare"), 0)],
    ];
  });
}

function goalOf(scenario: Collected): string {
  if (!scenario.goal) return "";
  const { medianUs, p95Us } = scenario.goal;
  const met =
    value(scenario, OURS, "medianUs") <= medianUs && value(scenario, OURS, "p95Us") <= p95Us;
  return `${medianUs} / ${p95Us}: ${met ? "met" : "missed"}`;
}

function toneTable(tones: readonly [string, Collected][]): string {
  const rows = tones.flatMap(([key, scenario]) =>
    systemsOf(scenario).map((system) => {
      return [key, system, shown(value(scenario, system, "distortionDb"), 1)];
    }),
  );
  return markdownTable(["scenario", "system", "THD+N dB"], rows);
}

function costRows(key: string, scenario: Collected): string[][] {
  return systemsOf(scenario).map((system) => {
    const show = (name: Name, digits: number) => shown(value(scenario, system, name), digits);
    return [
      ...[key, system, show("serverCpuPercent", 2), ratio(scenario, system, "serverCpuPercent")],
      ...[show("serverMiB", 0), show("clientCpuPercent", 2)],
      ...[ratio(scenario, system, "clientCpuPercent"), show("clientMiB", 0)],
    ];
  });
}

function ratio(scenario: Collected, system: string, name: Name): string {
  if (system === THEIRS || !systemsOf(scenario).includes(THEIRS)) return "";
  const times = value(scenario, system, name) / value(scenario, THEIRS, name);
  return shown(times, times < 1 ? 3 : 1);
}

function microseconds(us: number): string {
  return shown(us, us < 10 ? 1 : 0);
}

function shown(amount: number, digits: number): string {
  return Number.isFinite(amount) ? amount.toFixed(digits) : NONE;
}
