import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { sampleFormat } from "@tutti/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { numbered, Sink } from "../../test/source-sink.ts";
import type { Source } from "./source.ts";
import { listenAt } from "./tcp-address.ts";
import { TcpClientSource } from "./tcp-client.ts";
import { TcpServerSource } from "./tcp-server.ts";

const HOST = "127.0.0.1";
const FORMAT = sampleFormat(48_000, 16, 2);
const RETRY = { retryMs: 10 };

let sink: Sink;
let source: Source | undefined;
let sockets: Socket[];
let servers: Server[];
beforeEach(() => {
  sink = new Sink();
  sockets = [];
  servers = [];
});
afterEach(() => {
  source?.close();
  source = undefined;
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

/** A source that listens, and its port. */
async function listen(): Promise<number> {
  const listening = await listenAt({ host: HOST, port: 0 });
  const { port } = listening.address() as AddressInfo;
  source = new TcpServerSource({
    ...{ address: { host: HOST, port }, listening },
    ...{ format: FORMAT, chunkMs: 20, outlet: sink },
  });
  return port;
}

async function producer(port: number): Promise<Socket> {
  const socket = connect({ host: HOST, port });
  sockets.push(socket.on("error", () => {}));
  await once(socket, "connect");
  return socket;
}

function connectTo(port: number): void {
  const address = { host: HOST, port };
  source = new TcpClientSource({ address, ...RETRY, format: FORMAT, chunkMs: 20, outlet: sink });
}

/** A program that others connect to for its sound. */
async function program(port: number, onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    // A source that is closed hangs up on what it has not read.
    socket.on("error", () => {});
    onConnection(socket);
  });
  servers.push(server);
  server.listen(port, HOST);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("hands over whole frames in order, at most a chunk and a frame at once", async () => {
  const socket = await producer(await listen());
  const all = numbered(0, 50_000);
  socket.write(all.subarray(0, 4_711));
  socket.end(all.subarray(4_711));
  await expect.poll(() => sink.all.length).toBe(all.length);
  expect(sink.all.equals(all)).toBe(true);
  expect(Math.max(...sink.pieces.map(({ length }) => length))).toBeLessThanOrEqual(961 * 4);
  expect(sink.pieces.every(({ length }) => length % 4 === 0)).toBe(true);
  await expect.poll(() => sink.states).toEqual(["waiting", "running", "waiting"]);
});

test("a short write says that nothing is left", async () => {
  const socket = await producer(await listen());
  socket.write(numbered(0, 960));
  await expect.poll(() => sink.kinds).toEqual(["drained"]);
});

test("while it must wait, no more than one read is taken from the producer", async () => {
  sink.wait = 1e6;
  const socket = await producer(await listen());
  socket.write(Buffer.alloc(1_000));
  await expect.poll(() => sink.pieces.length).toBe(1);
  // More than both kernels and what may be read ahead hold: the last byte cannot have gone.
  const held = Buffer.alloc(64 * 1024 * 1024);
  socket.write(held);
  await new Promise((resolve) => setImmediate(resolve));
  expect(socket.writableLength).toBeGreaterThan(0);
  expect(sink.pieces).toHaveLength(1);
});

test("what waited is handed over piece by piece, as what was held back", async () => {
  sink.wait = 1;
  const socket = await producer(await listen());
  socket.end(numbered(0, 2_500));
  await expect.poll(() => sink.all.length).toBe(10_000);
  expect(sink.all.equals(numbered(0, 2_500))).toBe(true);
  expect(sink.kinds).not.toContain("drained");
});

test("the next producer waits until the first hangs up, and begins a frame", async () => {
  const port = await listen();
  const first = await producer(port);
  first.write(Buffer.concat([numbered(0, 3), Buffer.from([9])]));
  await expect.poll(() => sink.all.length).toBe(12);
  const second = await producer(port);
  second.write(numbered(100, 3));
  first.write(Buffer.from([9, 9, 9]));
  await expect.poll(() => sink.all.length).toBe(16);
  first.end(Buffer.from([9]));
  await expect.poll(() => sink.all.length).toBe(28);
  expect(sink.all.subarray(16)).toEqual(numbered(100, 3));
});

test("of many that wait, those beyond a bound are sent away", async () => {
  const port = await listen();
  for (let count = 0; count < 9; count++) await producer(port);
  await once(await producer(port), "close");
});

test("who is reset makes room for the next", async () => {
  const port = await listen();
  const first = await producer(port);
  first.write(numbered(0, 3));
  await expect.poll(() => sink.all.length).toBe(12);
  first.resetAndDestroy();
  (await producer(port)).write(numbered(7, 1));
  await expect.poll(() => sink.all.subarray(12)).toEqual(numbered(7, 1));
});

test("a port that is taken is told with what to do, and had as soon as it is free", async () => {
  const port = await program(0, () => {});
  const address = { host: HOST, port };
  source = new TcpServerSource({ address, ...RETRY, format: FORMAT, chunkMs: 20, outlet: sink });
  const told = `failed: ${HOST}:${port} is taken by another program; choose another port`;
  await expect.poll(() => sink.states).toEqual([told]);
  servers.pop()?.close();
  await expect.poll(() => sink.states).toEqual([told, "waiting"]);
});

test("connects to a program until it is there, and again when it was gone", async () => {
  const port = await program(0, () => {});
  await new Promise((resolve) => servers.pop()?.close(resolve));
  connectTo(port);
  const told = `failed: ${HOST}:${port} lets nobody in; is the program there running?`;
  await expect.poll(() => sink.states).toEqual([told]);
  await program(port, (socket) => socket.end(numbered(5, 2)));
  await expect.poll(() => sink.all.length).toBeGreaterThan(8);
  expect(sink.all.subarray(0, 16)).toEqual(Buffer.concat([numbered(5, 2), numbered(5, 2)]));
  expect(sink.states.slice(0, 4)).toEqual([told, "waiting", "running", "waiting"]);
});

test("closed, it knocks no more and listens no more", async () => {
  const port = await listen();
  const socket = await producer(port);
  source?.close();
  await once(socket, "close");
  const refused = connect({ host: HOST, port });
  sockets.push(refused);
  const [error] = await once(refused, "error");
  expect(error.code).toBe("ECONNREFUSED");
});
