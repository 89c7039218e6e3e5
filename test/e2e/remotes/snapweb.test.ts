import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HouseAtTest, SERVERS } from "../harness/house-at-test.ts";
import type { ClientStatus, StatusAnswer } from "../harness/house-status.ts";
import type { Document, Remote } from "../harness/remote.ts";
import { MESSAGE, WebPlayer } from "../harness/web-player.ts";

const TEXT = expect.any(String);
const NUMBER = expect.any(Number);
const FLAG = expect.any(Boolean);
const HOST = { arch: TEXT, ip: TEXT, mac: TEXT, name: TEXT, os: TEXT };
const CLIENT = {
  ...{ id: TEXT, connected: FLAG, host: HOST, lastSeen: { sec: NUMBER, usec: NUMBER } },
  config: {
    instance: NUMBER,
    latency: NUMBER,
    name: TEXT,
    volume: { muted: FLAG, percent: NUMBER },
  },
  snapclient: { name: TEXT, protocolVersion: NUMBER, version: TEXT },
};
/** The id that the page keeps for its player. */
const PLAYER = "6d7b8f5e-4c1e-4e8f-9a44-0f5f3a2f9c11";

/** Snapweb 0.9: a page over WebSocket, with a player in it. `test/e2e/web-player.test.ts` has what the player hears. */
describe.each(SERVERS)("%s", (_, start) => {
  let house: HouseAtTest;
  let page: Remote;
  beforeAll(async () => {
    house = await HouseAtTest.open(start, ["a", "b"]);
    page = await house.overWebSocket();
  });
  afterAll(() => house?.close());

  test("shows the house", async () => {
    const { server } = await page.ask<StatusAnswer>("Server.GetStatus");
    expect(server.server.host).toMatchObject(HOST);
    expect(server.server.snapserver).toMatchObject({
      ...{ controlProtocolVersion: NUMBER, name: "Snapserver", protocolVersion: NUMBER },
      version: expect.stringMatching(/^\d+\.\d+/),
    });
    expect(server.groups).toHaveLength(2);
    for (const { id, name, muted, stream_id, clients } of server.groups) {
      expect({ id, name, muted, stream_id }).toEqual({
        ...{ id: TEXT, name: TEXT, muted: FLAG, stream_id: "default" },
      });
      for (const client of clients) expect(client).toMatchObject(CLIENT);
    }
    for (const { id, status, uri, properties } of server.streams) {
      expect([id, status]).toEqual([TEXT, TEXT]);
      expect(uri).toMatchObject({
        raw: TEXT,
        scheme: TEXT,
        host: TEXT,
        path: TEXT,
        fragment: TEXT,
      });
      // It shows buttons by these.
      for (const name of ["canControl", "canPlay", "canPause", "canGoNext", "canGoPrevious"]) {
        expect(properties[name]).toBe(false);
      }
    }
  });

  test("moves a volume while it is dragged, told to everybody else and not to itself", async () => {
    const told = house.other.received.all.length;
    const percents = [90, 80, 70, 60];
    for (const [at, percent] of percents.entries()) {
      const params = { id: "a", volume: { muted: false, percent } };
      page.send({ id: 500 + at, jsonrpc: "2.0", method: "Client.SetVolume", params });
    }
    await page.received.first((each) => (each as Document).id === 503);
    await house.other.received.first((each) => JSON.stringify(each).includes('"percent":60'), told);
    const heard = house.other.received.all.slice(told) as Document[];
    expect(
      heard.map(({ params }) => (params as never as ClientStatus["config"]).volume.percent),
    ).toEqual(percents);
    expect(page.received.all.filter((each) => "method" in each)).toEqual([]);
  });

  test("names a client, sets its latency, mutes a group and chooses its stream", async () => {
    const id = await house.groupOf("a");
    expect(await page.ask("Client.SetName", { id: "a", name: "Küche" })).toMatchObject({
      name: "Küche",
    });
    expect(await page.ask("Client.SetLatency", { id: "a", latency: 12 })).toMatchObject({
      latency: 12,
    });
    expect(await page.ask("Group.SetMute", { id, mute: true })).toMatchObject({ mute: true });
    const stream = { stream_id: "second" };
    expect(await page.ask("Group.SetStream", { id, ...stream })).toMatchObject(stream);
    const group = (await house.status()).groups.find((each) => each.id === id);
    expect(group).toMatchObject({ muted: true, stream_id: "second", clients: [{ id: "a" }] });
  });

  test("takes the answer to SetClients for the house", async () => {
    const id = await house.groupOf("a");
    const { server } = await page.ask<StatusAnswer>("Group.SetClients", {
      ...{ id, clients: ["a", "b"] },
    });
    expect(server.groups).toHaveLength(1);
    expect(server.streams).toHaveLength(2);
  });

  test("is told what others do, of nobody whom it does not know", async () => {
    const from = page.received.all.length;
    const id = await house.groupOf("b");
    await house.other.ask("Client.SetVolume", { id: "b", volume: { percent: 11 } });
    await house.other.ask("Client.SetName", { id: "b", name: "Bad" });
    await house.other.ask("Group.SetMute", { id, mute: false });
    await house.other.ask("Group.SetStream", { id, stream_id: "default" });
    const volume = { muted: false, percent: 11 };
    expect(await page.told("Client.OnVolumeChanged", from)).toMatchObject({ id: "b", volume });
    expect(await page.told("Client.OnNameChanged", from)).toMatchObject({ name: "Bad" });
    expect(await page.told("Group.OnMute", from)).toMatchObject({ id, mute: false });
    expect(await page.told("Group.OnStreamChanged", from)).toMatchObject({ stream_id: "default" });
  });

  test("plays: its player is a client, comes back as the same one, and is deleted", async () => {
    const from = page.received.all.length;
    const player = await WebPlayer.open(house.server.httpPort, PLAYER);
    await player.next(MESSAGE.codecHeader);
    const { server } = await page.told<StatusAnswer>("Server.OnUpdate", from);
    const all = server.groups.flatMap(({ clients }) => clients);
    expect(all.find(({ id }) => id === PLAYER)).toMatchObject({
      ...{ ...CLIENT, connected: true },
      host: { name: "Snapweb client", arch: "web", mac: "00:00:00:00:00:00" },
      snapclient: { name: "Snapweb", version: "0.9.1" },
    });
    player.stop();
    const gone = await page.told<{ client: ClientStatus }>("Client.OnDisconnect", from);
    expect(gone.client).toMatchObject({ ...CLIENT, id: PLAYER, connected: false });

    const again = await WebPlayer.open(house.server.httpPort, PLAYER);
    const back = await page.told<{ client: ClientStatus }>("Client.OnConnect", from);
    expect(back.client).toMatchObject({ ...CLIENT, id: PLAYER, connected: true });
    again.stop();
    await house.other.told("Client.OnDisconnect", from);
    await page.ask("Server.DeleteClient", { id: PLAYER });
    expect(JSON.stringify(await house.status())).not.toContain(PLAYER);
  });

  test("is refused to control a stream that cannot be, without harm", async () => {
    const { error } = await page.call("Stream.Control", { id: "default", command: "next" });
    expect(error).toMatchObject({ code: NUMBER, message: TEXT });
    await page.ask("Server.GetStatus");
  });
});
