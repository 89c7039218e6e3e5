import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HouseAtTest, SERVERS } from "../harness/house-at-test.ts";
import type { ClientStatus } from "../harness/house-status.ts";
import { Remote } from "../harness/remote.ts";
import { pipeUri } from "../harness/servers-at-test.ts";
import { startTuttiServer } from "../harness/tutti-server.ts";
import { PythonMirror } from "./python-mirror.ts";

/** The states that its media players know; any other stream status is shown as none. */
const STATES = ["idle", "playing", "unknown"];

/** Home Assistant's integration: set up, media players, join and unjoin, snapshot and restore. */
describe.each(SERVERS)("%s", (_, start) => {
  let house: HouseAtTest;
  let mirror: PythonMirror;
  beforeAll(async () => {
    house = await HouseAtTest.open(start, ["kitchen", "bath", "hall"]);
  });
  afterAll(() => house?.close());

  test("is set up: tried by a connection that goes at once, then by the one that stays", async () => {
    const trial = new PythonMirror(await house.overTcp());
    await trial.start();
    trial.remote.close();
    mirror = new PythonMirror(await house.overTcp());
    await mirror.start();
    expect([...mirror.clients.keys()].toSorted()).toEqual(["bath", "hall", "kitchen"]);
  });

  test("has a state, a source among its sources, and attributes for each player", () => {
    for (const { id } of mirror.clients.values()) {
      const { stream_id } = mirror.groupOf(id);
      expect(STATES).toContain(mirror.streams.get(stream_id)?.status);
      expect(mirror.streamNames()).toContain(stream_id);
      const { config, host } = mirror.client(id);
      expect(config.name || host.name).toBeTruthy();
      expect(config.latency).toEqual(expect.any(Number));
      const { metadata = {} } = mirror.streams.get(stream_id)?.properties ?? {};
      expect(metadata).toEqual(expect.any(Object));
    }
  });

  test("sets volume from a level between 0 and 1, and mute by itself", async () => {
    await mirror.setVolume("kitchen", { percent: Math.round(0.295 * 100) });
    await mirror.setVolume("kitchen", { muted: true });
    const { config } = (await house.status()).groups
      .flatMap(({ clients }) => clients)
      .find(({ id }) => id === "kitchen") as ClientStatus;
    expect(config.volume).toEqual({ muted: true, percent: 30 });
    await mirror.setVolume("kitchen", { muted: false });
  });

  test("joins clients to a group one by one, and takes them out again", async () => {
    const group = mirror.groupOf("kitchen").id;
    for (const client of ["bath", "hall"]) {
      const members = mirror.group(group).clients.map(({ id }) => id);
      await mirror.setClients(group, [...members, client]);
    }
    expect(mirror.groups.size).toBe(1);
    await mirror.setClients(group, ["kitchen", "hall"]);
    expect(mirror.groupOf("bath").clients).toHaveLength(1);
    // Who is taken out plays on what the group played.
    expect(mirror.groupOf("bath").stream_id).toBe(mirror.group(group).stream_id);
  });

  test("leaves a group by a call from the client that is to stay alone", async () => {
    const group = mirror.groupOf("hall").id;
    const others = mirror
      .group(group)
      .clients.map(({ id }) => id)
      .filter((id) => id !== "hall");
    await mirror.setClients(group, others);
    expect(mirror.groupOf("hall").clients).toHaveLength(1);
    expect(mirror.groups.size).toBe(3);
  });

  test("restores a snapshot in its order: name, volume, mute, latency", async () => {
    const id = "bath";
    const before = structuredClone(mirror.client(id).config);
    await house.other.ask("Client.SetVolume", { id, volume: { percent: 3, muted: true } });
    await house.other.ask("Client.SetName", { id, name: "Bad" });
    await house.other.ask("Client.SetLatency", { id, latency: 77 });
    await mirror.remote.ask("Client.SetName", { id, name: before.name });
    await mirror.setVolume(id, { percent: before.volume.percent });
    await mirror.setVolume(id, { muted: before.volume.muted });
    await mirror.remote.ask("Client.SetLatency", { id, latency: before.latency });
    const { client } = await house.other.ask<{ client: ClientStatus }>("Client.GetStatus", { id });
    expect(client.config).toEqual(before);
  });
});

test("what it remembers by id is there after a restart of ours", async () => {
  const house = await HouseAtTest.open(SERVERS[1][1], ["kitchen", "bath"]);
  const group = await house.groupOf("kitchen");
  await house.other.ask("Group.SetClients", { id: group, clients: ["kitchen", "bath"] });
  await house.other.ask("Client.SetVolume", { id: "bath", volume: { percent: 33 } });
  const before = await house.status();
  await house.server.process.stop("SIGKILL");

  const [source, second] = ["default", "second"].map((name) => pipeUri(house.directory, name));
  const flags = ["--source", second!, "--codec", "flac"];
  const again = await startTuttiServer({ directory: house.directory, source: source!, flags });
  const mirror = new PythonMirror(await Remote.overTcp(again.controlPort));
  await mirror.start();
  const kept = mirror.group(group);
  expect(kept.clients.map(({ id }) => id)).toEqual(before.groups[0]?.clients.map(({ id }) => id));
  expect(mirror.client("bath")).toMatchObject({
    connected: false,
    config: { volume: { percent: 33 } },
  });
  mirror.remote.close();
  await again.process.stop("SIGKILL");
  await house.close();
});
