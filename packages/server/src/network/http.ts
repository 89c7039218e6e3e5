import { randomBytes } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { Duplex } from "node:stream";
import { VERSION } from "@tutti/protocol";
import { encodeJson, openRpc } from "@tutti/protocol/control";
import { type ControlListener, portOf } from "./control-listener.ts";
import { type ControllerEvents, Controllers } from "./controllers.ts";
import { EventStream } from "./event-stream.ts";
import { json, notFound, reply, send } from "./http-answer.ts";
import { HttpPosts } from "./http-posts.ts";
import { pageHeaders, STATUS_PAGE } from "./status-page.ts";
import type { PlayerSocketEvents } from "./stream-listener.ts";
import type { WebFolder } from "./web-folder.ts";
import { mayAct, mayRead } from "./web-origin.ts";
import { type WebSockets, webSockets } from "./web-sockets.ts";

export interface HttpOptions extends ControllerEvents {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly address: string;
  /** Players over WebSocket, as if they came over TCP. Absent: /stream is not served. */
  readonly players?: PlayerSocketEvents;
  /** The page for Prometheus, made when it is asked for. Absent: /metrics is not served. */
  readonly metrics?: () => string;
  /** The house as a notification, for those who listen at /events. Absent: that is not served. */
  readonly snapshot?: () => string;
  /** Served in place of our page. */
  readonly folder?: WebFolder | undefined;
}

/** A request must be whole by then: slow senders hold a socket each. */
const REQUEST_TIMEOUT_MS = 15_000;
const HEADERS_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 5_000;
const HEADER_BYTES_MAX = 16 * 1024;

/** Controllers, players and requests under way; more are cut off by the system. */
const SOCKETS_MAX = 1_024;

/** The page, metrics, events, JSON-RPC by POST and WebSocket, and players by WebSocket. Rejects with the system's error when the port cannot be had. */
export async function listenHttp(options: HttpOptions): Promise<ControlListener> {
  const controllers = new Controllers(options);
  const posts = new HttpPosts(options);
  const { metrics, snapshot } = options;
  const events = snapshot && new EventStream(randomBytes(8).toString("hex"), snapshot);
  const readings = new Map<string, Reading>([["/openrpc.json", tellApi]]);
  if (metrics) readings.set("/metrics", (_, response) => tellMetrics(response, metrics()));
  if (events) readings.set("/events", (request, response) => events.open(request, response));
  const { folder } = options;
  const page: Reading = folder ? (request, response) => void folder.answer(request, response) : get;
  const server = createServer(
    {
      connectionsCheckingInterval: IDLE_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: IDLE_TIMEOUT_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
      noDelay: true,
      requestTimeout: REQUEST_TIMEOUT_MS,
    },
    (request, response) => route(request, response, { posts, readings, page }),
  );
  server.maxConnections = SOCKETS_MAX;
  const sockets = webSockets(controllers, options.players);
  server.on("upgrade", (request, socket, head) => upgrade({ request, socket, head }, sockets));
  await listening(server, options);
  return {
    port: portOf(server),
    get count() {
      return controllers.count;
    },
    get told() {
      return controllers.count + (events?.listeners ?? 0);
    },
    send: (controller, text) => {
      controllers.send(controller, text);
      posts.answer(controller, text);
    },
    broadcast: (text, except) => {
      if (text !== "") controllers.broadcast(text, except);
      events?.publish(text);
    },
    room: (controller) => controllers.room(controller),
    close: () =>
      new Promise((resolve) => {
        sockets.close();
        events?.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server, options: HttpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.address, () => {
      server.off("error", reject);
      server.on("error", ({ message: reason }) =>
        options.onEvent({ kind: "listener failing", listener: "http", reason }),
      );
      resolve();
    });
  });
}

type Reading = (request: IncomingMessage, response: ServerResponse) => void;

interface Routes {
  readonly posts: HttpPosts;
  /** What tells of the house, by path: not for pages of other origins. */
  readonly readings: ReadonlyMap<string, Reading>;
  /** All other paths. */
  readonly page: Reading;
}

function route(
  request: IncomingMessage,
  response: ServerResponse,
  { posts, readings, page }: Routes,
): void {
  const path = request.url ?? "";
  const reads = request.method === "GET" || request.method === "HEAD";
  const reading = reads ? readings.get(path) : undefined;
  if (reading && mayRead(request.headers)) reading(request, response);
  else if (reading) reply(response, 403, "Not for pages of other origins, nor under a public name");
  else if (path === "/healthz" && reads) tellHealth(request, response);
  else if (reads) page(request, response);
  else if (request.method !== "POST") reply(response, 400, "Unknown HTTP-method");
  else if (path !== "/jsonrpc") reply(response, 400, "Illegal request-target");
  else if (!mayAct(request.headers)) reply(response, 403, "Pages of other origins may not act");
  else posts.read(request, response);
}

function tellMetrics(response: ServerResponse, page: string): void {
  send(response, 200, page, {
    "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
    "Cache-Control": "no-store",
  });
}

function tellApi(_: IncomingMessage, response: ServerResponse): void {
  json(response, encodeJson(openRpc(VERSION)));
}

function get({ url: path = "" }: IncomingMessage, response: ServerResponse): void {
  if (path === "/" || path === "/index.html") {
    send(response, 200, STATUS_PAGE, {
      "Content-Type": "text/html; charset=utf-8",
      ...pageHeaders(),
    });
  } else {
    notFound(response, path);
  }
}

function tellHealth(_: IncomingMessage, response: ServerResponse): void {
  send(response, 200, "ok\n", { "Content-Type": "text/plain", "Cache-Control": "no-store" });
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

function upgrade({ request, socket, head }: Upgrade, sockets: WebSockets): void {
  // Until the handshake is done nobody else listens for a reset.
  socket.on("error", () => socket.destroy());
  const serve = sockets.byPath(request.url ?? "");
  if (!mayAct(request.headers)) refuse(socket, 403);
  else if (serve) serve(request, socket, head);
  else refuse(socket, 404);
}

function refuse(socket: Duplex, status: number): void {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}
