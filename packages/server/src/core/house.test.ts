import { type Hello, ProtocolError } from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import { House, type HouseChange, type HouseOptions } from "./house.ts";

const wall = { sec: 100, usec: 5 };

function hello(id: string, more: Partial<Hello> = {}): Hello {
  return {
    id,
    instance: 1,
    mac: "00:11:22:33:44:55",
    hostName: `host-${id}`,
    clientName: "Snapclient",
    version: "0.26.0",
    os: "Debian",
    arch: "x86_64",
    protocolVersion: 2,
    ...more,
  };
}

function houseOf(options: Partial<HouseOptions> = {}): House {
  let made = 0;
  return new House({
    defaultStream: "music",
    streamIds: ["music", "tv"],
    bufferMs: 1_000,
    initialVolume: 70,
    randomId: () => `group-${++made}`,
    clientsMax: 8,
    groupsMax: 8,
    ...options,
  });
}

/** A house with these clients, each in a group of its own: group-1, group-2, ... */
function houseWith(ids: readonly string[], options: Partial<HouseOptions> = {}): House {
  const house = houseOf(options);
  for (const id of ids) house.connect(hello(id), "10.0.0.9", wall);
  return house;
}

const shape = (house: House) =>
  house.groups().map(({ id, muted, stream_id, clients }) => ({
    id,
    muted,
    stream: stream_id,
    clients: clients.map((client) => client.id),
  }));
const methodsOf = (changes: readonly HouseChange[]) =>
  changes.flatMap((change) => (change.kind === "notify" ? [change.method] : []));
const forClients = (changes: readonly HouseChange[]) =>
  changes.filter(({ kind }) => kind === "settings" || kind === "stream" || kind === "forgotten");

describe("arrivals", () => {
  test("a newcomer gets a group of its own on the default stream, and all are told the whole", () => {
    const house = houseOf();
    const changes = house.connect(hello("a"), "::ffff:10.0.0.9", wall);
    expect(methodsOf(changes)).toEqual(["Server.OnUpdate"]);
    expect(changes).toContainEqual({ kind: "changed" });
    expect(shape(house)).toEqual([
      { id: "group-1", muted: false, stream: "music", clients: ["a"] },
    ]);
    expect(house.settingsOf("a")).toEqual({ volumePercent: 70, muted: false, latencyMs: 0 });
    expect(house.client("a")).toEqual({
      config: { instance: 1, latency: 0, name: "", volume: { muted: false, percent: 70 } },
      connected: true,
      host: {
        arch: "x86_64",
        ip: "10.0.0.9",
        mac: "00:11:22:33:44:55",
        name: "host-a",
        os: "Debian",
      },
      id: "a",
      lastSeen: wall,
      snapclient: { name: "Snapclient", protocolVersion: 2, version: "0.26.0" },
    });
  });

  test("one that comes back keeps its settings and shows its new host data", () => {
    const house = houseWith(["a"]);
    house.setVolume("a", { percent: 12 });
    const gone = house.disconnect("a", { sec: 200, usec: 0 });
    expect(methodsOf(gone)).toEqual(["Client.OnDisconnect"]);
    expect(house.client("a")).toMatchObject({ connected: false, lastSeen: { sec: 200 } });
    const back = house.connect(hello("a", { version: "0.31.0" }), "10.0.0.7", wall);
    expect(methodsOf(back)).toEqual(["Client.OnConnect"]);
    expect(house.client("a")).toMatchObject({
      connected: true,
      host: { ip: "10.0.0.7" },
      snapclient: { version: "0.31.0" },
      config: { volume: { percent: 12 } },
    });
  });

  test("further instances on a host are clients of their own", () => {
    const house = houseOf();
    house.connect(hello("a", { instance: 2 }), "10.0.0.9", wall);
    expect(house.client("a#2")?.config.instance).toBe(2);
  });

  test.each(["", "x".repeat(257)])("the id %j is refused", (id) => {
    expect(() => houseOf().connect(hello(id), "10.0.0.9", wall)).toThrow(ProtocolError);
  });

  test("a full house forgets the unnamed client that is away for the longest", () => {
    const house = houseWith(["a", "b", "c"], { clientsMax: 3 });
    house.setClientName("a", "Kitchen");
    house.disconnect("a", { sec: 1, usec: 0 });
    house.disconnect("c", { sec: 2, usec: 0 });
    house.disconnect("b", { sec: 3, usec: 0 });
    const changes = house.connect(hello("d"), "10.0.0.9", wall);
    expect(forClients(changes)).toEqual([{ kind: "forgotten", client: "c" }]);
    expect(shape(house).flatMap(({ clients }) => clients)).toEqual(["a", "b", "d"]);
  });

  test("a house full of clients that are there takes no more", () => {
    const house = houseWith(["a", "b"], { clientsMax: 2 });
    expect(() => house.connect(hello("c"), "10.0.0.9", wall)).toThrow(ProtocolError);
    expect(house.groups()).toHaveLength(2);
  });

  test("above the limit of groups a newcomer shares one on the default stream", () => {
    const house = houseWith(["a", "b"], { groupsMax: 2 });
    house.setStream("group-2", "tv");
    house.connect(hello("c"), "10.0.0.9", wall);
    expect(shape(house)[0]?.clients).toEqual(["a", "c"]);
  });

  test("a group whose stream is gone takes the default stream when its client comes", () => {
    const first = houseWith(["a", "b"]);
    first.setMembers("group-1", ["a", "b"]);
    first.setStream("group-1", "tv");
    const house = houseOf({ saved: first.saved(), streamIds: ["music"] });
    expect(house.groups()[0]?.stream_id).toBe("tv");
    const changes = house.connect(hello("b"), "10.0.0.9", wall);
    expect(methodsOf(changes)).toEqual(["Group.OnStreamChanged", "Client.OnConnect"]);
    expect(forClients(changes)).toEqual([]);
    expect(house.streamOf("a")).toBe("music");
  });

  test("signs of life show, and are not worth writing", () => {
    const house = houseWith(["a"]);
    house.seen("a", { sec: 999, usec: 1 });
    house.seen("stranger", { sec: 999, usec: 1 });
    expect(house.client("a")?.lastSeen).toEqual({ sec: 999, usec: 1 });
  });
});

describe("settings", () => {
  test.each([
    [{ percent: 150 }, { percent: 100, muted: false }],
    [{ percent: -5 }, { percent: 0, muted: false }],
    [{ percent: 55.7 }, { percent: 55, muted: false }],
    [{ muted: true }, { percent: 70, muted: true }],
    [{}, { percent: 70, muted: false }],
  ])("volume %j becomes %j", (set, expected) => {
    const house = houseWith(["a"]);
    const { volume, changes } = house.setVolume("a", set);
    expect(volume).toEqual(expected);
    expect(house.client("a")?.config.volume).toEqual(expected);
    expect(forClients(changes)).toEqual([{ kind: "settings", client: "a" }]);
  });

  test.each([
    [12.34, 12.3],
    [12.35, 12.4],
    [99_999, 1_000],
    [-99_999, -10_000],
    [0.1 + 0.2, 0.3],
  ])("latency %d becomes %d", (ms, expected) => {
    const house = houseWith(["a"]);
    house.setLatency("a", ms);
    expect(house.settingsOf("a").latencyMs).toBe(expected);
  });

  test("a group's mute mutes its clients and leaves their own alone", () => {
    const house = houseWith(["a", "b"]);
    house.setMembers("group-1", ["a", "b"]);
    const changes = house.setMute("group-1", true);
    expect(forClients(changes).map((change) => "client" in change && change.client)).toEqual([
      "a",
      "b",
    ]);
    expect(house.settingsOf("b").muted).toBe(true);
    expect(house.client("b")?.config.volume.muted).toBe(false);
  });

  test("what is set at the speaker is kept and told to all, not to the speaker", () => {
    const house = houseWith(["a"]);
    const changes = house.clientInfo("a", { volumePercent: 33, muted: true });
    expect(methodsOf(changes)).toEqual(["Client.OnVolumeChanged"]);
    expect(forClients(changes)).toEqual([]);
    expect(house.settingsOf("a")).toMatchObject({ volumePercent: 33, muted: true });
  });

  test("of a muted group the speaker's own mute stays what it was", () => {
    const house = houseWith(["a"]);
    house.setMute("group-1", true);
    house.clientInfo("a", { volumePercent: 33, muted: true });
    expect(house.client("a")?.config.volume).toEqual({ muted: false, percent: 33 });
  });
});

describe("streams and members", () => {
  test("another stream is told to connected clients, the same one to none", () => {
    const house = houseWith(["a", "b"]);
    house.setMembers("group-1", ["a", "b"]);
    house.disconnect("b", wall);
    expect(forClients(house.setStream("group-1", "tv"))).toEqual([
      { kind: "stream", client: "a", stream: "tv" },
    ]);
    const again = house.setStream("group-1", "tv");
    expect(forClients(again)).toEqual([]);
    expect(methodsOf(again)).toEqual(["Group.OnStreamChanged"]);
  });

  test("clients pulled in follow the group's stream and mute; their emptied groups vanish", () => {
    const house = houseWith(["a", "b"]);
    house.setStream("group-1", "tv");
    house.setMute("group-1", true);
    const changes = house.setMembers("group-1", ["a", "b", "nobody", "b"]);
    expect(shape(house)).toEqual([
      { id: "group-1", muted: true, stream: "tv", clients: ["a", "b"] },
    ]);
    expect(forClients(changes)).toEqual([
      { kind: "settings", client: "b" },
      { kind: "stream", client: "b", stream: "tv" },
    ]);
  });

  test("clients sent away get groups of their own at the end, on the same stream, not muted", () => {
    const house = houseWith(["a", "b", "c"]);
    house.setMembers("group-1", ["a", "b", "c"]);
    house.setStream("group-1", "tv");
    house.setMute("group-1", true);
    const changes = house.setMembers("group-1", ["b"]);
    expect(shape(house)).toEqual([
      { id: "group-1", muted: true, stream: "tv", clients: ["b"] },
      { id: "group-4", muted: false, stream: "tv", clients: ["a"] },
      { id: "group-5", muted: false, stream: "tv", clients: ["c"] },
    ]);
    expect(forClients(changes)).toEqual([
      { kind: "settings", client: "a" },
      { kind: "settings", client: "c" },
    ]);
  });

  test("members keep their order, those who join follow in the order asked for", () => {
    const house = houseWith(["a", "b", "c"]);
    house.setMembers("group-2", ["c", "b", "a"]);
    expect(shape(house)).toEqual([
      { id: "group-2", muted: false, stream: "music", clients: ["b", "c", "a"] },
    ]);
  });

  test("a group given no clients vanishes", () => {
    const house = houseWith(["a", "b"]);
    house.setMembers("group-1", []);
    expect(shape(house).map(({ id, clients }) => [id, clients])).toEqual([
      ["group-2", ["b"]],
      ["group-3", ["a"]],
    ]);
  });

  test("splitting beyond the limit of groups is seen before", () => {
    const house = houseWith(["a", "b", "c"], { groupsMax: 3 });
    house.setMembers("group-1", ["a", "b", "c"]);
    expect(house.hasRoomFor("group-1", [])).toBe(true);
    house.connect(hello("d"), "10.0.0.9", wall);
    expect(house.hasRoomFor("group-1", ["a", "b"])).toBe(true);
    expect(house.hasRoomFor("group-1", [])).toBe(false);
  });

  test("a deleted client is forgotten with its group, and is new when it comes again", () => {
    const house = houseWith(["a", "b"]);
    house.setVolume("a", { percent: 5 });
    const changes = house.deleteClient("a");
    expect(forClients(changes)).toEqual([{ kind: "forgotten", client: "a" }]);
    expect(methodsOf(changes)).toEqual(["Server.OnUpdate"]);
    expect(house.client("a")).toBeUndefined();
    expect(house.disconnect("a", wall)).toEqual([]);
    house.connect(hello("a"), "10.0.0.9", wall);
    expect(house.settingsOf("a").volumePercent).toBe(70);
  });
});

describe("across a restart", () => {
  test("ids, names, volumes, latencies, groups and streams are as before, nobody is connected", () => {
    const before = houseWith(["a", "b", "c"]);
    before.setMembers("group-1", ["a", "b"]);
    before.setGroupName("group-1", "Küche");
    before.setStream("group-1", "tv");
    before.setLatency("b", 12.5);
    before.setVolume("a", { percent: 44, muted: true });
    const saved = JSON.parse(JSON.stringify(before.saved()));
    const after = houseOf({ saved });
    const away = before.groups().map((group) => ({
      ...group,
      clients: group.clients.map((client) => ({ ...client, connected: false })),
    }));
    expect(after.groups()).toEqual(away);
    expect(after.saved()).toEqual({ ...saved, revision: 1_000_000 });
  });

  test("a saved copy does not change with the house", () => {
    const house = houseWith(["a"]);
    const saved = house.saved();
    const before = JSON.stringify(saved);
    house.setVolume("a", { percent: 1 });
    house.setStream("group-1", "tv");
    expect(JSON.stringify(saved)).toBe(before);
  });

  test("a file that contradicts itself is put right", () => {
    const saved = houseWith(["a", "b", "c"]).saved();
    const group = (id: string, clients: string[]) => ({
      id,
      clients,
      muted: false,
      name: "",
      streamId: "tv",
    });
    const house = houseOf({
      saved: {
        ...saved,
        groups: [group("x", ["a", "ghost"]), group("x", ["b"]), group("y", ["a"]), group("z", [])],
      },
    });
    expect(shape(house).map(({ id, clients }) => [id, clients])).toEqual([
      ["x", ["a"]],
      ["group-1", ["b"]],
      ["group-2", ["c"]],
    ]);
  });
});
