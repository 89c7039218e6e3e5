import type { Hello } from "@tutti/protocol";
import {
  BATCH_CALLS_MAX,
  METHODS,
  type MethodSpec,
  NOTIFICATIONS,
  type NotificationName,
  type ReportedStats,
} from "@tutti/protocol/control";
import { beforeEach, describe, expect, test } from "vitest";
import { Control } from "./control.ts";
import { House } from "./house.ts";
import type { StreamStatus } from "./status.ts";

const wall = { sec: 100, usec: 5 };

function stream(id: string, more: Partial<StreamStatus> = {}): StreamStatus {
  const query = { chunk_ms: "20", codec: "opus", name: id, sampleformat: "48000:16:2" };
  const uri = {
    fragment: "",
    host: "",
    path: "/run/f",
    query,
    raw: `pipe:///run/f?name=${id}`,
    scheme: "pipe",
  };
  return { id, status: "idle", uri, properties: {}, ...more };
}

function hello(id: string): Hello {
  return {
    id,
    instance: 1,
    mac: "00:11:22:33:44:55",
    hostName: "Küche",
    clientName: "Snapclient",
    version: "0.26.0",
    os: "Debian",
    arch: "x86_64",
    protocolVersion: 2,
  };
}

const STATS: ReportedStats = {
  playing: true,
  synchronised: true,
  syncErrorUs: -3.5,
  syncErrorBoundUs: 40,
  timeWay: "datagram",
  bufferedMs: 980,
  correctionPpm: 0,
  receivedChunks: 9,
  lateChunks: 0,
  duplicateChunks: 0,
  lostChunks: 0,
  underruns: 0,
  jumps: 0,
  ageMs: 400,
};

let house: House;
let control: Control;

beforeEach(() => {
  let made = 0;
  house = new House({
    defaultStream: "music",
    streamIds: ["music", "tv"],
    bufferMs: 1_000,
    initialVolume: 100,
    randomId: () => `group-${++made}`,
    clientsMax: 2_000,
    groupsMax: 4,
  });
  for (const id of ["a", "b"]) house.connect(hello(id), "10.0.0.9", wall);
  const about = { name: "Home", version: "0.1.0" };
  const hidden = stream("feed");
  const streams = [
    stream("music"),
    stream("tv"),
    { ...hidden, uri: { ...hidden.uri, query: { ...hidden.uri.query, codec: "null" } } },
  ];
  control = new Control(house, () => ({
    about,
    streams,
    reports: () => new Map([["a", STATS]]),
    wall: { sec: 1_000, usec: 0 },
    able: (client) => client === "a",
  }));
});

const call = (method: string, params?: object, id: unknown = 1) =>
  JSON.stringify({ id, jsonrpc: "2.0", method, ...(params && { params }) });
const ask = (method: string, params?: object) => control.handle(call(method, params));
const read = (text: string | undefined) => JSON.parse(text ?? "null");

describe("answers", () => {
  test("are in Snapcast's order of keys, in ASCII, without line end", () => {
    expect(ask("Server.GetRPCVersion").response).toBe(
      '{"id":1,"jsonrpc":"2.0","result":{"major":2,"minor":0,"patch":0}}',
    );
    expect(ask("Client.GetStatus", { id: "a" }).response).toContain('"name":"K\\u00fcche"');
  });

  test.each<[string, object]>([
    ["Server.GetStatus", {}],
    ["Server.DeleteClient", { id: "b" }],
    ["Client.GetStatus", { id: "a" }],
    ["Client.GetStats", { id: "a" }],
    ["Client.GetStats", { id: "b" }],
    ["Client.SetVolume", { id: "a", volume: { percent: 3 } }],
    ["Client.SetLatency", { id: "a", latency: 12.5 }],
    ["Client.SetName", { id: "a", name: "Küche" }],
    ["Group.GetStatus", { id: "group-1" }],
    ["Group.SetMute", { id: "group-1", mute: true }],
    ["Group.SetStream", { id: "group-1", stream_id: "tv" }],
    ["Group.SetClients", { id: "group-1", clients: ["a", "b"] }],
    ["Group.SetName", { id: "group-1", name: "Downstairs" }],
    ["General.GetRPCCommands", {}],
    ["rpc.discover", {}],
  ])("%s answers and notifies as its schema says", (method, params) => {
    const { response, notification } = ask(method, params);
    const { result } = METHODS[method as keyof typeof METHODS];
    expect(read(response).result).toEqual(result.parse(read(response).result));
    if (notification === undefined) return;
    const told = read(notification);
    const schema = NOTIFICATIONS[told.method as NotificationName].params;
    expect(told.params).toEqual(schema.parse(told.params));
  });

  test("a request without id is not carried out", () => {
    const text = JSON.stringify({
      jsonrpc: "2.0",
      method: "Client.SetVolume",
      params: { id: "a", volume: { percent: 1 } },
    });
    expect(control.handle(text)).toEqual({ changes: [] });
    expect(house.settingsOf("a").volumePercent).toBe(100);
  });

  test("streams that only feed others stay hidden; abilities are always listed", () => {
    const { server } = read(ask("Server.GetStatus").response).result;
    expect(server.streams.map(({ id }: { id: string }) => id)).toEqual(["music", "tv"]);
    expect(Object.values(server.streams[0].properties)).toEqual(Array(6).fill(false));
  });

  test("what a client reports is shown with it; others have no such field, nothing of it is saved", () => {
    expect(read(ask("Client.GetStats", { id: "a" }).response).result).toEqual({ stats: STATS });
    expect(read(ask("Client.GetStats", { id: "b" }).response).result).toEqual({ stats: null });
    expect(read(ask("Client.GetStatus", { id: "a" }).response).result.client.stats).toEqual(STATS);
    expect(read(ask("Client.GetStatus", { id: "b" }).response).result.client).not.toHaveProperty(
      "stats",
    );
    const { groups } = read(ask("Server.GetStatus").response).result.server;
    const clients = groups.flatMap((group: { clients: object[] }) => group.clients);
    expect(clients.map((client: { stats?: object }) => client.stats)).toEqual([STATS, undefined]);
    expect(JSON.stringify(house.saved())).not.toContain("syncErrorUs");
  });

  test("the version reads as a Snapcast of today; ours stands beside it", () => {
    const { server } = read(ask("Server.GetStatus").response).result.server;
    expect(server.snapserver.version).toMatch(/^0\.\d+\.\d+$/);
    expect(server.tutti).toEqual({ name: "Home", presets: [], revision: 2, version: "0.1.0" });
  });
});

describe("refusals", () => {
  test.each<[string, object | undefined, number, string | RegExp]>([
    ["Nope", {}, -32601, /Nope/],
    ["Stream.SetMeta", { id: "music" }, -32601, /SetMeta/],
    ["Client.GetStatus", undefined, -32602, "Parameter 'id' is missing"],
    ["Client.GetStats", { id: "nobody" }, -32603, "Client not found"],
    ["Client.SetVolume", { id: "nobody" }, -32602, "Parameter 'volume' is missing"],
    ["Client.GetStatus", { id: "nobody" }, -32603, "Client not found"],
    ["Client.SetVolume", { id: "nobody", volume: {} }, -32603, "Client not found"],
    ["Client.SetLatency", { id: "nobody", latency: 1 }, -32603, "Client not found"],
    ["Client.SetName", { id: "nobody", name: "x" }, -32603, "Client not found"],
    ["Server.DeleteClient", { id: "nobody" }, -32603, "Client not found"],
    ["Group.GetStatus", { id: "none" }, -32603, "Group not found"],
    ["Group.SetMute", { id: "none", mute: true }, -32603, "Group not found"],
    ["Group.SetName", { id: "none", name: "x" }, -32603, "Group not found"],
    ["Group.SetClients", { id: "none", clients: [] }, -32603, "Group not found"],
    ["Group.SetStream", { id: "none", stream_id: "none" }, -32603, "Group not found"],
    ["Group.SetStream", { id: "group-1", stream_id: "none" }, -32603, "Stream not found"],
    ["Stream.AddStream", { streamUri: "pipe:///x?name=y" }, -32603, /switched off/],
    ["Stream.RemoveStream", { id: "music" }, -32603, /switched off/],
    ["Stream.RemoveStream", { id: "none" }, -32603, "Stream not found"],
    ["Stream.Control", { id: "none", command: "play" }, -32603, "Stream not found"],
    ["Stream.Control", { id: "music", command: "foo" }, -32602, "Command 'foo' not supported"],
    ["Stream.Control", { id: "music", command: "toString" }, -32602, /not supported/],
    [
      "Stream.Control",
      { id: "music", command: "seek" },
      -32602,
      "Seek requires parameter 'offset'",
    ],
    ["Stream.Control", { id: "music", command: "next" }, 2, /./],
    ["Stream.Control", { id: "music", command: "previous" }, 3, /./],
    ["Stream.Control", { id: "music", command: "play" }, 4, /./],
    ["Stream.Control", { id: "music", command: "pause" }, 5, /./],
    ["Stream.Control", { id: "music", command: "seek", params: { offset: 1 } }, 6, /./],
    ["Stream.Control", { id: "music", command: "stop" }, 7, /./],
    ["Stream.SetProperty", { id: "music", property: "shuffle", value: true }, 7, /./],
    ["Stream.SetProperty", { id: "music", property: "shuffle", value: 3 }, -32602, /must be bool/],
    ["Stream.SetProperty", { id: "music", property: "foo", value: 3 }, -32602, /not supported/],
  ])("%s %j: %d", (method, params, code, data) => {
    const { response, notification, changes } = ask(method, params);
    const { error, id } = read(response);
    expect(id).toBe(1);
    expect(error).toEqual({ code, message: expect.any(String), data: expect.any(String) });
    expect(error.data).toMatch(data);
    expect({ notification, changes }).toEqual({ notification: undefined, changes: [] });
  });

  test("a split into more groups than allowed", () => {
    for (const id of ["c", "d", "e"]) house.connect(hello(id), "10.0.0.9", wall);
    control.handle(call("Group.SetClients", { id: "group-1", clients: ["a", "b", "c", "d", "e"] }));
    const { error } = read(ask("Group.SetClients", { id: "group-1", clients: [] }).response);
    expect(error.data).toBe("Too many groups");
  });
});

describe("the revision", () => {
  const changing = Object.entries<MethodSpec>(METHODS).filter(([, { changes }]) => changes);
  const setName = (name: string, ifRevision: number) =>
    ask("Client.SetName", { id: "a", name, ifRevision });

  test("counts each change; answer, notification and status tell it", () => {
    const { response, notification } = ask("Client.SetName", { id: "a", name: "x" });
    expect(read(response).result).toEqual({ name: "x", tutti: { revision: 3 } });
    expect(read(notification).params.tutti).toEqual({ revision: 3 });
    expect(read(ask("Server.GetStatus").response).result.server.server.tutti.revision).toBe(3);
    expect(read(ask("Client.GetStatus", { id: "a" }).response).result).not.toHaveProperty("tutti");
  });

  test("lets through who knows it, and refuses whose picture is old, with a new one", () => {
    expect(read(setName("first", 2).response).result.tutti).toEqual({ revision: 3 });
    const { response, notification, changes } = setName("second", 2);
    expect({ notification, changes }).toEqual({ notification: undefined, changes: [] });
    const { error } = read(response);
    expect(error).toMatchObject({ code: 409, message: "Conflict", revision: 3 });
    expect(error.data).toBe("The house is at revision 3");
    const clients = error.server.groups.flatMap(({ clients }: { clients: object[] }) => clients);
    expect(clients[0].config.name).toBe("first");
  });

  test("asked for and null is not asked for", () => {
    const { response } = ask("Client.SetName", { id: "a", name: "x", ifRevision: null });
    expect(read(response).result.name).toBe("x");
  });

  test.each(changing)("%s may be bound to one", (_, { params }) => {
    expect(params.shape).toHaveProperty("ifRevision");
  });

  test("is not used again after a restart, however much of it got lost", () => {
    const options = { defaultStream: "music", streamIds: ["music"], bufferMs: 1_000 };
    const limits = { initialVolume: 1, randomId: () => "g", clientsMax: 9, groupsMax: 9 };
    const saved = house.saved();
    expect(saved.revision).toBe(2);
    const again = new House({ ...options, ...limits, saved });
    expect(again.revision).toBe(1_000_000);
    again.setClientName("a", "x");
    expect(new House({ ...options, ...limits, saved: again.saved() }).revision).toBe(2_000_000);
  });
});

describe("batches", () => {
  test("one array of answers in order, one array of notifications", () => {
    const text = `[${[
      call("Client.SetVolume", { id: "a", volume: { percent: 41 } }, 1),
      call("Nope", {}, "two"),
      "5",
      call("Client.SetVolume", { id: "b", volume: { percent: 42 } }, 3),
    ].join(",")}]`;
    const { response, notification, changes } = control.handle(text);
    expect(read(response).map(({ id }: { id: unknown }) => id)).toEqual([1, "two", 3]);
    expect(read(notification).map(({ params }: { params: object }) => params)).toEqual([
      { id: "a", tutti: { revision: 3 }, volume: { muted: false, percent: 41 } },
      { id: "b", tutti: { revision: 4 }, volume: { muted: false, percent: 42 } },
    ]);
    expect(changes.map(({ kind }) => kind)).toEqual(["changed", "settings", "changed", "settings"]);
  });

  test("of one call stay arrays; of nothing to answer get nothing", () => {
    const one = control.handle(`[${call("Client.SetName", { id: "a", name: "x" })}]`);
    expect(one.response).toMatch(/^\[\{.*\}\]$/);
    expect(one.notification).toMatch(/^\[\{.*\}\]$/);
    expect(control.handle('[1,{"jsonrpc":"2.0","method":"x"}]')).toEqual({ changes: [] });
  });

  test("show the whole house once, as it is at the end", () => {
    const text = `[${[
      call("Group.SetClients", { id: "group-1", clients: ["a", "b"] }),
      call("Group.SetClients", { id: "group-1", clients: ["b"] }),
    ].join(",")}]`;
    const told = read(control.handle(text).notification);
    expect(told).toHaveLength(1);
    expect(told[0].params.server.groups).toHaveLength(2);
  });

  test("of the whole of a full house a thousand times end in a refusal, not in gigabytes", () => {
    for (let i = 0; i < 1_000; i++) house.connect(hello(`client-${i}`), "10.0.0.9", wall);
    const calls = Array.from({ length: BATCH_CALLS_MAX }, () => call("Server.GetStatus"));
    const { response } = control.handle(`[${calls.join(",")}]`);
    expect(response?.length).toBeLessThan(16 * 1024 * 1024);
    expect(read(response).at(-1).error.data).toMatch(/too long/);
  });
});
