import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Awaited } from "../harness/awaited.ts";
import { SERVERS } from "../harness/house-at-test.ts";
import { Remote } from "../harness/remote.ts";
import { CODECS, ThreeCodecs } from "../harness/three-codecs.ts";
import { blobAt, type Frame, MESSAGE, readFrame, stampAt } from "../harness/web-player.ts";

const HEADER_BYTES = 26;
const ID = "24:0a:c4:00:00:01";
/** It asks so often until its first median is full, then once a second. */
const TIME_EVERY_MS = 10;
const TIMES_AT_FIRST = 19;
/** The highest type that its parser has a name for. */
const TYPE_MAX = 6;

/** A player on an ESP32 (CarlosDerSeher's): TCP, little memory, and a parser that goes byte by byte. */
class Board {
  readonly frames = new Awaited<Frame>();
  readonly #socket: Socket;
  #asking: NodeJS.Timeout;
  #unread = Buffer.alloc(0);
  #lastId = 0;

  constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port });
    this.#socket.on("error", () => {});
    this.#socket.on("data", (bytes) => this.#read(bytes));
    const about = { MAC: ID, HostName: "esp32-bath", Version: "0.0.3", ClientName: "libsnapcast" };
    const kind = { OS: "esp32", Arch: "xtensa", Instance: 1, ID, SnapStreamProtocolVersion: 2 };
    const json = Buffer.from(JSON.stringify({ ...about, ...kind }));
    const body = Buffer.alloc(4 + json.length);
    body.writeUInt32LE(json.length);
    json.copy(body, 4);
    this.#send(MESSAGE.hello, body);
    this.#asking = setInterval(() => this.#ask(), TIME_EVERY_MS);
  }

  of(type: number): Frame[] {
    return this.frames.all.filter((frame) => frame.type === type);
  }

  stop(): void {
    clearInterval(this.#asking);
    this.#socket.destroy();
  }

  #ask(): void {
    this.#send(MESSAGE.time, Buffer.alloc(8));
    if (this.of(MESSAGE.time).length < TIMES_AT_FIRST) return;
    clearInterval(this.#asking);
    this.#asking = setInterval(() => this.#send(MESSAGE.time, Buffer.alloc(8)), 1_000);
  }

  #send(type: number, body: Buffer): void {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt16LE(type, 0);
    header.writeUInt16LE(++this.#lastId, 2);
    const us = performance.now() * 1_000;
    header.writeInt32LE(Math.floor(us / 1_000_000), 6);
    header.writeInt32LE(Math.floor(us % 1_000_000), 10);
    header.writeUInt32LE(body.length, 22);
    this.#socket.write(Buffer.concat([header, body]));
  }

  #read(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    while (this.#unread.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#unread.readUInt32LE(22);
      if (this.#unread.length < end) return;
      this.frames.push(readFrame(this.#unread.subarray(0, end)));
      this.#unread = this.#unread.subarray(end);
    }
  }
}

describe.each(SERVERS)("%s", (_, start) => {
  let house: ThreeCodecs;
  let remote: Remote;
  let board: Board;
  beforeAll(async () => {
    house = await ThreeCodecs.open(start);
    remote = await Remote.overTcp(house.server.controlPort);
    board = new Board(house.server.port);
    await board.frames.until(() => board.of(MESSAGE.codecHeader).length > 0);
  });
  afterAll(async () => {
    board?.stop();
    remote?.close();
    await house?.close();
  });

  test("is told all four settings, as whole numbers and a flag", async () => {
    const [settings] = board.of(MESSAGE.settings);
    const json = JSON.parse(blobAt(settings!.body, 0).blob.toString());
    expect(json).toEqual({ bufferMs: 1_000, latency: 0, muted: false, volume: 100 });
    await remote.ask("Client.SetLatency", { id: ID, latency: 12 });
    await board.frames.until(() => board.of(MESSAGE.settings).length > 1);
    const later = JSON.parse(blobAt(board.of(MESSAGE.settings)[1]!.body, 0).blob.toString());
    expect(later.latency).toBe(12);
  });

  test.each(CODECS)("gets chunks of %s that it can hold and decode", async (codec) => {
    const { server } = await remote.ask<{ server: { groups: [{ id: string }] } }>(
      "Server.GetStatus",
    );
    const from = codec === "pcm" ? 0 : board.frames.all.length;
    const [group] = server.groups;
    await remote.ask("Group.SetStream", { id: group.id, stream_id: codec });
    const fresh = (type: number) => board.frames.all.slice(from).filter((it) => it.type === type);
    await board.frames.until(() => fresh(MESSAGE.codecHeader).length > 0);
    const [header] = fresh(MESSAGE.codecHeader);
    const at = board.frames.all.indexOf(header!);
    const chunks = () => board.frames.all.slice(at).filter(({ type }) => type === MESSAGE.chunk);
    await board.frames.until(() => chunks().length > 4);

    const name = blobAt(header!.body, 0);
    expect(name.blob.toString()).toBe(codec);
    const { blob, end } = blobAt(header!.body, name.end);
    expect(end).toBe(header!.body.byteLength);
    if (codec === "flac") {
      // Longer blocks than 26 ms are more than its buffers take.
      const { body } = { body: blob.subarray(8) };
      expect(Math.max(body.readUInt16BE(0), body.readUInt16BE(2))).toBeLessThan(0.026 * 48_000);
    }
    if (codec === "opus")
      expect([blob.readUInt32LE(4), blob.readUInt16LE(8)]).toEqual([48_000, 16]);
    for (const { body } of chunks()) {
      const { blob: payload, end } = blobAt(body, 8);
      expect(end).toBe(body.byteLength);
      if (codec === "pcm") expect(payload.length).toBeLessThanOrEqual(0.026 * 48_000 * 4);
      expect(stampAt(body, 0)).toBeGreaterThan(0);
    }
  });

  test("never sees a type that it does not know, and gets each answer about the time", async () => {
    await board.frames.until(() => board.of(MESSAGE.time).length >= TIMES_AT_FIRST);
    expect(Math.max(...board.frames.all.map(({ type }) => type))).toBeLessThanOrEqual(TYPE_MAX);
    const answers = board.of(MESSAGE.time);
    expect(answers.map(({ refersTo }) => refersTo)).toEqual(answers.map((_, at) => at + 2));
    for (const { sentUs } of answers) expect(sentUs).toBeGreaterThan(0);
  });
});
