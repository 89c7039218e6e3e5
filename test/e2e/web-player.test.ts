import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SERVERS } from "./harness/house-at-test.ts";
import { Remote } from "./harness/remote.ts";
import { CODECS, ThreeCodecs } from "./harness/three-codecs.ts";
import { blobAt, type Frame, MESSAGE, stampAt, WebPlayer } from "./harness/web-player.ts";

/** The stream protocol over WebSocket: the same player at Debian's snapserver and at ours, and the same promises. */

const BUFFER_US = 1_000_000;
/** Several chunks would come in it. */
const QUIET_MS = 150;

function jsonOf({ body }: Frame): Record<string, unknown> {
  return JSON.parse(blobAt(body, 0).blob.toString());
}

function headerOf({ body }: Frame): { codec: string; header: Buffer } {
  const { blob, end } = blobAt(body, 0);
  return { codec: blob.toString(), header: blobAt(body, end).blob };
}

/** What FLAC's STREAMINFO says, which is all that players need of the header. */
function streamInfoOf(header: Buffer): object {
  expect(header.subarray(0, 4).toString()).toBe("fLaC");
  const packed = header.readUIntBE(18, 6);
  return {
    rate: Math.floor(packed / 2 ** 28),
    channels: 1 + (Math.floor(packed / 2 ** 25) % 8),
    bits: 1 + (Math.floor(packed / 2 ** 20) % 32),
  };
}

describe.each(SERVERS)("%s", (_, start) => {
  let house: ThreeCodecs;
  let player: WebPlayer;
  let remote: Remote;
  beforeAll(async () => {
    house = await ThreeCodecs.open(start);
    remote = await Remote.overTcp(house.server.controlPort);
    player = await WebPlayer.open(house.server.httpPort, "browser");
  });
  afterAll(async () => {
    player?.stop();
    remote?.close();
    await house?.close();
  });

  async function group(): Promise<{ id: string; clients: [Record<string, unknown>] }> {
    const status = await remote.ask<{ server: { groups: [never] } }>("Server.GetStatus");
    return status.server.groups[0];
  }

  test("answers Hello with the settings, then names the codec", async () => {
    await player.next(MESSAGE.codecHeader);
    const kinds = player.frames.all.map(({ type }) => type);
    expect(kinds.indexOf(MESSAGE.settings)).toBeLessThan(kinds.indexOf(MESSAGE.codecHeader));
    const [settings] = player.of(MESSAGE.settings);
    expect(settings?.refersTo).toBe(1);
    expect(jsonOf(settings!)).toEqual({ bufferMs: 1_000, latency: 0, muted: false, volume: 100 });
  });

  test("sends one message a frame, with its right size", async () => {
    await player.next(MESSAGE.chunk, 10);
    for (const { size, body } of player.frames.all) expect(size).toBe(body.byteLength);
  });

  test("knows the player", async () => {
    const [client] = (await group()).clients;
    expect(client).toMatchObject({
      id: "browser",
      connected: true,
      host: { arch: "web", ip: expect.stringContaining("127.0.0.1"), name: "Snapweb client" },
      snapclient: { name: "Snapweb", protocolVersion: 2, version: "0.9.1" },
    });
  });

  test("answers about the time so that even swapped stamps can be used", async () => {
    const [first] = await player.next(MESSAGE.time);
    expect(first?.refersTo).toBe(2);
    for (const { sentUs, receivedUs } of player.of(MESSAGE.time)) {
      expect(receivedUs).toBeGreaterThan(0);
      expect(sentUs).toBeGreaterThanOrEqual(receivedUs);
    }
  });

  test.each(CODECS)(
    "stamps chunks of %s one after the other, none from the future",
    async (codec) => {
      const from = player.frames.all.length;
      const { id } = await group();
      await remote.ask("Group.SetStream", { id, stream_id: codec });
      const isHere = codec === "pcm";
      const [header] = await player.next(MESSAGE.codecHeader, 1, isHere ? 0 : from);
      expect(headerOf(header!).codec).toBe(codec);

      const at = player.frames.all.indexOf(header!);
      const chunks = await player.next(MESSAGE.chunk, 12, at);
      const stamps = chunks.map(({ body }) => stampAt(body, 0));
      const steps = stamps.slice(1).map((stamp, n) => stamp - stamps[n]!);
      expect(Math.min(...steps)).toBeGreaterThan(0);
      // A server that was held up stamps anew, so not all need be alike. Small players hold no longer ones.
      const step = steps.toSorted((a, b) => a - b)[steps.length >> 1];
      expect(step).toBeGreaterThan(18_000);
      expect(step).toBeLessThan(26_000);
      for (const [n, { body, arrivedUs }] of chunks.entries()) {
        expect(stamps[n]!).toBeLessThan(arrivedUs + player.offsetUs);
        expect(stamps[n]!).toBeGreaterThan(header!.arrivedUs + player.offsetUs - 1.5 * BUFFER_US);
        expect(blobAt(body, 8).end).toBe(body.byteLength);
        if (codec === "pcm") expect(blobAt(body, 8).blob.length).toBe(3_840);
        if (codec === "flac") expect(body.getUint16(12) & 0xfffe).toBe(0xfff8);
      }
    },
  );

  test("tells the formats in each codec's own words", () => {
    const [pcm, flac, opus] = player.of(MESSAGE.codecHeader).slice(-3).map(headerOf);
    expect(pcm?.header.toString("hex")).toBe(
      "524946462400000057415645666d7420100000000100020080bb000000ee0200040010006461746100000000",
    );
    expect(streamInfoOf(flac!.header)).toEqual({ rate: 48_000, channels: 2, bits: 16 });
    expect(opus?.header.toString("hex")).toBe("5355504f80bb000010000200");
  });

  test("tells volume, latency and mute as they change, and is silent when muted", async () => {
    const id = "browser";
    const settings = async (count: number) => {
      const all = await player.next(MESSAGE.settings, count);
      return all.at(-1)!;
    };
    const before = player.of(MESSAGE.settings).length;
    await remote.ask("Client.SetVolume", { id, volume: { percent: 37 } });
    const changed = await settings(before + 1);
    expect(changed.refersTo).toBe(0);
    expect(jsonOf(changed)).toMatchObject({ muted: false, volume: 37 });
    await remote.ask("Client.SetLatency", { id, latency: 25 });
    expect(jsonOf(await settings(before + 2))).toMatchObject({ latency: 25 });
    await remote.ask("Group.SetMute", { id: (await group()).id, mute: true });
    const muted = await settings(before + 3);
    expect(jsonOf(muted)).toMatchObject({ muted: true, volume: 37 });

    // What was on its way comes first.
    await pause(QUIET_MS);
    const from = player.frames.all.length;
    await pause(QUIET_MS);
    const kinds = player.frames.all.slice(from).map(({ type }) => type);
    expect(kinds).not.toContain(MESSAGE.chunk);
  });

  test("sees it leave", async () => {
    player.stop();
    await remote.told("Client.OnDisconnect");
    expect((await group()).clients[0]).toMatchObject({ connected: false });
  });
});
