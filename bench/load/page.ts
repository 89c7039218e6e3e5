/** bench/results/load.md, from all runs so far. */
import { type Kept, readKept, type Shown, shownOf, whereMeasured } from "../harness/kept-runs.ts";
import { markdownTable, median, publish } from "../harness/results.ts";
import { BARE, CASES, type Case, OURS, OWN_CLIENTS, SYSTEMS, THEIRS } from "./cases.ts";
import type { Figures } from "./measure.ts";

export type Collected = Kept<Figures>;
/** By the case's name. */
export type Collection = Readonly<Record<string, Collected>>;

export const NAME = "load";
const CPU_RATIO_MAX = 1.5;
/** Where that is asked for. */
const CPU_CLIENTS_MIN = 100;
const RESIDENT_MIB_MAX = 120;

export function publishAll(): void {
  publish(NAME, pageOf(readKept<Collection>(NAME) ?? {}));
}

export function pageOf(collection: Collection): string {
  const all = shownOf(CASES, collection);
  return [
    "# A server under load, beside Snapcast",
    INTRODUCTION,
    "## Goals",
    markdownTable(["case", "CPU", "memory", "nobody misses anything"], all.map(goalsOf)),
    GOALS,
    "## Figures",
    markdownTable(HEADINGS, all.flatMap(rowsOf)),
    NOTES,
    whereMeasured(collection),
  ].join("\n\n");
}

const INTRODUCTION = `Many players that play nothing are connected over loopback and note when each chunk comes; the servers run one after the other, the
same live music in their FIFOs, written in real time. *${OURS}* and *${THEIRS}*: the players say and ask what stock snapclients do.
*${OWN_CLIENTS}*: what ours do, which take their audio ten times a second and ask for the time in datagrams. *${BARE}*: a Node
program that makes nothing and only writes as many bytes to as many sockets, fifty times a second; no server on Node that sends each chunk at once can
take less. Medians of the runs.`;

const GOALS = `CPU: at most ${CPU_RATIO_MAX} times Snapcast's with ${CPU_CLIENTS_MIN} clients and more, both with stock clients; in brackets what Node alone takes, which
is no server yet. Memory: at most ${RESIDENT_MIB_MAX} MiB.
Nobody misses anything: no chunk comes late to anybody, and none is missing, those aside that read too slowly.`;

const HEADINGS = [
  ...[
    "case",
    "system",
    "CPU %",
    "× Snapcast",
    "memory MiB",
    "p99 ms",
    "worst ms",
    "late",
    "missing",
  ],
  ...["Mbit/s", "loop p99 ms", "loop worst ms", "listeners CPU %"],
];

const NOTES = `CPU: of one core, user and system time of all threads. Memory: the greatest resident set of all seconds. p99 and worst: from a
chunk's recording, which is that of its first frame, to its coming; late: after more than the buffer of 1 s. Missing: others on the stream got it. Loop: how late turns of our
event loop came, as \`/metrics\` tells. Listeners: all players are one program, on the same two cores.`;

function goalsOf({ scenario: load, collected }: Shown<Case, Collected>): string[] {
  const of = (system: string, value: (each: Figures) => number) =>
    median(figuresOf(collected, system).map(value));
  const cpu = (system: string) => of(system, ({ cpuPercent }) => cpuPercent);
  const ratio = cpu(OURS) / cpu(THEIRS);
  const bare = cpu(BARE) / cpu(THEIRS);
  const shownRatio = `${number(ratio, 2)}${Number.isFinite(bare) ? ` (${bare.toFixed(2)})` : ""}`;
  const memory = of(OURS, ({ residentMiB }) => residentMiB);
  const ours = [OURS, OWN_CLIENTS].flatMap((system) => figuresOf(collected, system));
  const missed = ours.reduce((sum, { late, missing }) => sum + late + missing, 0);
  const asked = load.clients >= CPU_CLIENTS_MIN && load.streams === 1;
  return [
    load.meaning,
    asked ? `${shownRatio}: ${verdict(ratio <= CPU_RATIO_MAX)}` : shownRatio,
    `${number(memory, 0)}: ${verdict(memory <= RESIDENT_MIB_MAX)}`,
    `${missed}: ${verdict(missed === 0)}`,
  ];
}

function rowsOf({ scenario: load, collected }: Shown<Case, Collected>): string[][] {
  return SYSTEMS.map(({ name }) => name).flatMap((system) => {
    const figures = figuresOf(collected, system);
    if (figures.length === 0) return [];
    const middle = (value: (each: Figures) => number | null) =>
      median(figures.map((each) => value(each) ?? Number.NaN));
    const theirs = median(figuresOf(collected, THEIRS).map((each) => each.cpuPercent));
    const cpu = middle((each) => each.cpuPercent);
    const mbits = middle(({ bytes, seconds }) => (8 * bytes) / seconds / 1e6);
    return [
      [
        ...[load.name, system, number(cpu, 1), system === THEIRS ? "" : number(cpu / theirs, 2)],
        number(
          middle((each) => each.residentMiB),
          0,
        ),
        number(
          middle((each) => each.p99Ms),
          1,
        ),
        number(Math.max(...figures.map(({ worstMs }) => worstMs)), 1),
        ...[sum(figures, "late"), sum(figures, "missing"), number(mbits, 1)],
        number(
          middle((each) => each.loopP99Ms),
          1,
        ),
        number(
          middle((each) => each.loopMaxMs),
          1,
        ),
        number(
          middle((each) => each.listenersPercent),
          0,
        ),
      ],
    ];
  });
}

function sum(figures: readonly Figures[], key: "late" | "missing"): string {
  return `${figures.reduce((total, each) => total + each[key], 0)}`;
}

function figuresOf({ runs }: Collected, system: string): Figures[] {
  return runs.flatMap(({ figures }) => figures[system] ?? []);
}

function verdict(met: boolean): string {
  return met ? "met" : "missed";
}

function number(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "-";
}
