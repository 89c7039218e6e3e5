/** bench/results/transport.md, from all runs so far. */
import { type Kept, readKept, type Shown, shownOf, whereMeasured } from "../harness/kept-runs.ts";
import { markdownTable, median, publish } from "../harness/results.ts";
import { CHUNK_MS } from "./chunk-sizes.ts";
import { BUFFERS_MS } from "./lateness.ts";
import type { Figures } from "./measure.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import { WAYS } from "./ways.ts";

export type Collected = Kept<Figures>;
/** By the scenario's name. */
export type Collection = Readonly<Record<string, Collected>>;

export const NAME = "transport";
/** Of ten minutes. */
const CHUNKS = 600_000 / CHUNK_MS;

export function publishAll(): void {
  publish(NAME, pageOf(readKept<Collection>(NAME) ?? {}));
}

export function pageOf(collection: Collection): string {
  const all = shownOf(SCENARIOS, collection);
  return [
    "# TCP or datagrams",
    INTRODUCTION,
    markdownTable(
      ["way", "what is sent"],
      WAYS.map(({ name, meaning }) => [name, meaning]),
    ),
    "## Chunks missed in ten minutes",
    markdownTable(HEADINGS, all.flatMap(missedRows)),
    NOTES,
    "## What it takes",
    markdownTable(TRAFFIC_HEADINGS, all.flatMap(trafficRows)),
    whereMeasured(collection),
  ].join("\n\n");
}

const INTRODUCTION = `Would chunks be there in time in datagrams that are not over TCP? The same chunks are sent in each way at once, each way over an
emulated link of its own, and their ages noted as they come; nobody decodes or plays. The method stands in [bench/README.md](../README.md).`;

const HEADINGS = ["scenario", "way", ...BUFFERS_MS.map((ms) => `${ms} ms`)];

const NOTES = `Of ${CHUNKS}, each ${CHUNK_MS} ms of sound: those that were under way for longer than the column says, or for ever. Medians of the runs. What a chunk may
take is less than the time from recording to hearing: a chunk is sent when its last frame is there, ours hold it in a bundle (a tenth of the buffer at most), and a
client takes it when its queue before the card has room.`;

const TRAFFIC_HEADINGS = [
  ...["scenario", "way", "kbit/s", "packets/s down", "packets/s up"],
  ...["median ms", "p99 ms", "worst ms", "never came in 10 min"],
];

function missedRows(shown: Shown<Scenario, Collected>): string[][] {
  return rowsOf(shown, (middle) =>
    BUFFERS_MS.map((_, at) => middle((each) => inTenMinutes(each, each.missed[at] ?? Number.NaN))),
  );
}

function trafficRows(shown: Shown<Scenario, Collected>): string[][] {
  return rowsOf(shown, (middle) => [
    ...[middle(({ kbit }) => kbit), middle((each) => each.packetsDown)],
    ...[middle((each) => each.packetsUp), middle(({ medianMs }) => medianMs)],
    ...[middle(({ p99Ms }) => p99Ms), middle(({ worstMs }) => worstMs)],
    middle((each) => inTenMinutes(each, each.lost)),
  ]);
}

type Middle = (value: (each: Figures) => number) => string;

/** One for each way, of the medians of its runs. */
function rowsOf(
  { scenario, collected }: Shown<Scenario, Collected>,
  cells: (middle: Middle) => readonly string[],
): string[][] {
  return WAYS.flatMap(({ name }) => {
    const figures = collected.runs.flatMap((run) => run.figures[name] ?? []);
    if (figures.length === 0) return [];
    return [[scenario.name, name, ...cells((value) => median(figures.map(value)).toFixed(0))]];
  });
}

function inTenMinutes({ chunks }: Figures, count: number): number {
  return (count * CHUNKS) / chunks;
}
