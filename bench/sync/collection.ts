/** All runs of this benchmark so far. The page and the picture are written from them. */
import { type Kept, readKept, withRun, writeKept } from "../harness/kept-runs.ts";
import type { Floor } from "./floor.ts";
import type { Figures } from "./measure.ts";

export interface Collected extends Kept<Figures> {
  readonly goal?: { readonly medianUs: number; readonly p95Us: number };
  readonly tone: boolean;
}

export interface Collection {
  readonly floor?: Floor;
  /** By the scenario's name, with its codec. */
  readonly scenarios: Readonly<Record<string, Collected>>;
}

const NAME = "sync";

export function readCollection(): Collection {
  return readKept<Collection>(NAME) ?? { scenarios: {} };
}

export function keepFloor(floor: Floor): void {
  writeKept(NAME, { ...readCollection(), floor });
}

/** Adds a run to those of its scenario; others than `first` only to runs with the same settings. */
export function keepRun(
  key: string,
  of: Omit<Collected, "runs">,
  run: Collected["runs"][number],
  first: boolean,
): void {
  const collection = readCollection();
  const scenarios = withRun(collection.scenarios, { key, of, first }, run);
  writeKept(NAME, { ...collection, scenarios });
}
