import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TuttiClient } from "../harness/client.ts";
import { music, toPcm16 } from "../harness/music.ts";

const HEADER_BYTES = 26;
const TYPE = { codecHeader: 1, chunk: 2, settings: 3, time: 4, hello: 5, tags: 6 } as const;
const CHUNK_MS = 20;
const CHUNK_BYTES = (CHUNK_MS * 48_000 * 4) / 1_000;

/**
 * MPD's snapcast output: a server of its own kind, which our client plays from. It names the buffer and nothing else,
 * leaves the stamp of receipt empty, sends song tags, and hangs up on whoever says more than hello and time.
 */
class MusicPlayerDaemon {
  readonly heard: number[] = [];
  connections = 0;
  hungUp = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #pcm = toPcm16(music(10));
  readonly #playing: NodeJS.Timeout;
  #sent = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#accept(socket));
    this.#playing = setInterval(() => this.#play(), CHUNK_MS / 4);
  }

  static async listen(): Promise<MusicPlayerDaemon> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new MusicPlayerDaemon(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Another song. */
  tag(): void {
    const json = Buffer.from('{"STREAM":"x","TITLE":"A song"}');
    for (const socket of this.#sockets) socket.write(message(TYPE.tags, withLength(json)));
  }

  close(): void {
    clearInterval(this.#playing);
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #accept(socket: Socket): void {
    this.connections++;
    let unread = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (bytes) => {
      unread = Buffer.concat([unread, bytes]);
      while (unread.length >= HEADER_BYTES) {
        const end = HEADER_BYTES + unread.readUInt32LE(22);
        if (unread.length < end) return;
        this.#hear(unread.subarray(0, end), socket);
        unread = unread.subarray(end);
      }
    });
  }

  #hear(asked: Buffer, socket: Socket): void {
    const type = asked.readUInt16LE(0);
    const refersTo = asked.readUInt16LE(2);
    this.heard.push(type);
    if (type === TYPE.hello) {
      const codec = Buffer.concat([withLength(Buffer.from("pcm")), withLength(waveHeader())]);
      socket.write(message(TYPE.settings, withLength(Buffer.from('{"bufferMs": 1000}')), refersTo));
      socket.write(message(TYPE.codecHeader, codec, refersTo));
      this.#sockets.add(socket);
    } else if (type === TYPE.time) {
      const sentUs = asked.readInt32LE(6) * 1_000_000 + asked.readInt32LE(10);
      socket.write(message(TYPE.time, stamp(nowUs() - sentUs), refersTo));
    } else {
      this.hungUp++;
      socket.destroy();
    }
  }

  /** What is due of the song. */
  #play(): void {
    const due = Math.floor(nowUs() / (CHUNK_MS * 1_000));
    if (this.#sent === 0) this.#sent = due;
    for (; this.#sent < due; this.#sent++) {
      const from = (this.#sent * CHUNK_BYTES) % (this.#pcm.length - CHUNK_BYTES);
      const payload = withLength(this.#pcm.subarray(from & ~3, (from & ~3) + CHUNK_BYTES));
      const chunk = message(
        TYPE.chunk,
        Buffer.concat([stamp(this.#sent * CHUNK_MS * 1_000), payload]),
      );
      for (const socket of this.#sockets) socket.write(chunk);
    }
  }
}

function message(type: number, body: Buffer, refersTo = 0): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16LE(type, 0);
  header.writeUInt16LE(refersTo, 4);
  stamp(nowUs()).copy(header, 6);
  header.writeUInt32LE(body.length, 22);
  return Buffer.concat([header, body]);
}

function withLength(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function stamp(us: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32LE(Math.floor(us / 1_000_000), 0);
  bytes.writeInt32LE(Math.floor(us - Math.floor(us / 1_000_000) * 1_000_000), 4);
  return bytes;
}

/** RIFF/WAVE of 48000:16:2 without samples. */
function waveHeader(): Buffer {
  const header = Buffer.from(
    "524946462400000057415645666d7420100000000100020080bb000000ee0200040010006461746100000000",
    "hex",
  );
  return header;
}

function nowUs(): number {
  return performance.now() * 1_000;
}

let directory: string;
let mpd: MusicPlayerDaemon;
let client: TuttiClient;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "tutti-mpd-"));
  mpd = await MusicPlayerDaemon.listen();
  client = new TuttiClient({ directory, port: mpd.port });
});
afterAll(async () => {
  await client?.stop();
  mpd?.close();
  rmSync(directory, { recursive: true });
});

test("our client plays from it, and says no more than it bears", async () => {
  await client.event("started");
  await expect
    .poll(() => client.heard().some((sample) => sample !== 0), { timeout: 10_000 })
    .toBe(true);
  mpd.tag();
  // Statistics would have come by now, to a server that takes them.
  const before = mpd.heard.length;
  await expect.poll(() => mpd.heard.length, { timeout: 10_000 }).toBeGreaterThan(before + 1);
  expect([...new Set(mpd.heard)].toSorted()).toEqual([TYPE.time, TYPE.hello]);
  expect({ connections: mpd.connections, hungUp: mpd.hungUp }).toEqual({
    connections: 1,
    hungUp: 0,
  });
});
