import { connect, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HouseAtTest, SERVERS } from "../harness/house-at-test.ts";
import { middleOf, music, toPcm16 } from "../harness/music.ts";
import { Probe } from "../harness/probe.ts";
import { startTheirs } from "../harness/servers-at-test.ts";
import { PythonMirror } from "./python-mirror.ts";

const NAME = "Music Assistant - leader";
/** As often it looks for a free port of the server before it gives up. */
const ATTEMPTS = 50;

function uriAt(port: number): string {
  return `tcp://0.0.0.0:${port}?sampleformat=48000:16:2&idle_threshold=60000&name=${NAME}`;
}

/** It asks for one port after the other until it is given a stream. */
async function firstFree({ remote }: PythonMirror): Promise<{ port: number; refused: object[] }> {
  const refused: object[] = [];
  for (let port = 4_953; port < 4_953 + ATTEMPTS; port++) {
    const { error, result } = await remote.call("Stream.AddStream", { streamUri: uriAt(port) });
    if (result) {
      expect(result).toMatchObject({ id: NAME });
      return { port, refused };
    }
    refused.push(error!);
  }
  throw new Error(`no port of ${ATTEMPTS} is free`);
}

/** Music Assistant's snapcast provider with a server that somebody else runs. */
describe.each(SERVERS)("%s", (_, start) => {
  let house: HouseAtTest;
  let mirror: PythonMirror;
  beforeAll(async () => {
    house = await HouseAtTest.open(start, ["leader", "member"]);
    mirror = new PythonMirror(await house.overTcp());
    await mirror.start();
  });
  afterAll(() => house?.close());

  test("makes a player of each client, described by its host", () => {
    for (const { id, connected, host } of mirror.clients.values()) {
      expect({ id, connected }).toEqual({ id: expect.any(String), connected: true });
      const { os, ip, arch } = host;
      expect([os, ip, arch]).toEqual([expect.any(String), expect.any(String), expect.any(String)]);
      // Its own id is made of what letters and digits there are.
      expect(id.replace(/\W+/g, "")).not.toBe("");
    }
  });

  test("groups a member with its leader, and gives it the stream called default when it leaves", async () => {
    const group = mirror.groupOf("leader").id;
    await mirror.setStream(group, "second");
    await mirror.setClients(group, ["leader", "member"]);
    expect(mirror.groupOf("member").id).toBe(group);
    await mirror.setClients(group, ["leader"]);
    const alone = mirror.groupOf("member");
    expect(alone.id).not.toBe(group);
    await mirror.setStream(alone.id, "default");
    await mirror.setStream(group, "default");
    expect((await house.status()).groups.map(({ stream_id }) => stream_id)).toEqual([
      "default",
      "default",
    ]);
  });

  test("sets volume, mute and name, and sees a stream go idle by its status", async () => {
    await mirror.setVolume("leader", { percent: 25 });
    await mirror.setVolume("leader", { muted: true });
    const group = mirror.groupOf("leader").id;
    const named = await mirror.remote.ask("Group.SetName", { id: group, name: "Party" });
    expect(named).toMatchObject({ name: "Party" });
    await mirror.start();
    expect(mirror.group(group).name).toBe("Party");
    const { status, uri } = mirror.streams.get("default")!;
    expect(status).toBe("idle");
    // It would write to the path, or where there is none to the host with its port.
    expect(uri.path || uri.host).toBeTruthy();
  });

  if (start === startTheirs) {
    test("is refused streams of its own, and stays connected", async () => {
      // Debian's lost the call with a security fix.
      const { error } = await mirror.remote.call("Stream.AddStream", { streamUri: uriAt(4_953) });
      expect(error?.message).toEqual(expect.any(String));
      await mirror.start();
      expect(mirror.streams.size).toBe(2);
    });
  } else {
    test("plays by a stream of its own, in a port that is free", async () => {
      // Who is there first; where it cannot be, somebody else is.
      const squatter = createServer();
      await new Promise<unknown>((resolve) => {
        squatter.once("listening", resolve).once("error", resolve).listen(4_953, "127.0.0.1");
      });
      const added = await firstFree(mirror);
      squatter.close();
      expect(added.refused[0]).toMatchObject({
        code: -32_603,
        data: expect.stringMatching(/taken/),
      });
      await mirror.start();
      const { uri, status } = mirror.streams.get(NAME)!;
      expect([uri.path, uri.host, status]).toEqual(["", `0.0.0.0:${added.port}`, "idle"]);

      const speaker = new Probe(house.server.port, "speaker");
      await house.other.received.until(() =>
        JSON.stringify(house.other.received.all).includes("speaker"),
      );
      await mirror.start();
      await mirror.setStream(mirror.groupOf("speaker").id, NAME);
      const pcm = toPcm16(music(0.6));
      const host = uri.host.replace("0.0.0.0", "127.0.0.1").split(":")[0]!;
      connect({ host, port: added.port }).end(pcm);
      await expect
        .poll(() => speaker.heard().indexOf(middleOf(pcm)), { timeout: 5_000 })
        .toBeGreaterThanOrEqual(0);
      mirror.readNews();
      expect(mirror.streams.get(NAME)?.status).toBe("playing");

      await mirror.askForAll("Server.GetStatus", {});
      expect(await mirror.remote.ask("Stream.RemoveStream", { id: NAME })).toMatchObject({
        id: NAME,
      });
      await mirror.start();
      expect([...mirror.streams.keys()]).toEqual(["default", "second"]);
      expect(mirror.groupOf("speaker").stream_id).toBe("default");
      speaker.stop();
      await house.other.told("Client.OnDisconnect");
      await mirror.askForAll("Server.DeleteClient", { id: "speaker" });
    });
  }

  test("removes a player, if it is away", async () => {
    await house.stop("member");
    await mirror.askForAll("Server.DeleteClient", { id: "member" });
    expect([...mirror.clients.keys()]).toEqual(["leader"]);
  });
});
