import type { StreamDefaults } from "@tutti/protocol/config";
import { beforeEach, expect, test } from "vitest";
import { kinds, OWN, Rig, STOCK } from "../../test/server-rig.ts";
import { ADDED_STREAMS_MAX } from "./added-streams.ts";
import type { ServerOutput } from "./index.ts";

const DEFAULTS: StreamDefaults = {
  codec: { name: "opus", bitrateKbit: 192 },
  sampleFormat: { rateHz: 48_000, bits: 16, channels: 2 },
  bufferMs: 1_000,
  fallback: "demo",
};
/** As Music Assistant and PipeWire ask. */
const GUEST = "tcp://0.0.0.0:4953?sampleformat=48000:16:2&idle_threshold=60000&name=Guest";
const DESK =
  "tcp://192.168.1.7:40113?name=Desk&mode=client&sampleformat=48000:16:2&codec=pcm&chunk_ms=20";

let rig: Rig;
beforeEach(() => {
  rig = new Rig({ addStreams: { allowed: "lan", defaults: DEFAULTS } });
});

function responses(outputs: readonly ServerOutput[]) {
  return outputs.flatMap((output) => (output.kind === "respond" ? [JSON.parse(output.text)] : []));
}

/** Of one kind. */
function the<Kind extends ServerOutput["kind"]>(outputs: readonly ServerOutput[], kind: Kind) {
  return outputs.filter((output) => output.kind === kind) as Extract<
    ServerOutput,
    { kind: Kind }
  >[];
}

function add(streamUri: string): ServerOutput[] {
  return rig.call("Stream.AddStream", { streamUri });
}

/** The shell could listen where it was asked to, but for these. */
function claimed(outputs: readonly ServerOutput[], refusals: Record<string, string> = {}) {
  const [asked] = the(outputs, "claim");
  if (!asked) throw new Error("no address was claimed");
  const keys = asked.addresses.map(({ host, port }) => `${host}:${port}`);
  const claims = new Map(keys.map((key) => [key, refusals[key]]));
  return rig.handle({ kind: "claimed", claim: asked.claim, claims });
}

/** As another controller sees it. */
function status() {
  const text = '{"id":1,"jsonrpc":"2.0","method":"Server.GetStatus"}';
  return responses(rig.handle({ kind: "control", controller: 9, text }))[0].result.server;
}

const names = () => status().streams.map(({ id }: { id: string }) => id);
const groupOf = (client: string) =>
  status().groups.find(({ clients }: { clients: { id: string }[] }) =>
    clients.some(({ id }) => id === client),
  );

test("a stream that connects is there at once, in the format that was asked for", () => {
  const outputs = add(DESK);
  expect(responses(outputs)[0].result).toMatchObject({ id: "Desk", stream_id: "Desk" });
  expect(the(outputs, "open stream")[0]?.config).toMatchObject({
    name: "Desk",
    source: { kind: "tcp", mode: "client", host: "192.168.1.7", port: 40_113 },
    codec: { name: "pcm" },
    chunkMs: 20,
    idleThresholdMs: 500,
  });
  expect(names()).toEqual(["music", "radio", "Desk"]);
  expect(status().streams[2]).toMatchObject({ status: "idle", uri: { host: "192.168.1.7:40113" } });
  expect(
    the(outputs, "notify").map(({ text, except }) => [JSON.parse(text).method, except]),
  ).toEqual([["Server.OnUpdate", 1]]);
});

test("others are told of a house that has it", () => {
  const [told] = the(add(DESK), "notify");
  const { streams } = JSON.parse(told?.text ?? "").params.server;
  expect(streams.map(({ id }: { id: string }) => id)).toContain("Desk");
});

test("one that listens waits for its port, and is answered when the shell has it", () => {
  const asked = add(GUEST);
  expect(asked.map(({ kind }) => kind)).toEqual(["claim"]);
  expect(names()).toEqual(["music", "radio"]);
  const outputs = claimed(asked);
  expect(responses(outputs)[0].result.id).toBe("Guest");
  const { config } = the(outputs, "open stream")[0]!;
  expect(config.idleThresholdMs).toBe(60_000);
  expect(config.fallback).toBeUndefined();
  expect(config.uri.host).toBe("0.0.0.0:4953");
});

test("a port that is taken is an error, and no stream", () => {
  const outputs = claimed(add(GUEST), {
    "0.0.0.0:4953": "0.0.0.0:4953 is taken by another program",
  });
  expect(responses(outputs)[0].error).toMatchObject({
    code: -32_603,
    data: "0.0.0.0:4953 is taken by another program",
  });
  expect(the(outputs, "open stream")).toEqual([]);
  expect(names()).toEqual(["music", "radio"]);
});

test("what a controller sends meanwhile waits its turn, what others send does not", () => {
  rig.join(1, STOCK);
  const group = groupOf("stock").id;
  const asked = add(GUEST);
  expect(rig.call("Group.SetStream", { id: group, stream_id: "Guest" })).toEqual([]);
  const text = '{"id":5,"jsonrpc":"2.0","method":"Server.GetRPCVersion"}';
  expect(responses(rig.handle({ kind: "control", controller: 2, text }))[0].id).toBe(5);
  const [added, set] = responses(claimed(asked));
  expect(added.result.id).toBe("Guest");
  expect(set.result.stream_id).toBe("Guest");
  expect(groupOf("stock").stream_id).toBe("Guest");
});

test("a batch claims each address once, and a second stream at it is refused", () => {
  const call = (id: number, streamUri: string) => ({
    ...{ id, jsonrpc: "2.0", method: "Stream.AddStream" },
    params: { streamUri },
  });
  const text = JSON.stringify([call(1, GUEST), call(2, GUEST.replace("Guest", "Other"))]);
  const asked = rig.handle({ kind: "control", controller: 1, text });
  expect(the(asked, "claim")[0]?.addresses).toHaveLength(1);
  const [[first, second]] = responses(claimed(asked)) as [[object, object]];
  expect(first).toMatchObject({ result: { id: "Guest" } });
  expect(second).toMatchObject({ error: { data: "0.0.0.0:4953 is taken" } });
});

test.each<[string, number, string | RegExp]>([
  ["pipe:///tmp/x?name=A", -32_603, "Only tcp sources can be added over the network, not pipe"],
  ["process:///bin/sh?name=A&params=-c", -32_603, /not process$/],
  ["file:///etc/passwd?name=A", -32_603, /not file$/],
  ["nonsense", -32_602, /is not a source/],
  ["tcp://0.0.0.0:4953", -32_602, "the URI does not name the stream: add name=..."],
  ["tcp://0.0.0.0:4953?name=music", -32_603, 'Stream with name "music" already exists'],
  ["tcp://0.0.0.0:4953?name=a%07b", -32_602, /nobody sees/],
  ["tcp://0.0.0.0:4953?name=A&controlscript=x.py", -32_602, /unknown parameter "controlscript"/],
  ["tcp://0.0.0.0:4953?name=A&codec=ogg", -32_602, /"ogg" is not a codec/],
  ["tcp://0.0.0.0:1704?name=A", -32_603, "port is 1704; allowed: 4953 to 5153"],
  ["tcp://8.8.8.8:4953?name=A", -32_603, /not an address to listen at/],
  [
    "tcp://8.8.8.8:4953?name=A&mode=client",
    -32_603,
    /not the address of a machine in this network/,
  ],
  ["tcp://evil.example:4953?name=A&mode=client", -32_603, /not the address of a machine/],
  ["tcp://127.0.0.1:22?name=A&mode=client", -32_603, "port is 22; allowed: 1024 and above"],
])("%s is refused, and nothing is opened", (uri, code, data) => {
  const outputs = add(uri);
  expect(outputs.map(({ kind }) => kind)).toEqual(["respond"]);
  const { error } = responses(outputs)[0];
  expect(error.code).toBe(code);
  if (typeof data === "string") expect(error.data).toBe(data);
  else expect(error.data).toMatch(data);
});

test("switched off, it says so", () => {
  rig = new Rig({ addStreams: { allowed: "off", defaults: DEFAULTS } });
  expect(responses(add(GUEST))[0].error.data).toMatch(/switched off/);
});

test("there is room for so many", () => {
  const uri = (at: number) => DESK.replace("Desk", `Desk ${at}`);
  for (let at = 0; at < ADDED_STREAMS_MAX; at++)
    expect(responses(add(uri(at)))[0].error).toBeUndefined();
  expect(responses(add(uri(99)))[0].error.data).toMatch(/20 streams have been added/);
  rig.call("Stream.RemoveStream", { id: "Desk 3" });
  expect(responses(add(uri(99)))[0].error).toBeUndefined();
});

test("what opus does not carry is FLAC, unless the URI names a codec", () => {
  const uri = DESK.replace("48000:16:2&codec=pcm", "44100:16:2");
  expect(the(add(uri), "open stream")[0]?.config.codec.name).toBe("flac");
});

test("a stream that is removed takes its source along; who played it hears the default", () => {
  rig.join(1, OWN);
  add(DESK);
  rig.call("Group.SetStream", { id: groupOf("own").id, stream_id: "Desk" });
  rig.ask(1);
  for (let at = 0; at < 200; at += 20) rig.sound("Desk");
  const outputs = rig.call("Stream.RemoveStream", { id: "Desk" });
  expect(responses(outputs)[0].result).toMatchObject({ id: "Desk", stream_id: "Desk" });
  expect(the(outputs, "close stream")).toEqual([{ kind: "close stream", stream: "Desk" }]);
  expect(kinds(outputs, 1)).toContain("codec header");
  expect(the(outputs, "event").map(({ event }) => event.kind)).toEqual([
    "client stream",
    "stream idle",
    "stream removed",
  ]);
  expect(groupOf("own").stream_id).toBe("music");
  expect(names()).toEqual(["music", "radio"]);
  const { streams } = JSON.parse(the(outputs, "notify")[0]!.text).params.server;
  expect(streams).toHaveLength(2);
  expect(rig.encoders.filter((name) => name === "pcm")).toHaveLength(1);
  const heard: ServerOutput[] = [];
  for (let at = 0; at < 200; at += 20) heard.push(...rig.sound("music"));
  expect(kinds(heard, 1)).toContain("chunk");
});

test("a client that is alone goes to the stream that it prefers", () => {
  rig.join(1, OWN);
  add(DESK);
  rig.call("Client.SetDefaultStream", { id: "own", stream_id: "radio" });
  rig.call("Group.SetStream", { id: groupOf("own").id, stream_id: "Desk" });
  rig.call("Stream.RemoveStream", { id: "Desk" });
  expect(groupOf("own").stream_id).toBe("radio");
});

test("streams of the configuration stay, and what there is not cannot be removed", () => {
  const refused = (id: string) => responses(rig.call("Stream.RemoveStream", { id }))[0].error.data;
  expect(refused("music")).toBe(
    'Stream "music" is one of the server\'s configuration; remove it there',
  );
  expect(refused("none")).toBe("Stream not found");
  add(DESK);
  rig.call("Stream.RemoveStream", { id: "Desk" });
  expect(refused("Desk")).toBe("Stream not found");
});

test("both may be bound to a revision, and raise it", () => {
  rig.join(1, OWN);
  const { revision } = status().server.tutti;
  const streamUri = DESK;
  const old = { ifRevision: revision - 1 };
  expect(responses(rig.call("Stream.AddStream", { streamUri, ...old }))[0].error.code).toBe(409);
  const now = { ifRevision: revision };
  const [{ result }] = responses(rig.call("Stream.AddStream", { streamUri, ...now }));
  expect(result.tutti.revision).toBe(revision + 1);
  const removed = responses(rig.call("Stream.RemoveStream", { id: "Desk", ...now }));
  expect(removed[0].error.code).toBe(409);
});

test("after a restart it is gone, and who played it comes to the default stream", () => {
  rig.join(1, OWN);
  add(DESK);
  const outputs = rig.call("Group.SetStream", { id: groupOf("own").id, stream_id: "Desk" });
  const saved = the(outputs, "persist")[0]!.state;
  rig = new Rig({ saved, addStreams: { allowed: "lan", defaults: DEFAULTS } });
  rig.join(1, OWN);
  expect(names()).toEqual(["music", "radio"]);
  expect(groupOf("own").stream_id).toBe("music");
});
