import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSavedHouse, type SavedHouse } from "@tutti/protocol/control";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { JsonFileStore, type StoreEvent } from "./json-file.ts";

let directory: string;
let events: StoreEvent[];
const stores: JsonFileStore[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tutti-store-"));
  events = [];
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(directory, { recursive: true });
});

const path = (name: string) => join(directory, name);
const open = (at = directory) => {
  const store = new JsonFileStore({ directory: at, onEvent: (event) => events.push(event) });
  stores.push(store);
  return store;
};
const kinds = () => events.map(({ kind }) => kind);

function house(name: string, revision = 0): SavedHouse {
  const group = { clients: [], id: "8a1f", muted: false, name, streamId: "music" };
  return { clients: [], groups: [group], presets: [], revision, schemaVersion: 1 };
}

/** Saves houses called 1, 2, 3, ... until the journal has that many of them. */
async function journal(store: JsonFileStore, count: number): Promise<number> {
  for (let revision = 1; ; revision++) {
    await store.save(house(`${revision}`, revision));
    const lines = existsSync(path("house.journal-1"))
      ? readFileSync(path("house.journal-1"), "utf8").match(/^[0-9a-f]{8} /gm)
      : null;
    if (lines?.length === count) return revision;
  }
}

const nameIn = (saved: SavedHouse | undefined) => saved?.groups[0]?.name;
const onDisk = (name: string) =>
  nameIn(parseSavedHouse(JSON.parse(readFileSync(path(name), "utf8"))));

describe("saving", () => {
  test("what was saved is loaded, names of all scripts included", async () => {
    await open().save(house("Küche 🎵"));
    expect(nameIn(open().load())).toBe("Küche 🎵");
    expect(kinds()).toEqual([]);
  });

  test("the first start has no state, and that is no event", () => {
    expect(open().load()).toBeUndefined();
    expect(kinds()).toEqual([]);
  });

  test("the directory is made", async () => {
    const deep = path("deep/er");
    await open(deep).save(house("a"));
    expect(nameIn(open(deep).load())).toBe("a");
  });

  test("each promise keeps its word: its state or a newer one is on disk", async () => {
    const store = open();
    const names = Array.from({ length: 50 }, (_, at) => String(at));
    const seen = await Promise.all(
      names.map(async (name) => {
        await store.save(house(name));
        return Number(onDisk("house.json"));
      }),
    );
    for (const [at, number] of seen.entries()) expect(number).toBeGreaterThanOrEqual(at);
    // All that came during the first write went out in the second: the one before it is the first.
    expect([onDisk("house.previous.json"), onDisk("house.json")]).toEqual(["0", "49"]);
  });

  test("nothing temporary is left behind", async () => {
    const store = open();
    for (const name of ["a", "b", "c"]) await store.save(house(name));
    await store.close();
    expect(readdirSync(directory).toSorted()).toEqual(["house.json", "house.previous.json"]);
  });

  test("a disk that refuses is told once; close tries a last time", async () => {
    const blocked = path("state");
    writeFileSync(blocked, "a file where the directory should be");
    const store = open(blocked);
    expect(await store.save(house("a"))).toBe(false);
    expect(await store.save(house("b"))).toBe(false);
    expect(kinds()).toEqual(["state not saved"]);
    rmSync(blocked);
    await store.close();
    expect(kinds()).toEqual(["state not saved", "state saved again"]);
    expect(nameIn(open(blocked).load())).toBe("b");
  });
});

describe("the journal", () => {
  test("has what the file has not, in lines that a person can read", async () => {
    const last = await journal(open(), 3);
    expect(onDisk("house.json")).toBe(`${last - 3}`);
    expect(readFileSync(path("house.journal-1"), "utf8")).toContain(`"name":"${last}"`);
    expect(open().load()).toEqual(house(`${last}`, last));
    expect(kinds()).toEqual([]);
  });

  test("is gone when the server has stopped, so that the file is all there is to keep", async () => {
    const store = open();
    const last = await journal(store, 2);
    await store.close();
    expect(readdirSync(directory).toSorted()).toEqual(["house.json", "house.previous.json"]);
    expect(onDisk("house.json")).toBe(`${last}`);
  });

  test("is gone as well if clients leave while the server stops, however late, and that is saved", async () => {
    for (let turns = 0; turns < 40; turns++) {
      const store = open();
      store.load();
      const last = await journal(store, 2);
      const closed = store.close();
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      const changes = [1, 2].map((more) => store.save(house(`left ${more}`, last + more)));
      expect(await Promise.all(changes)).toEqual([true, true]);
      await closed;
      expect(onDisk("house.json")).toBe("left 2");
      expect(readdirSync(directory).toSorted()).toEqual(["house.json", "house.previous.json"]);
    }
    expect(kinds()).toEqual([]);
  });

  test("after a crash is gone, too, even if nothing changed since", async () => {
    const last = await journal(open(), 2);
    const again = open();
    again.load();
    await again.close();
    expect(onDisk("house.json")).toBe(`${last}`);
    expect(existsSync(path("house.journal-1"))).toBe(false);
  });

  test("goes with the file before, too, when the newest is broken", async () => {
    const store = open();
    const last = await journal(store, 2);
    await store.save(house("2", last - 1));
    // An older one was saved whole; what the journal leads on from stands in the file before.
    writeFileSync(path("house.json"), "{");
    expect(open().load()).toEqual(house(`${last}`, last));
    expect(kinds()).toEqual(["state file broken", "earlier state used"]);
  });

  test("of another house is not used and not lost", async () => {
    const last = await journal(open(), 2);
    writeFileSync(path("house.json"), JSON.stringify(house("restored", 1)));
    expect(nameIn(open().load())).toBe("restored");
    expect(events).toMatchObject([{ kind: "changes lost", changes: last > 3 ? 2 : 1 }]);
    expect(existsSync(path("house.journal-1.broken-1"))).toBe(true);
  });

  test("a line that was tampered with ends it", async () => {
    const last = await journal(open(), 3);
    const text = readFileSync(path("house.journal-1"), "utf8");
    writeFileSync(path("house.journal-1"), text.replace(`"name":"${last}"`, '"name":"x"'));
    expect(nameIn(open().load())).toBe(`${last - 1}`);
  });
});

describe("a file that cannot be used", () => {
  const broken: [string, string][] = [
    ["empty", ""],
    ["cut off", '{"schemaVersion":1,"groups":['],
    ["not ours", '{"hello":"world"}'],
    ["of a later version", JSON.stringify({ ...house("x"), schemaVersion: 2 })],
    ["zeros", "\0".repeat(4_096)],
  ];

  test.each(broken)("%s: the one before is used, the broken one kept", async (_, content) => {
    const store = open();
    await store.save(house("before"));
    await store.save(house("newest"));
    writeFileSync(path("house.json"), content);
    const again = open();
    expect(nameIn(again.load())).toBe("before");
    expect(kinds()).toEqual(["state file broken", "earlier state used"]);
    expect(readFileSync(path("house.broken-1.json"), "utf8")).toBe(content);
    await again.save(house("after"));
    expect(onDisk("house.json")).toBe("after");
    expect(onDisk("house.previous.json")).toBe("before");
  });

  test("both broken: starts as new, keeps both, and the next broken one gets the next number", () => {
    writeFileSync(path("house.json"), "{");
    writeFileSync(path("house.previous.json"), "[");
    expect(open().load()).toBeUndefined();
    expect(kinds()).toEqual(["state file broken", "state file broken", "state lost"]);
    writeFileSync(path("house.json"), "second");
    open().load();
    expect(readFileSync(path("house.broken-1.json"), "utf8")).toBe("{");
    expect(readFileSync(path("house.previous.broken-1.json"), "utf8")).toBe("[");
    expect(readFileSync(path("house.broken-2.json"), "utf8")).toBe("second");
  });

  test("a missing newest file beside an earlier one is told", async () => {
    const store = open();
    await store.save(house("before"));
    await store.save(house("newest"));
    rmSync(path("house.json"));
    expect(nameIn(open().load())).toBe("before");
    expect(kinds()).toEqual(["earlier state used"]);
  });

  test("a half-written file beside it changes nothing", async () => {
    await open().save(house("whole"));
    writeFileSync(path("house.json.new"), "{");
    expect(nameIn(open().load())).toBe("whole");
    expect(existsSync(path("house.broken-1.json"))).toBe(false);
  });
});

test("the file is for the service and its group only", async () => {
  await open().save(house("a"));
  const { mode } = statSync(path("house.json"));
  expect(mode & 0o007).toBe(0);
});
