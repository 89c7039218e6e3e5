/**
 * All runs of a benchmark so far, in bench/results/NAME.json, so that a long measurement can be made in parts: each
 * run is kept as soon as it is over, and pages are written from them.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./card.ts";

/** The runs of one scenario. */
export interface Kept<Figures> {
  readonly meaning: string;
  /** Everything that makes runs comparable. */
  readonly settings: string;
  /** Where these runs come from, as lines of Markdown. */
  readonly machine: string;
  readonly runs: readonly {
    /** Of each system that took part, by its name. */
    readonly figures: Readonly<Record<string, Figures>>;
  }[];
}

/** A scenario of which there are runs. */
export interface Shown<Scenario, Collected> {
  readonly scenario: Scenario;
  readonly collected: Collected;
}

/** Those of a list of which there are runs, in its order. */
export function shownOf<Scenario extends { readonly name: string }, Collected>(
  scenarios: readonly Scenario[],
  collection: Readonly<Record<string, Collected>>,
): Shown<Scenario, Collected>[] {
  return scenarios.flatMap((scenario) => {
    const collected = collection[scenario.name];
    return collected ? [{ scenario, collected }] : [];
  });
}

/** The part of a page that says where its figures come from. */
export function whereMeasured(collection: Readonly<Record<string, Kept<unknown>>>): string {
  const scenarios = Object.entries(collection).map(
    ([name, { meaning, settings, machine, runs }]) =>
      `### ${name}\n\n${meaning}; ${settings}; runs: ${runs.length}\n\n${machine}`,
  );
  return ["## Where this was measured", ...scenarios].join("\n\n");
}

/** Undefined before the first run. */
export function readKept<Collection>(name: string): Collection | undefined {
  const path = pathOf(name);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Collection) : undefined;
}

export function writeKept(name: string, collection: unknown): void {
  const short = (_: string, value: unknown) =>
    typeof value === "number" ? Number(value.toPrecision(4)) : value;
  // One line for each of a run's values: changes can be read.
  const json = JSON.stringify(collection, short, 1);
  const lines = json.replaceAll(/\[[\d\s.,nul-]*\]/g, (list) => list.replaceAll(/\s+/g, ""));
  writeFileSync(pathOf(name), `${lines}\n`);
}

/** Keeps a run of a benchmark that has nothing but its scenarios. */
export function keepRun<Figures>(
  name: string,
  place: {
    readonly key: string;
    readonly of: Omit<Kept<Figures>, "runs">;
    readonly first: boolean;
  },
  figures: Readonly<Record<string, Figures>>,
): void {
  const kept = readKept<Readonly<Record<string, Kept<Figures>>>>(name) ?? {};
  writeKept(name, withRun(kept, place, { figures }));
}

/** Adds a run to those of its scenario; others than `first` only to runs with the same settings. */
export function withRun<Of extends Kept<unknown>>(
  scenarios: Readonly<Record<string, Of>>,
  {
    key,
    of,
    first,
  }: { readonly key: string; readonly of: Omit<Of, "runs">; readonly first: boolean },
  run: Of["runs"][number],
): Readonly<Record<string, Of>> {
  const there = scenarios[key];
  const before = !first && there?.settings === of.settings ? there.runs : [];
  return { ...scenarios, [key]: { ...of, runs: [...before, run] } as unknown as Of };
}

function pathOf(name: string): string {
  return join(projectRoot(), `bench/results/${name}.json`);
}
