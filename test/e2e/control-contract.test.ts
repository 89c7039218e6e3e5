import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ControlSubject, type Exchange } from "./harness/control-subject.ts";
import { Controller } from "./harness/controller.ts";
import { pipeUri, startOurs, startTheirs } from "./harness/servers-at-test.ts";

/** The same calls to Debian's snapserver and to ours, one after the other, and the same answers. */

let directory: string;
let theirs: ControlSubject;
let ours: ControlSubject;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "tutti-contract-"));
  const sources = [pipeUri(directory, "default"), pipeUri(directory, "second")] as const;
  theirs = new ControlSubject(await startTheirs(directory, sources));
  ours = new ControlSubject(await startOurs(directory, sources));
  await both((subject) => subject.open());
});
afterAll(async () => {
  await Promise.all([theirs?.close(), ours?.close()]);
  rmSync(directory, { recursive: true });
});

type Params = Readonly<Record<string, unknown>> | readonly unknown[] | null | undefined;
/** Parameters; "group of x" stands for the id of the group that holds client x. */
type Row = readonly [method: string, params?: Params];

/** As objects: spread over parameters, a tuple with an optional part loses its type. */
function rows(list: readonly Row[]): { readonly row: Row }[] {
  return list.map((row) => ({ row }));
}

async function both<T>(act: (subject: ControlSubject) => Promise<T>): Promise<[T, T]> {
  return [await act(theirs), await act(ours)];
}

function compare([expected, actual]: readonly [Exchange, Exchange]): void {
  expect(softened(actual)).toEqual(softened(expected));
  expectTextData(actual);
}

/** Reasons that apps may show or look for; others are the inner voice of a library. */
const REASON = /not found$|not supported$|requires parameter|^Value for /;

/** Documents the way they are compared: the machine's data by kind, reasons where they are meant for people. */
function softened(content: unknown, key = ""): unknown {
  if (Array.isArray(content)) return content.map((each) => softened(each, key));
  if (typeof content !== "object" || content === null) return key === "raw" ? "raw" : content;
  const entries = Object.entries(content).filter(
    ([name, value]) => name !== "data" || REASON.test(value),
  );
  const isServer = "snapserver" in content;
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      isServer && name === "host" ? kindsIn(value) : softened(value, name),
    ]),
  );
}

function kindsIn(object: object): object {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, typeof value]));
}

/** Some apps read the reason as text without asking whether it is there. */
function expectTextData({ answers }: Exchange): void {
  for (const answer of answers.flat() as { error?: object }[]) {
    if (answer.error) expect(answer.error).toHaveProperty("data", expect.any(String));
  }
}

async function resolved(subject: ControlSubject, params: Params): Promise<Params> {
  const text = JSON.stringify(params ?? null);
  const wanted = [...text.matchAll(/"group of ([^"]+)"/g)].map(([, client]) => client!);
  const ids = new Map<string, string>();
  for (const client of wanted) ids.set(client, await subject.groupOf(client));
  return JSON.parse(text.replace(/group of ([^"]+)/g, (_, client) => ids.get(client) ?? ""));
}

function call(method: string, params: Params, id: unknown = 1): object {
  return { id, jsonrpc: "2.0", method, ...(params !== null && params !== undefined && { params }) };
}

async function ask(subject: ControlSubject, [method, params]: Row): Promise<Exchange> {
  const actual = params === undefined ? undefined : await resolved(subject, params);
  return subject.exchange(JSON.stringify(call(method, actual)));
}

describe("clients come", () => {
  test.each(["a", "b", "c"])("%s, never seen before", async (id) => {
    const [expected, actual] = await both((subject) => subject.play(id));
    compare([expected, actual]);
    expect(actual.told).toHaveLength(1);
  });
});

describe("the same answers and notifications", () => {
  test.each<{ readonly row: Row }>(
    rows([
      ["Server.GetRPCVersion"],
      ["Server.GetRPCVersion", {}],
      ["Server.GetRPCVersion", { surplus: 1 }],
      ["Server.GetRPCVersion", ["positional"]],
      ["Server.GetStatus"],
      ["Client.GetStatus", { id: "a" }],
      ["Client.SetVolume", { id: "a", volume: { percent: 40 } }],
      ["Client.SetVolume", { id: "a", volume: { muted: true } }],
      ["Client.SetVolume", { id: "a", volume: { muted: false, percent: 41 } }],
      ["Client.SetVolume", { id: "a", volume: {} }],
      ["Client.SetVolume", { id: "a", volume: { percent: 55.7 } }],
      ["Client.SetVolume", { id: "a", volume: { percent: null } }],
      ["Client.SetLatency", { id: "a", latency: 12 }],
      ["Client.SetLatency", { id: "a", latency: 99_999 }],
      ["Client.SetLatency", { id: "a", latency: -99_999 }],
      ["Client.SetName", { id: "a", name: "Küche" }],
      ["Client.SetName", { id: "b", name: "🎵" }],
      ["Client.SetName", { id: "b", name: "" }],
      ["Group.GetStatus", { id: "group of a" }],
      ["Group.SetName", { id: "group of a", name: "Unten" }],
      ["Group.SetMute", { id: "group of a", mute: true }],
      ["Group.SetMute", { id: "group of a", mute: true }],
      ["Group.SetStream", { id: "group of a", stream_id: "second" }],
      ["Group.SetStream", { id: "group of a", stream_id: "second" }],
      ["Server.GetStatus"],
      ["Group.SetClients", { id: "group of a", clients: ["a", "b", "c"] }],
      ["Server.GetStatus"],
      ["Group.SetClients", { id: "group of a", clients: ["nobody", "c", "b", "b"] }],
      ["Group.SetMute", { id: "group of b", mute: false }],
      ["Group.SetClients", { id: "group of a", clients: ["b", "a"] }],
      ["Group.SetClients", { id: "group of c", clients: ["c"] }],
      ["Group.SetClients", { id: "group of a", clients: [] }],
      ["Group.SetClients", { id: "group of a", clients: ["a", "b", "c"] }],
      ["Group.SetStream", { id: "group of a", stream_id: "default" }],
      ["Server.GetStatus"],
    ]),
  )("$row", async ({ row }) => {
    compare(await both((subject) => ask(subject, row)));
  });
});

describe("the same refusals", () => {
  test.each<{ readonly row: Row }>(
    rows([
      ["Nope.Nope"],
      ["Server.Nope"],
      ["Client.Nope", { id: "a" }],
      ["Group.Nope", { id: "group of a" }],
      ["Stream.SetMeta", { id: "default", meta: {} }],
      ["Server.GetToken"],
      ["Server.Authenticate", { scheme: "Plain", param: "a:b" }],
      ["Client.GetStatus", { id: "nobody" }],
      ["Client.SetVolume", { id: "nobody", volume: { percent: 1 } }],
      ["Client.SetLatency", { id: "nobody", latency: 1 }],
      ["Client.SetName", { id: "nobody", name: "x" }],
      ["Server.DeleteClient", { id: "nobody" }],
      ["Group.GetStatus", { id: "none" }],
      ["Group.SetMute", { id: "none", mute: true }],
      ["Group.SetName", { id: "none", name: "x" }],
      ["Group.SetStream", { id: "none", stream_id: "none" }],
      ["Group.SetStream", { id: "group of a", stream_id: "none" }],
      ["Group.SetClients", { id: "none", clients: [] }],
      ["Stream.Control", { id: "none", command: "play" }],
      ["Stream.Control", { id: "default", command: "nonsense" }],
      ["Stream.Control", { id: "default", command: "play" }],
      ["Stream.Control", { id: "default", command: "pause" }],
      ["Stream.Control", { id: "default", command: "playPause" }],
      ["Stream.Control", { id: "default", command: "stop" }],
      ["Stream.Control", { id: "default", command: "next" }],
      ["Stream.Control", { id: "default", command: "previous" }],
      ["Stream.Control", { id: "default", command: "seek", params: { offset: 1 } }],
      ["Stream.Control", { id: "default", command: "setPosition", params: { position: 1 } }],
      ["Stream.SetProperty", { id: "none", property: "shuffle", value: true }],
      ["Stream.SetProperty", { id: "default", property: "nonsense", value: true }],
      ["Stream.SetProperty", { id: "default", property: "shuffle", value: true }],
      ["Stream.SetProperty", { id: "default", property: "shuffle", value: 3 }],
      ["Stream.SetProperty", { id: "default", property: "loopStatus", value: "x" }],
      ["Stream.SetProperty", { id: "default", property: "loopStatus", value: "track" }],
      ["Stream.SetProperty", { id: "default", property: "volume", value: "x" }],
      ["Stream.SetProperty", { id: "default", property: "rate", value: "x" }],
    ]),
  )("$row", async ({ row }) => {
    compare(await both((subject) => ask(subject, row)));
  });
});

describe("the same treatment of documents", () => {
  const version = call("Server.GetRPCVersion", undefined);
  const volume = (id: string, percent: number, number: unknown) =>
    call("Client.SetVolume", { id, volume: { percent } }, number);

  test.each<[string, unknown]>([
    ["id as text", { ...version, id: "abc" }],
    ["id outside ASCII", { ...version, id: "é" }],
    ["id null", { ...version, id: null }],
    ["id negative", { ...version, id: -7 }],
    ["id a fraction", { ...version, id: 1.5 }],
    ["id a flag", { ...version, id: true }],
    ["id an array", { ...version, id: [1] }],
    ["id an object", { ...version, id: { a: 1 } }],
    ["without id", { jsonrpc: "2.0", method: "Server.GetRPCVersion" }],
    [
      "a change without id",
      { jsonrpc: "2.0", method: "Client.SetVolume", params: { id: "a", volume: { percent: 1 } } },
    ],
    ["without version", { id: 1, method: "Server.GetRPCVersion" }],
    ["of version 1.0", { ...version, jsonrpc: "1.0" }],
    ["version as number", { ...version, jsonrpc: 2 }],
    ["method as number", { ...version, method: 5 }],
    ["params as number", { ...version, params: 5 }],
    ["params null", { ...version, params: null }],
    ["surplus members", { ...version, extra: 1 }],
    ["somebody's answer", { id: 1, jsonrpc: "2.0", result: 5 }],
    ["somebody's refusal", { id: 1, jsonrpc: "2.0", error: { code: 1, message: "x" } }],
    ["an empty batch", []],
    ["a batch of one", [version]],
    ["a batch with a refusal", [version, call("Nope", undefined, 2)]],
    ["a batch with other things", [1, "x", null, version]],
    ["a batch of other things", [1]],
    ["a batch of a batch", [[version]]],
    ["a batch without ids", [{ jsonrpc: "2.0", method: "Server.GetRPCVersion" }]],
    ["a batch of changes", [volume("a", 41, 1), volume("b", 42, "two"), volume("c", 43, null)]],
    ["a batch of one change", [volume("a", 44, 1)]],
    ["a batch with a change that is refused", [volume("a", 45, 1), volume("nobody", 46, 2)]],
  ])("%s", async (_, document) => {
    compare(await both((subject) => subject.exchange(JSON.stringify(document))));
  });

  test.each(["{", "garbage", "   ", "", '{"id":1,}'])("%j", async (text) => {
    compare(await both((subject) => subject.exchange(text)));
  });
});

/** Where ours is meant to be another: each with both answers, so that neither changes unseen. */
describe("different on purpose", () => {
  interface Difference {
    readonly why: string;
    readonly row: Row;
    readonly theirs: object;
    readonly ours: object;
  }
  const code = (code: number) => ({ error: { code } });

  test.each<Difference>([
    {
      why: "a missing parameter is the caller's mistake",
      row: ["Client.GetStatus", {}],
      theirs: code(-32_603),
      ours: { error: { code: -32_602, data: "Parameter 'id' is missing" } },
    },
    {
      why: "so is one of the wrong type",
      row: ["Client.GetStatus", { id: 5 }],
      theirs: code(-32_603),
      ours: { error: { code: -32_602, data: "Parameter 'id' must be string" } },
    },
    {
      why: "a percentage in words is refused rather than passed over",
      row: ["Client.SetVolume", { id: "a", volume: { percent: "abc" } }],
      theirs: { result: {} },
      ours: code(-32_602),
    },
    {
      why: "volume stays within bounds",
      row: ["Client.SetVolume", { id: "a", volume: { percent: 150 } }],
      theirs: { result: { volume: { percent: 150 } } },
      ours: { result: { volume: { percent: 100 } } },
    },
    {
      why: "below as well",
      row: ["Client.SetVolume", { id: "a", volume: { percent: -5 } }],
      theirs: { result: { volume: { percent: 65_531 } } },
      ours: { result: { volume: { percent: 0 } } },
    },
    {
      why: "tenths of a millisecond are kept",
      row: ["Client.SetLatency", { id: "a", latency: 12.7 }],
      theirs: { result: { latency: 12 } },
      ours: { result: { latency: 12.7 } },
    },
    {
      why: "a refused command names the call it refuses",
      row: ["Stream.Control", { id: "default", command: "seek" }],
      theirs: { id: null, error: { code: -32_602 } },
      ours: { id: 1, error: { code: -32_602, data: "Seek requires parameter 'offset'" } },
    },
    {
      why: "newer servers know the mute of a player",
      row: ["Stream.SetProperty", { id: "default", property: "mute", value: true }],
      theirs: code(-32_602),
      ours: code(7),
    },
    {
      why: "adding streams is known, for tcp alone",
      row: ["Stream.AddStream", { streamUri: "process:///bin/true?name=x" }],
      theirs: code(-32_601),
      ours: { error: { code: -32_603, data: expect.stringMatching(/^Only tcp sources/) } },
    },
    {
      why: "newer servers list their methods",
      row: ["General.GetRPCCommands"],
      theirs: code(-32_601),
      ours: { result: { commands: expect.any(Array) } },
    },
  ])("$why: $row", async ({ row, ...expected }) => {
    const [their, our] = await both((subject) => ask(subject, row));
    expect(their.answers[0]).toMatchObject(expected.theirs);
    expect(our.answers[0]).toMatchObject(expected.ours);
  });

  test.each(["5", '"x"', "null", "{}", "true", '{"id":1,"jsonrpc":"2.0"}'])(
    "%s is answered, not passed over in silence",
    async (text) => {
      const [their, our] = await both((subject) => subject.exchange(text));
      expect(their.answers).toEqual([]);
      expect(our.answers).toMatchObject([{ id: null, error: { code: -32_700 } }]);
    },
  );
});

test("texts are the same to the byte where nothing must differ: order of keys, no blanks", async () => {
  const [their, our] = await both(async (subject) => {
    const document = call("Client.SetVolume", { id: "a", volume: { percent: 33, muted: false } });
    await subject.exchange(
      `[${JSON.stringify(document)},${JSON.stringify(call("Nope", null, 2))}]`,
    );
    return subject.lastTexts;
  });
  const comparable = (texts: readonly string[]) =>
    texts.map((text) => text.replace(/"data":"[^"]*",/g, "").replace(/marker-\d+/g, "mark"));
  expect(comparable(our)).toEqual(comparable(their));
});

test("calls sent at once are answered in their order, whether they change anything or not", async () => {
  const [their, our] = await both(async ({ server }) => {
    const controller = new Controller(server.controlPort);
    const calls = Array.from({ length: 40 }, (_, id) =>
      id % 3 === 0
        ? call("Client.SetVolume", { id: "a", volume: { percent: id } }, id)
        : call("Server.GetRPCVersion", null, id),
    );
    controller.write(calls.map((each) => `${JSON.stringify(each)}\n`).join(""));
    await controller.until((content) => (content as { id?: number }).id === 39);
    controller.close();
    return controller.received.map(({ content }) => (content as { id?: number }).id);
  });
  expect(our).toEqual(Array.from({ length: 40 }, (_, id) => id));
  expect(our).toEqual(their);
});

describe("the same over HTTP", () => {
  const body = JSON.stringify(call("Server.GetRPCVersion", null));
  const notification = JSON.stringify({ jsonrpc: "2.0", method: "Server.GetRPCVersion" });

  test.each([
    ["POST", "/jsonrpc", body],
    ["POST", "/jsonrpc", `[${body}]`],
    ["POST", "/jsonrpc", notification],
    ["POST", "/jsonrpc", "[]"],
    ["POST", "/nowhere", body],
    ["POST", "/jsonrpc?x=1", body],
    ["PUT", "/jsonrpc", body],
    ["DELETE", "/", undefined],
    ["OPTIONS", "/jsonrpc", undefined],
    ["GET", "/__image_cache?name=x", undefined],
  ])("%s %s %s", async (method, path, sent) => {
    const [their, our] = await both(async ({ server }) => {
      const url = `http://127.0.0.1:${server.httpPort}${path}`;
      const response = await fetch(url, { method, ...(sent && { body: sent }) });
      const { status, headers } = response;
      const type = headers.get("content-type");
      return { status, type, server: headers.get("server"), text: await response.text() };
    });
    expect(our).toEqual(their);
  });
});

describe("clients go", () => {
  test("away, and come back", async () => {
    await both((subject) =>
      ask(subject, ["Client.SetVolume", { id: "a", volume: { percent: 50 } }]),
    );
    await both((subject) => ask(subject, ["Client.SetLatency", { id: "a", latency: 0 }]));
    compare(await both((subject) => subject.stop("a")));
    compare(await both((subject) => ask(subject, ["Client.GetStatus", { id: "a" }])));
    compare(await both((subject) => subject.play("a")));
  });

  test("for good", async () => {
    await both((subject) => subject.stop("c"));
    compare(await both((subject) => ask(subject, ["Server.DeleteClient", { id: "c" }])));
    compare(await both((subject) => ask(subject, ["Server.GetStatus"])));
  });
});
