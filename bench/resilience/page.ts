/** bench/results/resilience.md, from all runs so far. */
import { type Kept, readKept, type Shown, shownOf, whereMeasured } from "../harness/kept-runs.ts";
import { markdownTable, median, publish } from "../harness/results.ts";
import type { Figures } from "./measure.ts";
import { BACK_S_MAX, SCENARIOS, type Scenario } from "./scenarios.ts";

export type Collected = Kept<Figures>;
/** By the scenario's name. */
export type Collection = Readonly<Record<string, Collected>>;

export const NAME = "resilience";
const OURS = "tutti";
/** Debian's as it is installed, and with our codec. */
const THEIRS = "snapcast";
const NONE = "-";
const TEN_MINUTES_S = 600;
/** Of Snapcast's silence, where it has any. */
const SHARE_MAX = 1 / 4;
/** Less than what a room's last breath before the end may cost. (s in ten minutes) */
const SILENT_S = 0.01;

export function publishAll(): void {
  publish(NAME, pageOf(readKept<Collection>(NAME) ?? {}));
}

export function pageOf(collection: Collection): string {
  const all = shownOf(SCENARIOS, collection);
  const parts = [
    "# What is missed when something goes wrong",
    INTRODUCTION,
    markdownTable(HEADINGS, all.flatMap(rowsOf)),
    NOTES,
    "## What a buffer of a second should cover",
    markdownTable(
      ["scenario", "what happens", "what we expect of ourselves"],
      all.map(({ scenario: { name, meaning, cover } }) => [name, meaning, cover]),
    ),
    whereMeasured(collection),
  ];
  return parts.join("\n\n");
}

const INTRODUCTION = `Our server and clients and Debian's \`snapserver\` and \`snapclient\` play the same live noise at the same time, each
player to a virtual sound card behind an emulated link of its own; what the cards played is measured afterwards. Both hold a second,
their default. Ours sends Opus of 192 kbit/s and less to a link that carries less, its default; Snapcast is there two times: with FLAC,
its default, and with Opus of 192 kbit/s, so that no difference of the codec is taken for one of the programs. (Noise is
1.2 Mbit/s as FLAC, music 0.7 to 1.) The method stands in [bench/README.md](../README.md). Figures are medians of the runs; of several
rooms or pairs it is the worst one.`;

const HEADINGS = [
  ...["scenario", "system", "silence s in 10 min", "× Snapcast", "goal"],
  ...[
    "glitches in 10 min",
    "apart s in 10 min",
    "silence s each time",
    "back in sync s",
    "lost state",
  ],
  "kbit/s each room",
];

const NOTES = `Silence: a millisecond and more of nothing, from ten seconds after the start of the last room on. Glitches: silences, and
jumps by more than a millisecond. Apart: heard in two rooms at once, more than a millisecond apart. Silence each time: of one fault, in the room that
misses most. Back: from the fault's end (the link, the new server's start, the new address, the player that goes on) until both rooms play less than a
millisecond apart, without a hole for two seconds; the worst of all faults, never if it did not happen. Lost state: names, volumes,
mute and groups that the server had acknowledged, up to the moment before it was killed, and did not know afterwards, once for each client and kill. kbit/s: what the server sent through the
link, headers included, downloads not.

The goal is no silence where the buffer covers what happens, elsewhere a quarter of the lesser of Snapcast's two, where it has any; and sound in
both rooms together ${BACK_S_MAX} s after an outage.`;

function rowsOf({ scenario, collected }: Shown<Scenario, Collected>): string[][] {
  return systemsOf(collected).map((system) => {
    const figures = figuresOf(collected, system);
    const perTenMinutes = (value: (each: Figures) => number) =>
      middle(figures, (each) => (value(each) * TEN_MINUTES_S) / each.observedS);
    const faults = figures[0]?.backS.length ?? 0;
    return [
      ...[scenario.name, system, shown(silenceOf(collected, system), 2)],
      system === OURS ? timesTheirs(collected) : "",
      system === OURS ? goalOf({ scenario, collected }) : "",
      shown(
        perTenMinutes(({ glitches }) => glitches),
        0,
      ),
      shown(
        perTenMinutes(({ apartS }) => apartS),
        2,
      ),
      faults > 0
        ? shown(
            middle(figures, ({ silenceS }) => silenceS / faults),
            2,
          )
        : NONE,
      faults > 0 ? shown(backOf(collected, system), 2) : NONE,
      lostIn(figures),
      shown(
        middle(figures, ({ kbitPerRoom }) => kbitPerRoom),
        0,
      ),
    ];
  });
}

/** Each field of which something was lost, and how often. */
function lostIn(figures: readonly Figures[]): string {
  if (figures.every(({ lostState }) => lostState === null)) return NONE;
  const lost = figures.flatMap(({ lostState }) => lostState ?? []);
  const fields = [...new Set(lost)].map((field) => {
    return `${field} ${lost.filter((each) => each === field).length} ×`;
  });
  return fields.join(", ") || "none";
}

function timesTheirs(collected: Collected): string {
  const theirs = leastOfTheirs(collected);
  if (theirs === undefined || theirs < SILENT_S) return "";
  return shown(silenceOf(collected, OURS) / theirs, 3);
}

function goalOf({ scenario, collected }: Shown<Scenario, Collected>): string {
  const ours = silenceOf(collected, OURS);
  const theirs = leastOfTheirs(collected);
  const silence = scenario.covered
    ? ours < SILENT_S
    : theirs === undefined || ours <= SHARE_MAX * theirs;
  const back = scenario.fault?.kind !== "outage" || backOf(collected, OURS) <= BACK_S_MAX;
  const wants = scenario.covered ? "no silence" : "a quarter";
  return `${wants}: ${silence ? "met" : "missed"}${back ? "" : "; back: missed"}`;
}

function leastOfTheirs(collected: Collected): number | undefined {
  const theirs = systemsOf(collected).filter((system) => system.startsWith(THEIRS));
  const silences = theirs.map((system) => silenceOf(collected, system));
  return silences.length > 0 ? Math.min(...silences) : undefined;
}

/** In ten minutes. (s) */
function silenceOf(collected: Collected, system: string): number {
  const figures = figuresOf(collected, system);
  return middle(figures, ({ silenceS, observedS }) => (silenceS * TEN_MINUTES_S) / observedS);
}

function backOf(collected: Collected, system: string): number {
  return middle(figuresOf(collected, system), ({ backS }) =>
    Math.max(...backS.map((each) => each ?? Infinity)),
  );
}

function middle(figures: readonly Figures[], value: (each: Figures) => number): number {
  return median(figures.map(value));
}

function figuresOf({ runs }: Collected, system: string): Figures[] {
  return runs.flatMap(({ figures }) => figures[system] ?? []);
}

function systemsOf({ runs }: Collected): string[] {
  return [...new Set(runs.flatMap(({ figures }) => Object.keys(figures)))];
}

function shown(amount: number, digits: number): string {
  if (amount === Infinity) return "never";
  return Number.isFinite(amount) ? amount.toFixed(digits) : NONE;
}
