import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { BODY_BYTES_MAX, CONTROL_LINE_BYTES_MAX, HEADER_BYTES } from "@tutti/protocol";
import { type WebSocket, WebSocketServer } from "ws";
import type { Controllers } from "./controllers.ts";
import { messagesOf, withTrueLengths } from "./frame-lengths.ts";
import type { PlayerSocket, PlayerSocketEvents } from "./stream-listener.ts";

export type Serve = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** The WebSockets of one HTTP server. */
export interface WebSockets {
  /** Who serves this request target; undefined: nobody. */
  byPath(target: string): Serve | undefined;
  /** Ends all connections. */
  close(): void;
}

/** A page that does not answer this question twice is gone: phones vanish without a word. */
const PING_EVERY_MS = 30_000;

/** For the handshake of closing; then the connection is cut. */
const CLOSE_TIMEOUT_MS = 1_000;

const CLOSE_POLICY_VIOLATION = 1008;

export function webSockets(
  controllers: Controllers,
  players: PlayerSocketEvents | undefined,
): WebSockets {
  const control = socketServer(CONTROL_LINE_BYTES_MAX);
  const stream = socketServer(HEADER_BYTES + BODY_BYTES_MAX);
  const pinging = setInterval(() => pingAll(control.clients), PING_EVERY_MS);
  const serving = (server: WebSocketServer, accept: (socket: WebSocket, address: string) => void) =>
    ((request, socket, head) =>
      server.handleUpgrade(request, socket, head, (webSocket) => {
        // A broken frame: "close" follows and says all there is to say.
        webSocket.on("error", () => {});
        accept(webSocket, request.socket.remoteAddress ?? "");
      })) satisfies Serve;
  const byPath = new Map<string, Serve>([
    [
      "/jsonrpc",
      serving(control, (socket, address) => acceptControl(socket, address, controllers)),
    ],
  ]);
  if (players) {
    const accept = (socket: WebSocket, address: string) => acceptPlayer(socket, address, players);
    byPath.set("/stream", serving(stream, accept));
  }
  return {
    byPath: (target) => byPath.get(target.replace(/\?.*$/, "")),
    close: () => {
      clearInterval(pinging);
      for (const socket of [...control.clients, ...stream.clients]) socket.terminate();
    },
  };
}

function socketServer(maxPayload: number): WebSocketServer {
  return new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload });
}

const unanswered = new WeakSet<WebSocket>();

function pingAll(sockets: Iterable<WebSocket>): void {
  for (const socket of sockets) {
    if (unanswered.has(socket)) socket.terminate();
    else {
      unanswered.add(socket);
      socket.ping();
    }
  }
}

function acceptControl(socket: WebSocket, address: string, controllers: Controllers): void {
  const controller = controllers.add({
    address,
    send: (text) => socket.send(text),
    close: (word) => finish(socket, word),
    get unsentBytes() {
      return socket.bufferedAmount;
    },
  });
  if (controller === undefined) return;
  socket.on("pong", () => unanswered.delete(socket));
  socket.on("message", (document: Buffer) => controllers.receive(controller, document));
  socket.on("close", () => controllers.remove(controller));
}

function finish(socket: WebSocket, word: string | undefined): void {
  if (word === undefined || socket.bufferedAmount > 0) {
    socket.terminate();
    return;
  }
  socket.send(word);
  socket.close(CLOSE_POLICY_VIOLATION);
  const cut = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
  socket.once("close", () => clearTimeout(cut));
}

/** One message of the stream protocol a frame, both ways. */
function acceptPlayer(socket: WebSocket, address: string, events: PlayerSocketEvents): void {
  const player: PlayerSocket = {
    address,
    write: (bytes, taken) => {
      const messages = messagesOf(bytes);
      const last = messages.pop();
      for (const message of messages) socket.send(message);
      // Also called, with an error, when the connection is gone.
      if (last) socket.send(last, () => taken());
    },
    get unsentBytes() {
      return socket.bufferedAmount;
    },
    together: (write) => write(),
    close: () => socket.terminate(),
  };
  events.onOpen(player);
  socket.on("message", (frame: Buffer, isBinary: boolean) => {
    if (isBinary && frame.length >= HEADER_BYTES) events.onBytes(player, withTrueLengths(frame));
    else socket.terminate();
  });
  socket.on("close", () => events.onClose(player));
}
