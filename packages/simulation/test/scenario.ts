import { seconds } from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import {
  complaints,
  House,
  type HouseOptions,
  type HouseReport,
  type LimitName,
  type Limits,
  reportText,
} from "../src/index.ts";

/** Why a limit is not kept today, in every run or by chance, and what is kept instead. */
export interface Excuse {
  /** In the limit's own unit: the worst of sixteen seeds or more and a third of that as room, never more than it was. */
  readonly ceiling: number;
  readonly why: string;
  /** A limit that is never kept is a test that has to fail, so that nobody forgets to drop the excuse. */
  readonly never: boolean;
}

export function never(ceiling: number, why: string): Excuse {
  return { ceiling, why, never: true };
}

/** Any change of the engine changes all that is drawn, and with it whether such a limit is kept. */
export function byChance(ceiling: number, why: string): Excuse {
  return { ceiling, why, never: false };
}

/** A part of a run, and how good it must be. */
export interface Judged {
  readonly what: string;
  readonly fromS: number;
  readonly toS?: number;
  /** Whom it concerns; everybody unless said. */
  readonly rooms?: readonly number[];
  readonly limits: Limits;
  /** Limits that today's engine does not keep. */
  readonly misses?: Readonly<Partial<Record<LimitName, Excuse>>>;
}

/** A named situation in which a house lives for `lastsS`, proof that it was there, and what is asked. */
export interface Scenario {
  readonly name: string;
  readonly seed?: number;
  readonly house: Omit<HouseOptions, "seed">;
  readonly lastsS: number;
  readonly script?: (house: House) => void;
  /** Expects that what the name says happened. */
  readonly happened: (report: HouseReport, house: House) => void;
  readonly judged: readonly Judged[];
}

/**
 * With SCENARIO_REPORTS=1 in the environment, each run is told in full, and what is reached where there is an
 * excuse. SCENARIO_SEEDS adds to every seed: ceilings come from several.
 */
const TELLS = process.env.SCENARIO_REPORTS === "1";
const SEEDS_ON = Number(process.env.SCENARIO_SEEDS ?? 0);
const SEED = 1;

/** From its first frame on no room may be worse, and so soon it is in step. */
export const START: Judged = {
  what: "from the first frame on",
  fromS: 0,
  // Music starts with the run: it is heard a buffer later.
  limits: { errorMaxUs: 1_000, pairMaxUs: 1_000, syncedMs: 2_000, firstSoundMs: 1_100 },
};

/** The same with more or other limits, or with excuses. */
export function start(limits: Limits = {}, misses: NonNullable<Judged["misses"]> = {}): Judged {
  return { ...START, limits: { ...START.limits, ...limits }, misses };
}

/** Every pair, once the clocks are known. */
export function settled(
  [pairMedianUs, pairP95Us]: readonly [number, number],
  misses: NonNullable<Judged["misses"]> = {},
): Judged {
  return { what: "once settled", fromS: 10, limits: { pairMedianUs, pairP95Us }, misses };
}

/** An excuse that holds in every run goes when a limit is kept with so much room. */
const KEPT_SHARE = 0.25;

/** One run each. */
export function scenarios(table: readonly Scenario[]): void {
  for (const scenario of table) {
    describe(scenario.name, () => {
      const run = once(() => live(scenario));
      test("happens", () => scenario.happened(run().report(0 as never), run()));
      for (const judged of scenario.judged) judge(scenario.name, judged, run);
    });
  }
}

function judge(name: string, judged: Judged, run: () => House): void {
  const { what, limits, misses = {} } = judged;
  const excused = Object.entries(misses) as [LimitName, Excuse][];
  const ceilings = Object.fromEntries(excused.map(([limit, { ceiling }]) => [limit, ceiling]));
  test(`${what} it keeps its limits`, () => {
    const report = heard(run(), judged);
    if (TELLS) for (const limit of Object.keys(misses)) tellExcuse(name, judged, limit, report);
    const all = complaints(report, { ...limits, ...ceilings });
    expect(all.map(({ text }) => text)).toEqual([]);
  });
  for (const [limit, { never, why }] of excused) {
    const asked = limits[limit];
    if (!never || !asked) continue;
    test.fails(`${what} it keeps ${limit} with room to spare (not yet: ${why})`, () => {
      const all = complaints(heard(run(), judged), { [limit]: KEPT_SHARE * asked });
      expect(all.filter((complaint) => complaint.limit === limit)).toEqual([]);
    });
  }
}

/** What is asked, what is excused, and what this run reached. */
function tellExcuse(name: string, judged: Judged, of: string, report: HouseReport): void {
  const limit = of as LimitName;
  const { what, limits, misses } = judged;
  const reached = complaints(report, { [limit]: -1 })
    .filter((complaint) => complaint.limit === limit)
    .reduce((worst, { measured }) => Math.max(worst, measured), 0);
  const { ceiling, why } = misses?.[limit] ?? {};
  const figures = `asked ${limits[limit] ?? 0}, excused to ${ceiling}, reached ${reached.toFixed(1)}`;
  process.stdout.write(`excuse: ${name}, ${what}: ${limit}, ${figures} (${why})\n`);
}

function live({ name, seed = SEED, house: options, lastsS, script }: Scenario): House {
  const house = new House({ ...options, seed: seed + SEEDS_ON });
  script?.(house);
  house.run(seconds(lastsS));
  if (TELLS) process.stdout.write(`\n${name}\n${reportText(house.report())}\n`);
  return house;
}

/** What the rooms concerned heard, and no pair with one that is not. */
function heard(house: House, { fromS, toS, rooms }: Judged): HouseReport {
  const to = toS === undefined ? undefined : seconds(toS);
  const report = house.report(seconds(fromS), to);
  if (!rooms) return report;
  const chosen = rooms.map((index) => report.rooms[index]).filter((room) => room !== undefined);
  const names = new Set(chosen.map((room) => room.name));
  return {
    rooms: chosen,
    get pairs() {
      return report.pairs.filter((pair) => pair.rooms.every((room) => names.has(room)));
    },
    together: report.together,
    counts: report.counts,
  };
}

function once<Result>(make: () => Result): () => Result {
  let made: { readonly result: Result } | undefined;
  return () => {
    made ??= { result: make() };
    return made.result;
  };
}
