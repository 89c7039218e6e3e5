import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import {
  CONTROL_LINE_BYTES_MAX,
  decodeMessage,
  encodeMessage,
  HEADER_BYTES,
  type Message,
  MessageSplitter,
} from "@tutti/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { ControlListener } from "./control-listener.ts";
import type { ControllerEvent } from "./controllers.ts";
import { listenHttp } from "./http.ts";
import type { PlayerSocket } from "./stream-listener.ts";

const CALL = '{"id":1,"jsonrpc":"2.0","method":"Server.GetRPCVersion"}';

let listener: ControlListener;
let asked: [controller: number, text: string][];
let events: ControllerEvent[];
let players: PlayerSocket[];
let heard: Message[];
let left: PlayerSocket[];
let carried: PlayerSocket[];
const sockets: { terminate(): void }[] = [];

beforeEach(async () => {
  let last = 0;
  asked = [];
  events = [];
  players = [];
  heard = [];
  left = [];
  carried = [];
  const splitter = new MessageSplitter();
  listener = await listenHttp({
    port: 0,
    address: "127.0.0.1",
    nextController: () => ++last,
    onText: (controller, text) => {
      asked.push([controller, text]);
      if (text.includes('"id"')) listener.send(controller, `{"answer":${text.length}}`);
    },
    onEvent: (event) => events.push(event),
    metrics: () => "up 1\n",
    players: {
      onOpen: (socket) => players.push(socket),
      onBytes: (_, bytes) => splitter.push(bytes, (raw) => void heard.push(decodeMessage(raw))),
      onCarried: (socket) => carried.push(socket),
      onClose: (socket) => left.push(socket),
    },
  });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await listener.close();
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

function fetchRaw(
  method: string,
  path: string,
  { body = "", headers = {} }: { body?: string | Buffer; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: listener.port, method, path, headers };
    const asking = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece) => {
        text += piece;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, text }),
      );
    });
    asking.on("error", reject);
    asking.end(body);
  });
}

async function open(path: string, headers: Record<string, string> = {}): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${listener.port}${path}`, { headers });
  sockets.push(socket);
  await once(socket, "open");
  return socket;
}

/** The status with which an upgrade is refused. */
function refusal(path: string, headers: Record<string, string>): Promise<number | undefined> {
  const socket = new WebSocket(`ws://127.0.0.1:${listener.port}${path}`, { headers });
  sockets.push(socket);
  return new Promise((resolve) => {
    socket.on("unexpected-response", (_, response) => resolve(response.statusCode));
    socket.on("open", () => resolve(101));
    socket.on("error", () => {});
  });
}

describe("requests", () => {
  test.each<[string, string, string, number, string]>([
    ["POST", "/jsonrpc", CALL, 200, `{"answer":${CALL.length}}`],
    ["POST", "/jsonrpc", '{"jsonrpc":"2.0","method":"x"}', 200, ""],
    ["POST", "/jsonrpc", "[1]", 200, ""],
    ["POST", "/x", CALL, 400, "Illegal request-target"],
    ["POST", "/jsonrpc?x=1", CALL, 400, "Illegal request-target"],
    ["PUT", "/jsonrpc", CALL, 400, "Unknown HTTP-method"],
    ["OPTIONS", "/jsonrpc", "", 400, "Unknown HTTP-method"],
    ["DELETE", "/", "", 400, "Unknown HTTP-method"],
    ["GET", "/nothing", "", 404, "The resource '/nothing' was not found."],
    ["GET", "/<b>", "", 404, "The resource '/&#60;b&#62;' was not found."],
    [
      "GET",
      "/__image_cache?name=x",
      "",
      404,
      "The resource '/__image_cache?name=x' was not found.",
    ],
    ["GET", "/../etc/passwd", "", 400, "Illegal request-target"],
    ["GET", "/healthz", "", 200, "ok\n"],
  ])("%s %s %s: %d %s", async (method, path, body, status, text) => {
    expect(await fetchRaw(method, path, { body })).toMatchObject({ status, text });
  });

  test.each([
    ["an empty body", "", "Not valid JSON"],
    ["bytes that are not UTF-8", Buffer.from([0xff, 0xfe]), "Not valid UTF-8"],
  ])("%s gets a parse error", async (_, body, data) => {
    const { status, text } = await fetchRaw("POST", "/jsonrpc", { body });
    expect(status).toBe(200);
    expect(JSON.parse(text).error).toMatchObject({ code: -32700, data });
  });

  test("answers are JSON, of a server named like Snapcast's, for no other origin", async () => {
    const { headers } = await fetchRaw("POST", "/jsonrpc", { body: CALL });
    expect(headers).toMatchObject({ server: "Snapcast", "content-type": "application/json" });
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("a body that is too long is refused and not kept", async () => {
    const body = "x".repeat(CONTROL_LINE_BYTES_MAX + 1);
    const answer = await fetchRaw("POST", "/jsonrpc", { body }).catch(({ code }) => code);
    // The refusal may be lost when the rest of the body is still under way.
    expect(["ECONNRESET", "EPIPE", 413]).toContain(answer.status ?? answer);
    expect(asked).toEqual([]);
  });

  test("headers that are too long are refused", async () => {
    const { status } = await fetchRaw("GET", "/", { headers: { cookie: "x".repeat(20_000) } });
    expect(status).toBe(431);
  });

  test("garbage is answered with 400 and closed", async () => {
    const socket: Socket = connect(listener.port, "127.0.0.1");
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes;
    });
    socket.end(Buffer.from(Array.from({ length: 1_000 }, (_, at) => (at * 7_919) % 251)));
    await once(socket, "close");
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("a notification is no answer to a request", async () => {
    listener.broadcast("news");
    expect((await fetchRaw("POST", "/jsonrpc", { body: CALL })).text).not.toContain("news");
  });
});

describe("the page", () => {
  test("is whole in itself and may run nothing but its own script", async () => {
    const { headers, text } = await fetchRaw("GET", "/");
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(headers["content-security-policy"]).toMatch(
      /default-src 'none'.*sha256-.*frame-ancestors 'none'/,
    );
    expect(text).toMatch(/^<!doctype html>/);
    expect(text).not.toMatch(/(src|href)="(?!data:)/);
  });
});

describe("metrics", () => {
  test("are text as Prometheus reads it, made anew each time", async () => {
    const { status, headers, text } = await fetchRaw("GET", "/metrics");
    expect([status, text]).toEqual([200, "up 1\n"]);
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(headers["cache-control"]).toBe("no-store");
    expect(await fetchRaw("HEAD", "/metrics")).toMatchObject({ status: 200, text: "" });
  });

  test.each<[string, Record<string, string>]>([
    ["by a page of another origin", { origin: "https://evil.example" }],
    ["under a public name", { host: "evil.example:1780" }],
  ])("are not read %s", async (_, headers) => {
    const { status, text } = await fetchRaw("GET", "/metrics", { headers });
    expect(status).toBe(403);
    expect(text).not.toContain("up");
  });
});

describe("pages of other origins", () => {
  const foreign = [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "http://evil.example:1780", host: "evil.example:1780" },
    { "sec-fetch-site": "cross-site" },
  ];

  test.each(foreign)("%j may not call", async (headers) => {
    const { status } = await fetchRaw("POST", "/jsonrpc", { body: CALL, headers });
    expect(status).toBe(403);
    expect(asked).toEqual([]);
  });

  test.each(foreign)("%j may not open a WebSocket", async (headers) => {
    expect(await refusal("/jsonrpc", headers)).toBe(403);
    expect(await refusal("/stream", headers)).toBe(403);
    expect([asked, players]).toEqual([[], []]);
  });

  test("ours may do both", async () => {
    const headers = { origin: `http://127.0.0.1:${listener.port}` };
    const { status } = await fetchRaw("POST", "/jsonrpc", { body: CALL, headers });
    expect(status).toBe(200);
    expect(await refusal("/jsonrpc", headers)).toBe(101);
  });
});

describe("JSON-RPC by WebSocket", () => {
  test("one document a frame, without line end; broadcasts too", async () => {
    const socket = await open("/jsonrpc");
    const seen: string[] = [];
    socket.on("message", (text) => seen.push(text.toString()));
    socket.send(CALL);
    await expect.poll(() => seen).toEqual([`{"answer":${CALL.length}}`]);
    listener.broadcast("news");
    listener.broadcast("not for it", asked[0]?.[0]);
    await expect.poll(() => seen.length).toBe(2);
    expect(seen[1]).toBe("news");
  });

  test("a frame that is too long ends the connection", async () => {
    const socket = await open("/jsonrpc");
    socket.on("error", () => {});
    socket.send("x".repeat(CONTROL_LINE_BYTES_MAX + 1));
    const [code] = await once(socket, "close");
    expect(code).toBe(1009);
    expect(asked).toEqual([]);
  });

  test("other targets are not served", async () => {
    expect(await refusal("/other", {})).toBe(404);
  });
});

describe("players by WebSocket", () => {
  const hello = {
    kind: "hello",
    id: "web",
    instance: 1,
    mac: "00:00:00:00:00:00",
    hostName: "Küche",
    clientName: "Snapweb",
    version: "0.9.0",
    os: "",
    arch: "web",
    protocolVersion: 2,
  } as const;

  test("are sockets like any other, whatever length their header claims", async () => {
    const socket = await open("/stream");
    const frame = encodeMessage(hello);
    new DataView(frame.buffer, frame.byteOffset).setUint32(22, frame.length, true);
    socket.send(frame);
    await expect.poll(() => heard).toEqual([hello]);
    expect(players[0]?.address).toContain("127.0.0.1");
    socket.close();
    await expect.poll(() => left).toEqual(players);
  });

  test("get one message a frame, however many are written at once", async () => {
    const socket = await open("/stream");
    const frames: Buffer[] = [];
    socket.on("message", (bytes: Buffer, isBinary) => isBinary && frames.push(bytes));
    await expect.poll(() => players.length).toBe(1);
    const one = encodeMessage(hello);
    const two = encodeMessage({ kind: "error", code: 1, error: "a", detail: "b" });
    await new Promise<void>((taken) =>
      players[0]?.write(new Uint8Array([...one, ...two]), () => taken()),
    );
    await expect.poll(() => frames.map((frame) => [...frame])).toEqual([[...one], [...two]]);
  });

  test("that do not read: what the kernel holds for them is known", async () => {
    const socket = await open("/stream");
    socket.pause();
    await expect.poll(() => players.length).toBe(1);
    const body = new Uint8Array(1_000_000);
    players[0]?.write(
      encodeMessage({ kind: "codec header", codec: "pcm", header: body }),
      () => {},
    );
    await expect.poll(() => players[0]?.unsentBytes, { timeout: 10_000 }).toBeGreaterThan(100_000);
    expect(carried).toContain(players[0]);
  });

  test.each<[string, string | Buffer]>([
    ["text", "hello"],
    ["half a header", Buffer.alloc(HEADER_BYTES - 1)],
  ])("%s ends the connection", async (_, frame) => {
    const socket = await open("/stream");
    socket.send(frame);
    await once(socket, "close");
    expect(heard).toEqual([]);
  });
});
