import { expect, test } from "vitest";
import { widthOf } from "./cell.ts";
import { LOOKS_MAX, remember } from "./history.ts";
import type { Client, ClientStats, House } from "./house-view.ts";
import { describeHouse } from "./status-text.ts";

const PLAIN = { colours: false };
const stats: ClientStats = {
  playing: true,
  synchronised: true,
  syncErrorUs: 12,
  syncErrorUncertaintyUs: 30,
  syncErrorBoundUs: 400,
  bufferedMs: 980,
  roundTripUs: 812,
  driftPpm: -3.25,
  underruns: 2,
  ageMs: 400,
};

function client(id: string, name: string, more: Partial<Client> = {}): Client {
  return {
    id,
    connected: true,
    config: { instance: 1, latency: 12.5, name, volume: { muted: false, percent: 40 } },
    host: { arch: "", ip: "10.0.0.2", mac: "", name: "pi", os: "" },
    lastSeen: { sec: 0, usec: 0 },
    snapclient: { name: "Tutti", protocolVersion: 2, version: "1" },
    ...more,
  };
}

function house(...clients: Client[]): House {
  const can = { canControl: false, canGoNext: false, canGoPrevious: false };
  const uri = {
    ...{ fragment: "", host: "", path: "/run/music.fifo", raw: "", scheme: "pipe" },
    query: { codec: "opus", sampleformat: "48000:16:2" },
  };
  return {
    groups: [{ id: "g", name: "Down", muted: false, stream_id: "Music", clients }],
    streams: [
      {
        id: "Music",
        status: "playing",
        properties: { ...can, canPause: false, canPlay: false, canSeek: false },
        uri,
      },
    ],
  };
}

test("shows streams and clients, with units", () => {
  const text = describeHouse(house(client("a", "Kitchen", { stats })), PLAIN);
  expect(text).toMatch(/Music +playing +opus +48000:16:2 +pipe:\/\/\/run\/music.fifo/);
  expect(text).toMatch(/Kitchen +Down +Music +40 % +in sync +\+12 µs ±30 µs +980 ms +812 µs/);
  expect(text).toMatch(/-3\.[23] ppm +2 +0 +0 +12\.5 ms +10\.0\.0\.2/);
});

test("what a client says of its machine stands below the table, once", () => {
  const hints = ["sleeping Wi-Fi: sudo iw dev wlan0 set power_save off"];
  const text = describeHouse(house(client("a", "Attic", { stats: { ...stats, hints } })), PLAIN);
  expect(text.split("\n").at(-1)).toBe(`Attic: ${hints[0]}`);
});

test("what the server says of its machine stands before what clients say", () => {
  const tutti = { name: "Home", presets: [], revision: 1, version: "1", hints: ["held up"] };
  const attic = client("a", "Attic", { stats: { ...stats, hints: ["weak"] } });
  const text = describeHouse({ ...house(attic), server: { tutti } }, PLAIN);
  expect(text.split("\n").slice(-2)).toEqual(["server: held up", "Attic: weak"]);
});

test("a client that gets less than it might shows both", () => {
  const given = { ...stats, coding: "opus:96", codingMax: "opus" };
  expect(describeHouse(house(client("a", "A", { stats: given })), PLAIN)).toContain(
    "opus:96 of opus ",
  );
  const best = { ...given, codingMax: "opus:96" };
  expect(describeHouse(house(client("a", "A", { stats: best })), PLAIN)).toMatch(/ opus:96 {2}/);
});

test("a stream that is idle and has a demo says so, as that is what one hears", () => {
  const quiet = house(client("a", "Kitchen", { stats }));
  const [stream] = quiet.streams;
  Object.assign(stream!, { status: "idle" });
  expect(describeHouse(quiet, PLAIN)).toMatch(/Music +idle +opus/);
  Object.assign(stream!.uri.query, { fallback: "demo" });
  expect(describeHouse(quiet, PLAIN)).toMatch(/Music +demo +opus/);
});

test.each<[string, Partial<Client>]>([
  ["connected +- +-", {}],
  ["away +- +-", { connected: false, stats }],
  ["idle", { stats: { ...stats, playing: false } }],
  ["synchronising", { stats: { ...stats, synchronised: false } }],
  ["silent for a while", { stats: { ...stats, ageMs: 60_000 } }],
  ["in sync +-1\\.50 ms", { stats: { ...stats, syncErrorUs: -1_500 } }],
])("a client's state: %s", (shown, more) => {
  expect(describeHouse(house(client("a", "Kitchen", more)), PLAIN)).toMatch(new RegExp(shown));
});

test("says which mute it is", () => {
  const volume = { muted: true, percent: 40 };
  const muted = client("a", "Bath", {
    config: { instance: 1, latency: 0, name: "Bath", volume },
  });
  expect(describeHouse(house(muted), PLAIN)).toContain("40 % muted");
  const { groups, streams } = house(client("a", "Bath"));
  const silenced = { groups: groups.map((group) => ({ ...group, muted: true })), streams };
  expect(describeHouse(silenced, PLAIN)).toContain("40 % group muted");
  expect(describeHouse(silenced, PLAIN)).not.toContain("GROUP HOLDS");
  const held = groups.map((group) => ({ ...group, tutti: { bufferMs: 3_000 } }));
  expect(describeHouse({ groups: held, streams }, PLAIN)).toMatch(/GROUP HOLDS[\s\S]* 3000 ms/);
});

test.each([40, 60, 80, 100, 120])("no line is wider than a terminal of %i columns", (width) => {
  const rooms = [client("a", "Kitchen", { stats }), client("b", "子供部屋", { stats })];
  const text = describeHouse(house(...rooms), { colours: false, width });
  for (const line of text.split("\n")) expect(widthOf(line)).toBeLessThanOrEqual(width);
  expect(text).toContain("Kitchen");
  expect(text).toContain("40 %");
});

test("paints by state, unless told not to", () => {
  const late = house(client("a", "Kitchen", { stats: { ...stats, syncErrorUs: 9_000 } }));
  expect(describeHouse(late, { colours: true })).toContain("\u001b[31m+9.00 ms");
  expect(describeHouse(late, PLAIN)).not.toContain("\u001b");
});

test("a name cannot command the terminal", () => {
  const text = describeHouse(house(client("a", "\u001b[2JKitchen\n\u202e")), { colours: false });
  expect(text).toContain("\ufffd[2JKitchen\ufffd\ufffd");
});

test("draws the course of error and buffer, the newest at the right", () => {
  let history: ReturnType<typeof remember> = new Map();
  for (const [syncErrorUs, bufferedMs] of [
    [0, 0],
    [-400, 500],
    [200, 1_000],
  ] as const) {
    const now = { ...stats, syncErrorUs, bufferedMs };
    history = remember(history, house(client("a", "Kitchen", { stats: now })));
  }
  const text = describeHouse(house(client("a", "Kitchen", { stats })), PLAIN, history);
  expect(text).toContain("ERROR UP TO 400 µs");
  expect(text).toMatch(/▁█▅ +▁▅█/);
  for (let look = 0; look < 100; look++) history = remember(history, house(client("a", "Kitchen")));
  expect(history.get("a")?.syncErrorUs).toHaveLength(LOOKS_MAX);
  expect(remember(history, house()).size).toBe(0);
});
