import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HouseAtTest, SERVERS } from "../harness/house-at-test.ts";
import type { ClientStatus, HouseStatus, StatusAnswer } from "../harness/house-status.ts";
import type { Document, Remote } from "../harness/remote.ts";

const TEXT = expect.any(String);
const NUMBER = expect.any(Number);
const FLAG = expect.any(Boolean);

/** What its parser wants of a client: what is missing or of another kind ends the reading of the whole. */
const CLIENT = {
  id: TEXT,
  connected: FLAG,
  config: {
    instance: NUMBER,
    latency: NUMBER,
    name: TEXT,
    volume: { muted: FLAG, percent: NUMBER },
  },
  host: { arch: TEXT, ip: TEXT, mac: TEXT, name: TEXT, os: TEXT },
  lastSeen: { sec: NUMBER, usec: NUMBER },
  snapclient: { name: TEXT, protocolVersion: NUMBER, version: TEXT },
};

function expectReadable({ groups, server, streams }: HouseStatus): void {
  const { snapserver } = server;
  expect(server.host).toMatchObject(CLIENT.host);
  expect(snapserver).toMatchObject({ ...CLIENT.snapclient, controlProtocolVersion: NUMBER });
  for (const { id, status, uri } of streams) {
    expect(id).toEqual(TEXT);
    expect(["unknown", "idle", "playing", "disabled"]).toContain(status);
    expect(uri).toMatchObject({ raw: TEXT, scheme: TEXT, host: TEXT, path: TEXT, fragment: TEXT });
    // It takes the names of the query without asking whether there are any, and all values for text.
    expect(Object.keys(uri.query).length).toBeGreaterThan(0);
    for (const value of Object.values(uri.query)) expect(value).toEqual(TEXT);
  }
  for (const group of groups) {
    expect(group).toMatchObject({ id: TEXT, muted: FLAG, name: TEXT, stream_id: TEXT });
    for (const client of group.clients) expect(client).toMatchObject(CLIENT);
  }
}

/** Snapdroid 0.29: the Android app, over TCP, at the stream's port and one. */
describe.each(SERVERS)("%s", (_, start) => {
  let house: HouseAtTest;
  let app: Remote;
  beforeAll(async () => {
    house = await HouseAtTest.open(start, ["a", "b"]);
    app = await house.overTcp();
  });
  afterAll(() => house?.close());

  test("sends the house in a form that its strict parser takes", async () => {
    // Counted from nought, and without parameters.
    app.send({ jsonrpc: "2.0", method: "Server.GetStatus", id: 0 });
    const answer = (await app.received.first((each) => (each as Document).id === 0)) as Document;
    expectReadable((answer.result as unknown as StatusAnswer).server);
  });

  test("bears the empty line behind each of its requests", async () => {
    const from = app.received.all.length;
    app.sendText('{"jsonrpc":"2.0","method":"Server.GetStatus","id":1}\r\n');
    app.sendText('{"jsonrpc":"2.0","method":"Server.GetRPCVersion","id":2}\r\n');
    await app.received.first((each) => (each as Document).id === 2, from);
    expect(app.received.all.slice(from).map((each) => (each as Document).id)).toEqual([1, 2]);
  });

  test("groups clients, whose answer is the house", async () => {
    const id = await house.groupOf("a");
    const answer = await app.ask<StatusAnswer>("Group.SetClients", { id, clients: ["a", "b"] });
    expectReadable(answer.server);
    expect(answer.server.groups).toHaveLength(1);
  });

  test("moves the volume of a group in one batch, answered in one array, told to others in one", async () => {
    const percents = { a: 35, b: 65 };
    const batch = Object.entries(percents).map(([id, percent], at) => ({
      ...{ jsonrpc: "2.0", method: "Client.SetVolume", id: 100 + at },
      params: { id, volume: { muted: false, percent } },
    }));
    const [from, told] = [app.received.all.length, house.other.received.all.length];
    app.send(batch);
    const answers = (await app.received.first(Array.isArray, from)) as Document[];
    expect(answers).toMatchObject([
      { id: 100, result: { volume: { muted: false, percent: 35 } } },
      { id: 101, result: { volume: { muted: false, percent: 65 } } },
    ]);
    const news = (await house.other.received.first(Array.isArray, told)) as Document[];
    const method = "Client.OnVolumeChanged";
    expect(news).toMatchObject([
      { method, params: { id: "a", volume: { muted: false, percent: 35 } } },
      { method, params: { id: "b", volume: { muted: false, percent: 65 } } },
    ]);
  });

  test("is told what others do, each in the form that it reads", async () => {
    const id = await house.groupOf("a");
    const from = app.received.all.length;
    await house.other.ask("Client.SetVolume", { id: "a", volume: { percent: 12 } });
    await house.other.ask("Client.SetLatency", { id: "a", latency: 9 });
    await house.other.ask("Client.SetName", { id: "a", name: "Bad" });
    await house.other.ask("Group.SetMute", { id, mute: true });
    await house.other.ask("Group.SetStream", { id, stream_id: "second" });
    const volume = { muted: false, percent: 12 };
    expect(await app.told("Client.OnVolumeChanged", from)).toMatchObject({ id: "a", volume });
    expect(await app.told("Client.OnLatencyChanged", from)).toMatchObject({ id: "a", latency: 9 });
    expect(await app.told("Client.OnNameChanged", from)).toMatchObject({ id: "a", name: "Bad" });
    expect(await app.told("Group.OnMute", from)).toMatchObject({ id, mute: true });
    expect(await app.told("Group.OnStreamChanged", from)).toMatchObject({
      ...{ id, stream_id: "second" },
    });
    await house.stop("b");
    expect(await app.told("Client.OnDisconnect", from)).toMatchObject({ id: "b" });
    await house.play("b");
    const { client } = await app.told<{ client: ClientStatus }>("Client.OnConnect", from);
    expect(client).toMatchObject(CLIENT);
    expect(client).toMatchObject({ id: "b", connected: true });
    await house.play("c");
    expectReadable((await app.told<StatusAnswer>("Server.OnUpdate", from)).server);
  });

  test("forgets a client, whose answer is the house", async () => {
    await house.stop("c");
    const answer = await app.ask<StatusAnswer>("Server.DeleteClient", { id: "c" });
    expectReadable(answer.server);
    expect(JSON.stringify(answer)).not.toContain('"c"');
  });

  test("reads a reason with each refusal", async () => {
    const { error } = await app.call("Client.SetVolume", { id: "c", volume: { percent: 1 } });
    expect(error).toMatchObject({ code: NUMBER, message: TEXT, data: TEXT });
  });
});
