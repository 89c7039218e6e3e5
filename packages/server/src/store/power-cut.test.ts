import type { SavedHouse } from "@tutti/protocol/control";
import { describe, expect, test } from "vitest";
import { PowerCutDisk } from "../../test/power-cut.ts";
import { JsonFileStore } from "./json-file.ts";

/** Saved one after the other, and then several at once, as by people who are quicker than the disk. */
const ROUNDS = [1, 1, 3, 1];
const SAVES = ROUNDS.reduce((sum, each) => sum + each, 0);

function house(revision: number): SavedHouse {
  return { clients: [], groups: [], presets: [], revision, schemaVersion: 1 };
}

function storeOn(disk: PowerCutDisk): JsonFileStore {
  return new JsonFileStore({ directory: "/state", onEvent: () => {}, disk });
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
  for (let turn = 0; turn < 200 && !cut; turn++) await Promise.race([working, Promise.resolve()]);
  return { asked, acknowledged };
}

async function stepsNeeded(): Promise<number> {
  const disk = new PowerCutDisk();
  expect(await work(disk)).toEqual({ asked: SAVES, acknowledged: SAVES });
  return disk.steps;
}

/** What is lost, over every step at which the power may go and every disk that may be found then. */
async function losses(flushes: boolean): Promise<{ cuts: number; lost: number; invented: number }> {
  const steps = await stepsNeeded();
  const found = { cuts: 0, lost: 0, invented: 0 };
  for (let power = 0; power <= steps; power++) {
    const disk = new PowerCutDisk({ power, flushes });
    const { asked, acknowledged } = await work(disk);
    for (const after of disk.afterwards()) {
      const { revision } = storeOn(after).load() ?? { revision: 0 };
      found.cuts++;
      if (revision < acknowledged) found.lost++;
      if (revision > asked) found.invented++;
    }
  }
  return found;
}

describe("the power is cut at every step", () => {
  test("what was acknowledged is there, whatever the disk had in memory", async () => {
    const { cuts, lost, invented } = await losses(true);
    expect(cuts).toBeGreaterThan(300);
    expect({ lost, invented }).toEqual({ lost: 0, invented: 0 });
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
