import {
  METHODS,
  type MethodName,
  NOTIFICATIONS,
  type NotificationName,
} from "@tutti/protocol/control";
import { beforeEach, describe, expect, test } from "vitest";
import { closed, kinds, OWN, Rig, STOCK, sentTo } from "../../test/server-rig.ts";
import type { ServerOutput } from "./outbox.ts";

/** Whatever an answer holds: its schema is checked with each call. */
type Json = ReturnType<typeof JSON.parse>;

let rig: Rig;

beforeEach(() => {
  rig = new Rig();
  rig.join(1, { ...OWN, tutti: { ...OWN.tutti!, commands: ["identify"] } });
  rig.join(2, STOCK);
});

function answerOf(outputs: readonly ServerOutput[]) {
  const response = outputs.find((output) => output.kind === "respond");
  return response?.kind === "respond" ? JSON.parse(response.text) : undefined;
}

/** Calls, and holds what is answered and told against the schemas. */
function call(
  method: MethodName,
  params: object,
): { outputs: ServerOutput[]; result: Json; error: Json } {
  const outputs = rig.call(method, params);
  const { result, error } = answerOf(outputs);
  if (result !== undefined) expect(METHODS[method].result.parse(result)).toEqual(result);
  for (const output of outputs) {
    if (output.kind !== "notify") continue;
    for (const told of [JSON.parse(output.text)].flat()) {
      const { params } = NOTIFICATIONS[told.method as NotificationName];
      expect(params.parse(told.params)).toEqual(told.params);
    }
  }
  return { outputs, result, error };
}

const status = () => answerOf(rig.call("Server.GetStatus", {})).result.server;
const clientOf = (id: string) => answerOf(rig.call("Client.GetStatus", { id })).result.client;
const groupOf = (id: string) =>
  status().groups.find(({ clients }: { clients: { id: string }[] }) =>
    clients.some((each) => each.id === id),
  );
const volumes = () => ["own", "stock"].map((id) => clientOf(id).config.volume.percent);
const together = () =>
  rig.call("Group.SetClients", { id: groupOf("own").id, clients: ["own", "stock"] });

describe("a group's volume", () => {
  beforeEach(() => {
    together();
    rig.call("Client.SetVolume", { id: "own", volume: { percent: 20 } });
    rig.call("Client.SetVolume", { id: "stock", volume: { percent: 60 } });
  });

  test.each<[object, number[]]>([
    [{ percent: 50 }, [30, 70]],
    [{ delta: -10 }, [10, 50]],
    // What the louder one cannot take goes to the other.
    [{ percent: 90 }, [80, 100]],
    [{ percent: 0 }, [0, 0]],
    [{ percent: 100 }, [100, 100]],
  ])("%j gives %j", (change, expected) => {
    const { result, outputs } = call("Group.SetVolume", { id: groupOf("own").id, ...change });
    expect(volumes()).toEqual(expected);
    expect(result.percent).toBe((expected[0]! + expected[1]!) / 2);
    expect(kinds(outputs, 1)).toEqual(["server settings"]);
    expect(kinds(outputs, 2)).toEqual(["server settings"]);
  });

  test("is either set or changed", () => {
    const { id } = groupOf("own");
    for (const change of [{}, { percent: 1, delta: 1 }]) {
      expect(call("Group.SetVolume", { id, ...change }).error.code).toBe(-32_602);
    }
  });
});

describe("presets", () => {
  test("bring groups, streams, mutes and volumes back", () => {
    together();
    const { id } = groupOf("own");
    rig.call("Group.SetStream", { id, stream_id: "radio" });
    rig.call("Client.SetVolume", { id: "own", volume: { percent: 77 } });
    expect(call("Preset.Save", { name: "Evening" }).result.presets).toEqual(["Evening"]);
    const saved = shape();
    rig.call("Group.SetClients", { id, clients: ["stock"] });
    rig.call("Group.SetStream", { id, stream_id: "music" });
    rig.call("Client.SetVolume", { id: "own", volume: { percent: 5 } });
    const { outputs } = call("Preset.Recall", { name: "Evening" });
    expect(shape()).toEqual(saved);
    expect(kinds(outputs, 2)).toContain("codec header");
    expect(status().server.tutti.presets).toEqual(["Evening"]);
    expect(call("Preset.Delete", { name: "Evening" }).result.presets).toEqual([]);
    expect(call("Preset.Recall", { name: "Evening" }).error.data).toBe("Preset not found");
  });

  test("pass over who has gone, and leave others alone", () => {
    together();
    call("Preset.Save", { name: "Both" });
    rig.call("Server.DeleteClient", { id: "stock" });
    rig.join(3, { ...STOCK, id: "guest" });
    call("Preset.Recall", { name: "Both" });
    const names = status().groups.map(({ clients }: { clients: { id: string }[] }) =>
      clients.map(({ id }) => id),
    );
    expect(names).toEqual([["own"], ["guest"]]);
  });

  test("survive a restart", () => {
    call("Preset.Save", { name: "Evening" });
    const outputs = rig.call("Client.SetName", { id: "own", name: "x" });
    const state = outputs.find((output) => output.kind === "persist");
    const again = new Rig(state?.kind === "persist" ? { saved: state.state } : {});
    const response = answerOf(again.call("Preset.List", {}));
    expect(response.result.presets.map(({ name }: { name: string }) => name)).toEqual(["Evening"]);
  });

  const shape = () =>
    status().groups.map(({ clients, id, muted, stream_id }: Json) => ({
      id,
      muted,
      stream_id,
      clients: clients.map((each: Json) => [each.id, each.config.volume.percent]),
    }));
});

describe("the sleep timer", () => {
  const pass = (sec: number) => rig.handle({ kind: "wall clock", wall: { sec, usec: 0 } });

  test("mutes the group when its time has come, and all are told", () => {
    const { id } = groupOf("own");
    expect(call("Group.SetSleep", { id, seconds: 60 }).result.sleepAt).toBe(61);
    expect(groupOf("own").tutti).toEqual({ sleepAt: 61 });
    expect(pass(60)).toEqual([]);
    const outputs = pass(61);
    expect(outputs.map(({ kind }) => kind)).toEqual([
      "persist",
      "notify",
      "event",
      "send",
      "notify",
    ]);
    expect(groupOf("own")).toMatchObject({ muted: true });
    expect(groupOf("own")).not.toHaveProperty("tutti");
    expect(pass(62)).toEqual([]);
  });

  test("is off after null, and once somebody mutes the group", () => {
    const { id } = groupOf("own");
    call("Group.SetSleep", { id, seconds: 60 });
    call("Group.SetSleep", { id, seconds: null });
    call("Group.SetSleep", { id, seconds: 60 });
    rig.call("Group.SetMute", { id, mute: false });
    expect(pass(1_000)).toEqual([]);
    expect(groupOf("own").muted).toBe(false);
  });
});

describe("a client", () => {
  test("chimes if it said that it can", () => {
    const { outputs } = call("Client.Identify", { id: "own" });
    expect(sentTo(outputs, 1)).toMatchObject([{ kind: "client command", command: "identify" }]);
    expect(call("Client.Identify", { id: "stock" }).error.data).toBe("Client cannot do that");
    expect(call("Client.Restart", { id: "own" }).error.data).toBe("Client cannot do that");
    rig.handle({ kind: "disconnected", session: 1 });
    expect(call("Client.Identify", { id: "own" }).error.data).toBe("Client is away");
  });

  test("that is sent away may come back when its time is over", () => {
    const { outputs } = call("Client.Kick", { id: "own", seconds: 5 });
    expect(closed(outputs)).toEqual({ 1: "sent away by a controller" });
    expect(clientOf("own").connected).toBe(false);
    expect(kinds(rig.join(4, OWN), 4)).toEqual(["error"]);
    rig.handle({ kind: "wall clock", wall: { sec: 6, usec: 0 } });
    expect(kinds(rig.join(5, OWN), 5)).toContain("server settings");
  });

  test("takes the place of another, with all that was set on that", () => {
    together();
    rig.call("Client.SetName", { id: "stock", name: "Kitchen" });
    call("Client.SetVolumeLimits", { id: "stock", max: 40 });
    call("Preset.Save", { name: "p", groups: [groupOf("stock").id] });
    const { id } = groupOf("stock");
    rig.join(3, { ...OWN, id: "new", instance: 1 });
    const { outputs } = call("Client.Merge", { id: "stock", into: "new" });
    expect(closed(outputs)).toEqual({ 2: "client deleted" });
    expect(groupOf("new").id).toBe(id);
    expect(clientOf("new")).toMatchObject({
      config: { name: "Kitchen" },
      tutti: { maxVolume: 40 },
    });
    const { presets } = call("Preset.List", {}).result;
    expect(presets[0].groups[0].clients.map((each: { id: string }) => each.id)).toEqual([
      "own",
      "new",
    ]);
    expect(call("Client.Merge", { id: "new", into: "new" }).error.code).toBe(-32_602);
  });

  test("plays what it prefers when it gets a group of its own, and after its stream is gone", () => {
    call("Client.SetDefaultStream", { id: "stock", stream_id: "radio" });
    together();
    expect(groupOf("stock").stream_id).toBe("music");
    rig.call("Group.SetClients", { id: groupOf("own").id, clients: ["own"] });
    expect(groupOf("stock").stream_id).toBe("radio");
    expect(call("Client.SetDefaultStream", { id: "stock", stream_id: "nope" }).error.data).toBe(
      "Stream not found",
    );
    call("Client.SetDefaultStream", { id: "stock", stream_id: null });
    expect(clientOf("stock")).not.toHaveProperty("tutti");
  });

  test("is never louder than it may be, and begins as it should after a while", () => {
    const { outputs } = call("Client.SetVolumeLimits", { id: "stock", max: 20, start: 10 });
    expect(sentTo(outputs, 2)).toMatchObject([{ volumePercent: 20 }]);
    expect(clientOf("stock").config.volume.percent).toBe(30);
    rig.handle({ kind: "disconnected", session: 2 });
    expect(sentTo(rig.join(3, STOCK), 3)[0]).toMatchObject({ volumePercent: 20 });
    rig.handle({ kind: "disconnected", session: 3 });
    rig.handle({ kind: "wall clock", wall: { sec: 100, usec: 0 } });
    expect(sentTo(rig.join(4, STOCK), 4)[0]).toMatchObject({ volumePercent: 10 });
    expect(call("Client.SetVolumeLimits", { id: "stock", max: null }).result).toMatchObject({
      start: 10,
      max: null,
    });
  });

  test("of our own kind is told how to make its sound", () => {
    const sound = { balance: -20, equalizer: [{ kind: "peak", hz: 1_000, gainDb: -3, q: 2 }] };
    const { outputs, result } = call("Client.SetSound", { id: "own", sound });
    expect(result.sound).toEqual(sound);
    expect(sentTo(outputs, 1)).toMatchObject([{ tutti: { sound } }]);
    expect(call("Client.SetSound", { id: "own", sound: { loudness: true } }).result.sound).toEqual({
      ...sound,
      loudness: true,
    });
    const off = { balance: null, equalizer: null, loudness: null };
    expect(call("Client.SetSound", { id: "own", sound: off }).result.sound).toEqual({});
    expect(clientOf("own")).not.toHaveProperty("tutti");
    const bad = { equalizer: [{ kind: "peak", hz: 5 }] };
    expect(call("Client.SetSound", { id: "own", sound: bad }).error.data).toMatch(
      /sound.equalizer.0.hz/,
    );
  });
});

test("every method that may change the house is refused, and changes nothing, at another revision", () => {
  const before = JSON.stringify(status());
  // Each takes of it what it knows.
  const params = {
    ...{ id: "own", into: "stock", name: "x", latency: 5, mute: true, clients: [], sound: {} },
    ...{
      stream_id: "radio",
      seconds: 1,
      percent: 1,
      volume: { percent: 1 },
      value: 1,
      bufferMs: 2_000,
    },
    ...{ streamUri: "demo://", command: "play", property: "mute", ifRevision: 1_000 },
  };
  const changing = Object.entries(METHODS).filter(([, spec]) => "changes" in spec);
  for (const [method] of changing) {
    const { error } = call(method as MethodName, params);
    expect({ method, code: error?.code }).toEqual({ method, code: 409 });
  }
  expect(changing.length).toBeGreaterThan(20);
  expect(JSON.stringify(status())).toBe(before);
});
