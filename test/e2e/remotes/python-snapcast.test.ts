import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HouseAtTest, SERVERS } from "../harness/house-at-test.ts";
import { startOurs } from "../harness/servers-at-test.ts";
import { PythonMirror, shown } from "./python-mirror.ts";

/**
 * python-snapcast 2.3.8, which Home Assistant and Music Assistant speak through: the calls that it makes, how it reads
 * what comes, and that after each change its picture of the house is the house.
 */
describe.each(SERVERS)("%s", (_, start) => {
  let house: HouseAtTest;
  let mirror: PythonMirror;
  beforeAll(async () => {
    house = await HouseAtTest.open(start, ["a", "b", "c"]);
    mirror = new PythonMirror(await house.overTcp());
    await mirror.start();
  });
  afterAll(() => house?.close());

  /** All that was told before is here once an answer is: both come in one order. */
  async function expectCurrent(): Promise<void> {
    const status = await house.status();
    await mirror.remote.ask("Server.GetRPCVersion", {});
    mirror.readNews();
    const groups = [...mirror.groups.values()].map((group) => ({
      ...group,
      clients: group.clients.map(({ id }) => mirror.client(id)),
    }));
    expect(shown({ groups, streams: [...mirror.streams.values()] })).toEqual(shown(status));
  }

  test("has a version that can be compared, and is new enough for all calls", () => {
    expect(mirror.version).toMatch(/^\d+\.\d+(\.\d+)*$/);
    const [major = 0, minor = 0] = mirror.version.split(".").map(Number);
    expect(major * 1_000 + minor).toBeGreaterThanOrEqual(26);
  });

  test("names every stream, and has no empty group", () => {
    expect(mirror.streamNames()).toEqual(["default", "second"]);
    for (const { status, uri, properties } of mirror.streams.values()) {
      expect(["idle", "playing", "unknown", "disabled"]).toContain(status);
      expect(uri).toMatchObject({ host: "", path: expect.stringContaining("/") });
      expect(properties).toEqual(expect.any(Object));
    }
    for (const { id, clients } of mirror.groups.values()) {
      expect(clients.length).toBeGreaterThan(0);
      expect(mirror.groupVolume(id)).toBe(100);
    }
  });

  test("tells of each client what is shown of it", () => {
    for (const client of mirror.clients.values()) {
      expect(client).toMatchObject({
        connected: true,
        config: { latency: 0, name: "", volume: { muted: false, percent: 100 } },
        host: { arch: "", ip: expect.any(String), name: "probe", os: "" },
        snapclient: { version: "" },
      });
    }
  });

  test("answers GetRPCVersion in three numbers", async () => {
    const number = expect.any(Number);
    expect(await mirror.remote.ask("Server.GetRPCVersion", {})).toEqual({
      ...{ major: number, minor: number, patch: number },
    });
  });

  describe("what others change", () => {
    test("of a client", async () => {
      await house.other.ask("Client.SetVolume", { id: "a", volume: { percent: 40 } });
      await house.other.ask("Client.SetVolume", { id: "a", volume: { muted: true } });
      await house.other.ask("Client.SetLatency", { id: "b", latency: 30 });
      await house.other.ask("Client.SetName", { id: "c", name: "Küche 🎵" });
      await expectCurrent();
    });

    test("of a group", async () => {
      const id = await house.groupOf("a");
      await house.other.ask("Group.SetName", { id, name: "Unten" });
      await house.other.ask("Group.SetMute", { id, mute: true });
      await house.other.ask("Group.SetStream", { id, stream_id: "second" });
      await expectCurrent();
    });

    test("of all groups, and back", async () => {
      const id = await house.groupOf("a");
      await house.other.ask("Group.SetClients", { id, clients: ["a", "b", "c"] });
      await expectCurrent();
      await house.other.ask("Group.SetClients", { id, clients: ["a"] });
      await expectCurrent();
      expect(mirror.updates).toBeGreaterThanOrEqual(2);
    });

    test("in one batch, which comes as an array", async () => {
      const volume = (id: string, percent: number) => ({
        ...{ id: `${id}${percent}`, jsonrpc: "2.0", method: "Client.SetVolume" },
        params: { id, volume: { percent } },
      });
      house.other.send([volume("a", 21), volume("b", 22), volume("c", 23)]);
      await house.other.received.first((answer) => Array.isArray(answer));
      await expectCurrent();
      expect(mirror.remote.received.all).toContainEqual(expect.any(Array));
    });

    test("by leaving, coming back, and coming for the first time", async () => {
      await house.stop("b");
      await expectCurrent();
      expect(mirror.client("b").connected).toBe(false);
      await house.play("b");
      await expectCurrent();
      // A stranger told by Client.OnConnect would be in no group, and its first change the end of the connection.
      await house.play("new");
      await house.other.ask("Client.SetVolume", { id: "new", volume: { percent: 5 } });
      await expectCurrent();
    });

    test("by having a client forgotten", async () => {
      await house.stop("new");
      await house.other.ask("Server.DeleteClient", { id: "new" });
      await expectCurrent();
      expect(mirror.clients.has("new")).toBe(false);
    });
  });

  describe("what it changes", () => {
    test("of a client, whose picture it changes before it asks", async () => {
      await mirror.setVolume("a", { percent: 60 });
      await mirror.setVolume("a", { muted: false });
      mirror.client("c").config.name = "";
      expect(await mirror.remote.ask("Client.SetName", { id: "c", name: "" })).toMatchObject({
        name: "",
      });
      mirror.client("b").config.latency = 0;
      const latency = await mirror.remote.ask("Client.SetLatency", { id: "b", latency: 0 });
      expect(latency).toMatchObject({ latency: 0 });
      await expectCurrent();
      const { client } = await mirror.remote.ask<{ client: object }>("Client.GetStatus", {
        id: "a",
      });
      expect(client).toMatchObject({ config: { volume: { muted: false, percent: 60 } } });
    });

    test("of a group: mute, stream, name", async () => {
      const { id } = mirror.groupOf("a");
      mirror.group(id).muted = false;
      expect(await mirror.remote.ask("Group.SetMute", { id, mute: false })).toMatchObject({
        mute: false,
      });
      await mirror.setStream(id, "default");
      mirror.group(id).name = "";
      expect(await mirror.remote.ask("Group.SetName", { id, name: "" })).toMatchObject({
        name: "",
      });
      await expectCurrent();
      const { group } = await mirror.remote.ask<{ group: object }>("Group.GetStatus", { id });
      expect(group).toMatchObject({ id, muted: false, name: "", stream_id: "default" });
    });

    test("of who plays together, and the volume of all of them", async () => {
      const { id } = mirror.groupOf("a");
      await mirror.setClients(id, ["a", "b"]);
      expect(mirror.groupOf("b").id).toBe(id);
      await mirror.setGroupVolume(id, 20);
      await expectCurrent();
      expect(Math.abs(mirror.groupVolume(id) - 20)).toBeLessThanOrEqual(1);
      await mirror.setClients(id, ["a"]);
      expect(mirror.groupOf("b").id).not.toBe(id);
      await expectCurrent();
    });

    test("by forgetting a client, whose answer is the whole", async () => {
      await house.play("old");
      await house.stop("old");
      await mirror.askForAll("Server.DeleteClient", { id: "old" });
      await expectCurrent();
    });
  });

  describe("refusals, which it shows as they are", () => {
    test.each([
      ["Client.SetVolume", { id: "nobody", volume: { percent: 1 } }],
      ["Group.SetStream", { id: "none", stream_id: "default" }],
      ["Stream.SetProperty", { id: "default", property: "shuffle", value: true }],
      ["Stream.Control", { id: "default", command: "play" }],
      ["Stream.SetMeta", { id: "default", meta: {} }],
      ["Stream.RemoveStream", { id: "nowhere" }],
    ])("%s", async (method, params) => {
      const { error } = await mirror.remote.call(method, params);
      expect(error).toMatchObject({ code: expect.any(Number), message: expect.any(String) });
      await expectCurrent();
    });
  });

  test("comes as it can be read: in ASCII, and every document ended by CR and LF", () => {
    const bytes = Buffer.concat(mirror.remote.pieces);
    // Theirs sends UTF-8, which breaks where a piece ends within a letter.
    if (start === startOurs) expect(bytes.every((byte) => byte < 0x80)).toBe(true);
    expect(bytes.subarray(-2).toString()).toBe("\r\n");
    expect(bytes.toString().replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  });
});
