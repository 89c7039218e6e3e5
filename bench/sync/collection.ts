/**
 * All runs so far, in bench/results/sync.json, so that a long measurement can be made in parts: each run is
 * kept as soon as it is over. The page and the picture are written from it.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../harness/card.ts";
import type { Floor } from "./floor.ts";
import type { Figures } from "./measure.ts";

export interface Run {
  /** Of each system that took part, by its name. */
  readonly figures: Readonly<Record<string, Figures>>;
}

export interface Collected {
  readonly meaning: string;
  /** Everything that makes runs comparable. */
  readonly settings: string;
  /** Where these runs come from, as lines of Markdown. */
  readonly machine: string;
  readonly goal?: { readonly medianUs: number; readonly p95Us: number };
  readonly tone: boolean;
  readonly runs: readonly Run[];
}

export interface Collection {
  readonly floor?: Floor;
  /** By the scenario's name, with its codec. */
  readonly scenarios: Readonly<Record<string, Collected>>;
}

const PATH = join(projectRoot(), "bench/results/sync.json");

export function readCollection(): Collection {
  if (!existsSync(PATH)) return { scenarios: {} };
  return JSON.parse(readFileSync(PATH, "utf8")) as Collection;
}

export function keepFloor(floor: Floor): void {
  write({ ...readCollection(), floor });
}

/** Adds a run to those of its scenario; others than `first` only to runs with the same settings. */
export function keepRun(key: string, of: Omit<Collected, "runs">, run: Run, first: boolean): void {
  const collection = readCollection();
  const there = collection.scenarios[key];
  const before = !first && there?.settings === of.settings ? there.runs : [];
  const scenario = { ...of, runs: [...before, run] };
  write({ ...collection, scenarios: { ...collection.scenarios, [key]: scenario } });
}

function write(collection: Collection): void {
  const short = (_: string, value: unknown) =>
    typeof value === "number" ? Number(value.toPrecision(4)) : value;
  // One line for each of a run's values: changes can be read.
  const json = JSON.stringify(collection, short, 1);
  writeFileSync(
    PATH,
    `${json.replaceAll(/\[[\d\s.,nul-]*\]/g, (list) => list.replaceAll(/\s+/g, ""))}\n`,
  );
}
