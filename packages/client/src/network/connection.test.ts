import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  type AddressInfo,
  createConnection,
  createServer,
  type Server,
  type Socket,
} from "node:net";
import { afterEach, expect, test } from "vitest";
import { Connection, type Endpoint } from "./connection.ts";
import { ServerList } from "./server-list.ts";

const opened: Server[] = [];
const connections: Connection[] = [];
const ends: (() => unknown)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
  for (const connection of connections.splice(0)) connection.close();
  for (const server of opened.splice(0)) server.close();
});

/** A server that does with each connection what the test says. */
async function listen(onSocket: (socket: Socket) => void): Promise<Endpoint> {
  const server = createServer(onSocket);
  opened.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

/** Runs a connection and resolves with what happened once `enough` of it has. */
function record(servers: readonly Endpoint[], enough: number): Promise<string[]> {
  return new Promise((resolve) => {
    const seen: string[] = [];
    const note = (what: string) => {
      seen.push(what);
      if (seen.length === enough) resolve(seen);
    };
    const connection = new Connection(
      new ServerList(servers),
      {
        onConnected: ({ port }, address) =>
          note(`connected ${servers.findIndex((s) => s.port === port)} ${address}`),
        onBytes: (bytes) => note(`bytes ${bytes.length}`),
        onDisconnected: () => note("disconnected"),
        onRefused: (_, reason) => note(`refused ${reason.split(" ")[1]}`),
      },
      () => 0,
    );
    connections.push(connection);
    void connection.run();
  });
}

test("connects again after the server hangs up", async () => {
  const endpoint = await listen((socket) => socket.end("hi"));
  expect(await record([endpoint], 6)).toEqual([
    "connected 0 127.0.0.1",
    "bytes 2",
    "disconnected",
    "connected 0 127.0.0.1",
    "bytes 2",
    "disconnected",
  ]);
});

test("tries the servers of a list in turn", async () => {
  const gone = await listen(() => {});
  opened.pop()?.close();
  const there = await listen((socket) => socket.end());
  const seen = await record([gone, there], 4);
  expect(seen).toEqual([
    "refused ECONNREFUSED",
    "connected 1 127.0.0.1",
    "disconnected",
    "refused ECONNREFUSED",
  ]);
});

/** A program that stands still, and has as many waiting as it may: who comes then is not answered at all. */
async function listenUnanswering(): Promise<Endpoint> {
  const words = "require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }";
  const tells = "function () { console.log(this.address().port); })";
  const program = spawn(process.execPath, ["-e", `${words}, ${tells}`]);
  ends.push(() => program.kill("SIGKILL"));
  const [text] = await once(program.stdout, "data");
  program.kill("SIGSTOP");
  const endpoint = { host: "127.0.0.1", port: Number(text) };
  for (let waiting = 0; waiting < 2; waiting++) {
    const socket = createConnection(endpoint).on("error", () => {});
    ends.push(() => socket.destroy());
    await once(socket, "connect");
  }
  return endpoint;
}

test("news of another address ends an attempt that nobody answers", async () => {
  const silent = await listenUnanswering();
  const there = await listen(() => {});
  const places = [silent, there];
  const servers = { next: async () => places.splice(0, 1) };
  const refusals: string[] = [];
  const reached = await new Promise((resolve) => {
    const events = {
      onConnected: resolve,
      onBytes: () => {},
      onDisconnected: () => {},
      onRefused: (_: Endpoint, reason: string) => refusals.push(reason),
    };
    const connection = new Connection(servers, events, () => 0);
    connections.push(connection);
    void connection.run();
    setTimeout(() => connection.wake(), 20);
  });
  expect(reached).toEqual(there);
  expect(refusals).toEqual([]);
});

/** A pause of hours: who waits for it does not come. */
const FOR_EVER = () => 1e6;

test("a connection that is given up because it hangs is made again at once", async () => {
  let comes = () => {};
  const again = new Promise<void>((resolve) => {
    comes = resolve;
  });
  let connected = 0;
  const endpoint = await listen(() => {});
  const connection: Connection = new Connection(
    new ServerList([endpoint]),
    {
      onConnected: () => (++connected === 1 ? connection.drop("hangs", "at once") : comes()),
      onBytes: () => {},
      onDisconnected: () => {},
      onRefused: () => {},
    },
    FOR_EVER,
  );
  connections.push(connection);
  void connection.run();
  await again;
  expect(connected).toBe(2);
});
