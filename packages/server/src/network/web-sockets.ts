import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { BODY_BYTES_MAX, CONTROL_LINE_BYTES_MAX, HEADER_BYTES } from "@tutti/protocol";
import { type WebSocket, WebSocketServer } from "ws";
import { Carriage } from "./carriage.ts";
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
  const carriage = new Carriage();
  const pinging = setInterval(() => pingAll(control.clients), PING_EVERY_MS);
  const serving = (server: WebSocketServer, accept: (socket: WebSocket, carrier: Socket) => void) =>
    ((request, socket, head) =>
      server.handleUpgrade(request, socket, head, (webSocket) => {
        // A broken frame: "close" follows and says all there is to say.
        webSocket.on("error", () => {});
        accept(webSocket, request.socket);
      })) satisfies Serve;
  const byPath = new Map<string, Serve>();
  byPath.set(
    "/jsonrpc",
    serving(control, (socket, carrier) => acceptControl(socket, carrier, controllers)),
  );
  if (players) {
    const accept = (socket: WebSocket, carrier: Socket) =>
      acceptPlayer(socket, carrier, { players, carriage });
    byPath.set("/stream", serving(stream, accept));
  }
  return {
    byPath: (target) => byPath.get(target.replace(/\?.*$/, "")),
    close: () => {
      clearInterval(pinging);
      carriage.close();
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

function acceptControl(socket: WebSocket, carrier: Socket, controllers: Controllers): void {
  const controller = controllers.add({
    address: carrier.remoteAddress ?? "",
    send: (text) => {
      if (carrier.writableCorked === 0) carrier.cork();
      socket.send(text);
    },
    release: () => carrier.uncork(),
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

interface PlayerPorts {
  readonly players: PlayerSocketEvents;
  readonly carriage: Carriage;
}

/** The stream protocol: one message a frame from us, one or more from players. */
function acceptPlayer(
  socket: WebSocket,
  carrier: Socket,
  { players, carriage }: PlayerPorts,
): void {
  const player: PlayerSocket = {
    address: carrier.remoteAddress ?? "",
    write: (bytes, taken) => {
      const messages = messagesOf(bytes);
      const last = messages.pop();
      for (const message of messages) socket.send(message);
      // Also called, with an error, when the connection is gone.
      if (last) socket.send(last, () => taken());
    },
    // Without compression a frame is written to the carrier at once: nothing waits before it.
    get unsentBytes() {
      return carriage.unsentBytes(carrier);
    },
    together: (write) => {
      carrier.cork();
      write();
      carrier.uncork();
    },
    close: () => socket.terminate(),
  };
  carriage.add(carrier, () => players.onCarried?.(player));
  players.onOpen(player);
  socket.on("message", (frame: Buffer, isBinary: boolean) => {
    if (isBinary && frame.length >= HEADER_BYTES) players.onBytes(player, withTrueLengths(frame));
    else socket.terminate();
  });
  socket.on("close", () => {
    carriage.remove(carrier);
    players.onClose(player);
  });
}
