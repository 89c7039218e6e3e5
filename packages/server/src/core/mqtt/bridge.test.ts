import { between, serverInstant, toMillis } from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import { BrokerRig } from "../../../test/broker-rig.ts";
import { OWN, STOCK } from "../../../test/server-rig.ts";
import type { BridgeOptions } from "./retained.ts";

const STATS = {
  ...{ playing: true, synchronised: true, timeWay: "datagram" as const, bufferedMs: 900 },
  ...{ correctionPpm: 0, receivedChunks: 1, lateChunks: 0, duplicateChunks: 0 },
  ...{ lostChunks: 0, underruns: 0, jumps: 0 },
};
const DEVICE = "homeassistant/device/tutti_speaker";

/** One speaker of our own kind and a stock one, each in its group, on a broker that is there. */
function house(set: Partial<BridgeOptions> = {}): BrokerRig {
  const rig = new BrokerRig(set);
  const tutti = { ...OWN.tutti, commands: ["identify"], stats: true } as NonNullable<
    typeof OWN.tutti
  >;
  rig.house.join(1, { ...OWN, clientName: "Tutti", hostName: "kitchen", tutti });
  rig.house.join(2, STOCK);
  rig.pass(0);
  return rig;
}

function report(rig: BrokerRig, syncErrorUs: number): void {
  rig.happen(rig.house.say(1, { kind: "client stats", stats: { ...STATS, syncErrorUs } }));
}

/** What is said about one device, without the beginning of its topics. */
function about(rig: BrokerRig, path: string): Record<string, string> {
  const all = [...rig.retained].filter(([topic]) => topic.startsWith(`tutti/${path}/`));
  return Object.fromEntries(
    all.map(([topic, payload]) => [topic.split("/").at(-1) ?? "", payload]),
  );
}

const groups = (rig: BrokerRig) => rig.house.server.house(rig.now).groups;
const volume = (rig: BrokerRig) => groups(rig)[0]?.clients[0]?.config.volume;

/** Puts both speakers into one group; returns its id. */
function together(rig: BrokerRig): string {
  const id = groups(rig)[0]?.id ?? "";
  rig.call("Group.SetClients", { id, clients: ["own", "stock"] });
  rig.pass(100);
  return id;
}

describe("a house is shown", () => {
  test("when the broker is there: discovery, what is the case, and that we are online", () => {
    const rig = house();
    expect(rig.subscribed).toEqual(["tutti/+/+/+/set", "tutti/+/+/name", "homeassistant/status"]);
    expect(about(rig, "speaker/own")).toEqual({
      ...{ name: "kitchen", volume: "30", mute: "OFF", source: "music", delay: "0" },
      ...{ sync_error: "None", state: "idle", availability: "online" },
    });
    expect(about(rig, "speaker/stock")).not.toHaveProperty("sync_error");
    expect(rig.published.at(-1)).toEqual(["tutti/status", "online"]);
  });

  test("as Home Assistant wants it: one message for all entities of a speaker", () => {
    const rig = house();
    const own = JSON.parse(rig.retained.get(`${DEVICE}_own/config`) ?? "");
    expect(own.device).toEqual({
      ...{ identifiers: ["tutti_speaker_own"], name: "kitchen", manufacturer: "Tutti" },
      ...{ model: "Tutti", sw_version: "0.26.0" },
    });
    expect(own.origin).toEqual({ name: "Tutti", sw_version: "1" });
    const platforms = Object.entries<{ platform: string }>(own.components).map(
      ([name, { platform }]) => [name, platform],
    );
    expect(Object.fromEntries(platforms)).toEqual({
      ...{ volume: "number", mute: "switch", source: "select", delay: "number" },
      ...{ sync_error: "sensor", state: "sensor", identify: "button" },
    });
    expect(own.components.source).toMatchObject({
      options: ["music", "radio"],
      state_topic: "tutti/speaker/own/source",
      command_topic: "tutti/speaker/own/source/set",
    });
    expect(own.components.delay).toMatchObject({ min: -10_000, max: 1_000, step: 0.1 });
    // The message for a stock client offers nothing that it cannot do.
    const stock = JSON.parse(rig.retained.get(`${DEVICE}_stock/config`) ?? "");
    expect(Object.keys(stock.components)).toEqual(["volume", "mute", "source", "delay", "state"]);
  });

  test("and every topic that it names says something", () => {
    const rig = house();
    together(rig);
    for (const [topic, payload] of rig.retained) {
      if (!topic.endsWith("/config")) continue;
      const text = payload.matchAll(/"(?:state_topic|topic)":"([^"]*)"/g);
      const named = [...text].map(([, name]) => name ?? "");
      expect(named.filter((name) => !rig.retained.has(name))).toEqual([]);
      expect(named.length).toBeGreaterThan(4);
    }
  });

  test("and told again where it is another: a name", () => {
    const rig = house();
    rig.pass(1_000);
    rig.published.length = 0;
    rig.call("Client.SetName", { id: "own", name: "Küche" });
    expect(rig.published.map(([topic]) => topic)).toEqual([
      ...[`${DEVICE}_own/config`, "tutti/speaker/own/name"],
    ]);
    expect(JSON.parse(rig.published[0]?.[1] ?? "").device.name).toBe("Küche");
  });

  test("and only what changed is told again", () => {
    const rig = house();
    rig.published.length = 0;
    rig.pass(1_000);
    rig.call("Client.SetVolume", { id: "own", volume: { percent: 12 } });
    expect(rig.published).toEqual([["tutti/speaker/own/volume", "12"]]);
  });

  test("and a slider is followed ten times a second, to its end", () => {
    const rig = house();
    rig.pass(1_000);
    rig.published.length = 0;
    for (let percent = 31; percent <= 90; percent++) {
      rig.call("Client.SetVolume", { id: "own", volume: { percent } });
      rig.pass(10);
    }
    rig.pass(100);
    expect(rig.published.length).toBeGreaterThan(5);
    expect(rig.published.length).toBeLessThan(10);
    expect(rig.published.at(-1)).toEqual(["tutti/speaker/own/volume", "90"]);
  });

  test("without what is empty, and without Home Assistant where that is not wanted", () => {
    const rig = house({ discovery: false });
    expect([...rig.retained.keys()].filter((topic) => topic.startsWith("home"))).toEqual([]);
    // What it may have been told before is taken back.
    expect(rig.published).toContainEqual([`${DEVICE}_own/config`, ""]);
    expect(rig.subscribed).not.toContain("homeassistant/status");
  });
});

describe("a sync error", () => {
  test("is told when its time has come, whatever else is told meanwhile", () => {
    const rig = house();
    rig.pass(15_000);
    for (let second = 0; second < 60; second++) {
      report(rig, second * 10 + 0.4);
      rig.call("Client.SetVolume", { id: "own", volume: { percent: second } });
      rig.house.ask(1);
      rig.pass(1_000);
    }
    const errors = rig.published.filter(([topic]) => topic.endsWith("own/sync_error"));
    expect(errors.length).toBeGreaterThan(3);
    expect(errors.length).toBeLessThan(7);
    expect(errors.at(-1)).toEqual(["tutti/speaker/own/sync_error", "590"]);
  });

  test("is not known at once when the speaker goes", () => {
    const rig = house();
    report(rig, -40);
    rig.pass(15_000);
    expect(about(rig, "speaker/own")).toMatchObject({ sync_error: "-40" });
    rig.enter({ kind: "disconnected", session: 1 });
    rig.pass(100);
    expect(about(rig, "speaker/own")).toMatchObject({
      ...{ sync_error: "None", state: "offline", availability: "offline" },
    });
  });
});

describe("a group", () => {
  test("of two is a device, and vanishes with all its topics when they part", () => {
    const rig = house();
    const id = together(rig);
    expect(about(rig, `group/${id}`)).toMatchObject({
      ...{ name: "kitchen + den", volume: "30", mute: "OFF", source: "music" },
    });
    rig.send(`tutti/group/${id}/volume/set`, "50");
    rig.send(`tutti/group/${id}/volume/set`, "101");
    rig.send(`tutti/group/${id}/mute/set`, "ON");
    rig.send(`tutti/group/${id}/source/set`, "radio");
    rig.pass(100);
    expect(rig.events.at(-1)).toMatchObject({ reason: "Parameter 'percent' is too big" });
    expect(about(rig, `group/${id}`)).toMatchObject({
      ...{ volume: "50", mute: "ON", source: "radio" },
    });
    expect(about(rig, "speaker/stock")).toMatchObject({ volume: "50", mute: "OFF" });
    rig.call("Group.SetClients", { id, clients: ["own"] });
    rig.pass(100);
    expect([...rig.retained.keys()].filter((topic) => /group/.test(topic))).toEqual([]);
  });

  test("is none where groups are not wanted", () => {
    const rig = house({ groups: false });
    together(rig);
    expect([...rig.retained.keys()].filter((topic) => /group/.test(topic))).toEqual([]);
  });
});

describe("a command", () => {
  test.each([
    ["volume", "55", { volume: "55" }],
    ["volume", "12.7", { volume: "12" }],
    ["mute", "ON", { mute: "ON" }],
    ["source", "radio", { source: "radio" }],
    ["delay", "-12.3", { delay: "-12.3" }],
    ["delay", "99999", { delay: "1000" }],
  ])("%s %s is carried out, and shown", (property, payload, expected) => {
    const rig = house();
    rig.pass(1_000);
    rig.send(`tutti/speaker/own/${property}/set`, payload);
    rig.pass(100);
    expect(about(rig, "speaker/own")).toMatchObject(expected);
    expect(rig.events.filter(({ kind }) => kind === "command refused")).toEqual([]);
  });

  test("identify reaches the speaker; one that cannot is told about", () => {
    const rig = house();
    rig.send("tutti/speaker/own/identify/set", "PRESS");
    expect(rig.events.filter(({ kind }) => kind === "command refused")).toEqual([]);
    rig.send("tutti/speaker/stock/identify/set", "PRESS");
    expect(rig.events.at(-1)).toMatchObject({ kind: "command refused" });
  });

  test.each([
    ["speaker/own/volume", "loud", /not a number/],
    ["speaker/own/volume", "1e3", /not a number/],
    ["speaker/own/volume", "", undefined],
    ["speaker/own/mute", "maybe", /neither ON nor OFF/],
    ["speaker/own/source", "nowhere", /Stream not found/],
    ["speaker/own/source", "x".repeat(2_000), /too long/],
    ["speaker/own/name", "x", /no such property/],
    ["speaker/own/toString", "x", /no such property/],
    ["speaker/nobody/volume", "5", /no such speaker/],
    ["group/own/volume", "5", /no such group/],
  ])("%s %j changes nothing and is told once", (path, payload, reason) => {
    const rig = house();
    const before = new Map(rig.retained);
    for (let time = 0; time < 3; time++) rig.send(`tutti/${path}/set`, payload);
    rig.pass(100);
    expect(rig.retained).toEqual(before);
    const told = rig.events.filter(({ kind }) => kind === "command refused");
    expect(told.map((event) => ("reason" in event ? event.reason : ""))).toEqual(
      reason ? [expect.stringMatching(reason)] : [],
    );
  });

  test("of another topic is told about again once something sensible came", () => {
    const rig = house();
    for (const payload of ["x", "5", "x"]) rig.send("tutti/speaker/own/volume/set", payload);
    expect(rig.events.filter(({ kind }) => kind === "command refused")).toHaveLength(2);
  });

  test("nonsense of a thousand topics fills no log", () => {
    const rig = house();
    for (let at = 0; at < 1_000; at++) rig.send(`tutti/speaker/x${at}/volume/set`, "5");
    expect(rig.events.filter(({ kind }) => kind === "command refused")).toHaveLength(64);
  });

  test("that the broker has kept is not carried out", () => {
    const rig = house();
    rig.send("tutti/speaker/own/volume/set", "99", true);
    expect(volume(rig)?.percent).toBe(30);
    expect(rig.events.at(-1)).toMatchObject({ kind: "command refused" });
  });
});

describe("what is not there any more is taken away", () => {
  test("a speaker that is forgotten", () => {
    const rig = house();
    rig.call("Server.DeleteClient", { id: "own" });
    rig.pass(100);
    expect([...rig.retained.keys()].filter((topic) => /own/.test(topic))).toEqual([]);
    expect(rig.retained.has(`${DEVICE}_stock/config`)).toBe(true);
  });

  test("and one that was forgotten while we were away, as the broker still tells of it", () => {
    const rig = house();
    rig.published.length = 0;
    rig.send("tutti/speaker/old/name", "Attic", true);
    expect(rig.published).toContainEqual([`${DEVICE}_old/config`, ""]);
    expect(rig.published).toContainEqual(["tutti/speaker/old/availability", ""]);
    // Our own are not.
    rig.published.length = 0;
    rig.send("tutti/speaker/own/name", "kitchen", true);
    expect(rig.published).toEqual([]);
  });
});

test("Home Assistant that comes back is told of all devices again, and of nothing else", () => {
  const rig = house();
  rig.published.length = 0;
  rig.send("homeassistant/status", "online", true);
  rig.send("homeassistant/status", "offline");
  expect(rig.published).toEqual([]);
  rig.send("homeassistant/status", "online");
  expect(rig.published.map(([topic]) => topic)).toEqual([
    ...[`${DEVICE}_own/config`, `${DEVICE}_stock/config`],
  ]);
});

describe("the broker", () => {
  test("that is away is asked more and more seldom, and told about once", () => {
    const rig = new BrokerRig();
    rig.away = "connect ECONNREFUSED";
    rig.pass(120_000);
    const waits = rig.attempts.map((at, index) =>
      index === 0 ? 0 : toMillis(between(rig.attempts[index - 1]!, at)),
    );
    expect(waits.slice(0, 8)).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(rig.events).toEqual([{ kind: "broker away", reason: "connect ECONNREFUSED" }]);
    rig.away = "Not authorized";
    rig.pass(60_000);
    expect(rig.events).toHaveLength(2);
    rig.away = undefined;
    rig.pass(60_000);
    expect(rig.events.at(-1)).toEqual({ kind: "broker connected", broker: "mqtt://here" });
  });

  test("that was started anew is told everything again", () => {
    const rig = house();
    const before = new Map(rig.retained);
    rig.pass(60_000);
    rig.retained.clear();
    rig.tell({ kind: "lost", reason: "the connection ended" });
    expect(rig.events.at(-1)).toEqual({ kind: "broker lost", reason: "the connection ended" });
    rig.call("Client.SetVolume", { id: "own", volume: { percent: 77 } });
    rig.pass(1_000);
    expect(rig.retained).toEqual(before.set("tutti/speaker/own/volume", "77"));
  });

  test("that throws us out at once is not asked in an endless loop", () => {
    const rig = new BrokerRig();
    for (let time = 0; time < 10; time++) {
      rig.pass(30_000);
      rig.tell({ kind: "lost", reason: "taken over" });
    }
    expect(rig.attempts.length).toBeLessThanOrEqual(11);
  });

  test("is told when the server ends, and nothing when it is not there", () => {
    const rig = house();
    rig.tell({ kind: "stop" });
    expect(rig.retained.get("tutti/status")).toBe("offline");
    rig.tell({ kind: "lost", reason: "x" });
    expect(rig.tell({ kind: "stop" })).toEqual([]);
    expect(rig.tell({ kind: "changed" })).toEqual([]);
  });
});

test("a clock that goes back delays nothing", () => {
  const rig = house();
  rig.house.now = serverInstant(0);
  rig.call("Client.SetVolume", { id: "own", volume: { percent: 5 } });
  rig.pass(100);
  expect(about(rig, "speaker/own")).toMatchObject({ volume: "5", availability: "offline" });
});
