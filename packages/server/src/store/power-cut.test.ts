import type { SavedHouse } from "@tutti/protocol/control";
import { describe, expect, test } from "vitest";
import { PowerCutDisk } from "../../test/power-cut.ts";
import { JsonFileStore } from "./json-file.ts";

/** Saved one after the other, and then several at once, as by people who are quicker than the disk. */
const ROUNDS = [1, 1, 3, 1, ...Array<number>(18).fill(1), 2, 1];
const SAVES = ROUNDS.reduce((sum, each) => sum + each, 0);

/** So that each of the journal's files is full after a few changes, and written over again and again. */
const JOURNAL_BYTES = 4 * 512;
/** The change to this one takes more than a sector. */
const LONG = 15;

function house(revision: number): SavedHouse {
  const name = revision === LONG ? "long ".repeat(120) : `${revision}`;
  const group = { clients: [], id: "8a1f", muted: false, name, streamId: "music" };
  return { clients: [], groups: [group], presets: [], revision, schemaVersion: 1 };
}

function storeOn(disk: PowerCutDisk): JsonFileStore {
  const journalBytes = JOURNAL_BYTES;
  return new JsonFileStore({ directory: "/state", onEvent: () => {}, disk, journalBytes });
}

/** Saves until the power is cut. Returns the newest state that was asked for, and that was acknowledged. */
async function work(
  disk: PowerCutDisk,
  from = 0,
): Promise<{ asked: number; acknowledged: number }> {
  const store = storeOn(disk);
  let [asked, acknowledged] = [from, from];
  let cut = false;
  const working = (async () => {
    for (const atOnce of ROUNDS) {
      const saves = Array.from({ length: atOnce }, async () => {
        const mine = ++asked;
        if (await store.save(house(mine))) acknowledged = Math.max(acknowledged, mine);
      });
      await Promise.all(saves);
    }
    cut = true;
  })();
  // The disk is made of promises that are kept at once: when none is left, the power is gone.
  for (let turn = 0; turn < 2_000 && !cut; turn++) await Promise.race([working, Promise.resolve()]);
  return { asked, acknowledged };
}

async function stepsNeeded(): Promise<number> {
  const disk = new PowerCutDisk();
  expect(await work(disk)).toEqual({ asked: SAVES, acknowledged: SAVES });
  // Both files of the journal were used, and one of them twice: each holds three changes or four.
  const lines = linesIn(disk, "/state/house.journal-1") + linesIn(disk, "/state/house.journal-2");
  expect(disk.pieces).toBeGreaterThan(lines + 2);
  expect(lines).toBeGreaterThan(4);
  return disk.steps;
}

function linesIn(disk: PowerCutDisk, file: string): number {
  return disk.exists(file) ? (disk.read(file).match(/^[0-9a-f]{8} \{/gm)?.length ?? 0) : 0;
}

interface Losses {
  readonly cuts: number;
  readonly lost: number;
  readonly invented: number;
  /** Houses that never were: of one revision this, of another that. */
  readonly mixed: number;
}

function isHouse(loaded: SavedHouse): boolean {
  return loaded.groups[0]?.name === house(loaded.revision).groups[0]?.name;
}

/** What is lost, over every step at which the power may go and every disk that may be found then. */
async function losses(flushes: boolean): Promise<Losses> {
  const steps = await stepsNeeded();
  const found = { cuts: 0, lost: 0, invented: 0, mixed: 0 };
  for (let power = 0; power <= steps; power++) {
    const disk = new PowerCutDisk({ power, flushes });
    const { asked, acknowledged } = await work(disk);
    for (const after of disk.afterwards()) {
      const loaded = storeOn(after).load();
      const { revision } = loaded ?? { revision: 0 };
      found.cuts++;
      if (loaded && !isHouse(loaded)) found.mixed++;
      if (revision < acknowledged) found.lost++;
      if (revision > asked) found.invented++;
    }
  }
  return found;
}

describe("the power is cut at every step", () => {
  test("what was acknowledged is there, whatever the disk had in memory", async () => {
    const { cuts, ...wrong } = await losses(true);
    expect(cuts).toBeGreaterThan(5_000);
    expect(wrong).toEqual({ lost: 0, invented: 0, mixed: 0 });
  });

  test("which a disk that only claims to flush does not give", async () => {
    expect((await losses(false)).lost).toBeGreaterThan(10);
  });

  test("and again while the server that came back saves anew", async () => {
    const steps = await stepsNeeded();
    for (let first = 0; first <= steps; first += 3) {
      const disk = new PowerCutDisk({ power: first });
      const { acknowledged } = await work(disk);
      const [after] = [...disk.afterwards()].slice(-1);
      if (!after) throw new Error("there is always a disk");
      const { revision } = storeOn(after).load() ?? { revision: 0 };
      const again = await work(after, revision);
      expect(again.acknowledged).toBe(revision + SAVES);
      expect(revision).toBeGreaterThanOrEqual(acknowledged);
      const [last] = after.afterwards();
      expect(last && storeOn(last).load()?.revision).toBe(again.acknowledged);
    }
  });
});
