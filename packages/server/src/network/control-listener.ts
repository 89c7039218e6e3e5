import { createServer, type Server, type Socket } from "node:net";
import { CONTROL_LINE_BYTES_MAX } from "@tutti/protocol";
import {
  brokenWord,
  CONTROLLERS_MAX,
  type ControllerEvents,
  Controllers,
  type Room,
} from "./controllers.ts";
import { LineSplitter } from "./line-splitter.ts";

export interface ControlListenerOptions extends ControllerEvents {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly address: string;
}

/** Where controllers are answered and told. */
export interface ControlListener {
  readonly port: number;
  /** Controllers that are connected. */
  readonly count: number;
  /** These, and all others that are told what changes. */
  readonly told: number;
  /** Nothing happens when the controller is another listener's or gone. */
  send(controller: number, text: string): void;
  /** Empty: something changed that nobody was there to be told of. */
  broadcast(text: string, except?: number): void;
  /** "gone" also when the controller is another listener's, or a request that is answered once. */
  room(controller: number): Room;
  close(): Promise<void>;
}

/** Above it no more is read from this controller: it asks faster than it takes the answers. */
const UNSENT_BYTES_PAUSE = 1024 * 1024;

/** Finds controllers that lost power within minutes; nothing else ends an idle connection. */
const KEEP_ALIVE_AFTER_MS = 30_000;

/** Beyond the limit that is refused with a word, the system's refusal is silent and costs nothing. */
const SOCKETS_MAX = 2 * CONTROLLERS_MAX;

const LAST_WORD_MS = 1_000;

/** JSON-RPC over TCP, one document a line. Rejects with the system's error when the port cannot be had. */
export async function listenControl(options: ControlListenerOptions): Promise<ControlListener> {
  const controllers = new Controllers(options);
  const sockets = new Set<Socket>();
  const server = createServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS },
    (socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      accept(socket, controllers);
    },
  );
  server.maxConnections = SOCKETS_MAX;
  await listening(server, options);
  return {
    port: portOf(server),
    get count() {
      return controllers.count;
    },
    get told() {
      return controllers.count;
    },
    send: (controller, text) => controllers.send(controller, text),
    broadcast: (text, except) => {
      if (text !== "") controllers.broadcast(text, except);
    },
    room: (controller) => controllers.room(controller),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function listening(server: Server, options: ControlListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.address, () => {
      server.off("error", reject);
      server.on("error", ({ message: reason }) =>
        options.onEvent({ kind: "listener failing", listener: "control", reason }),
      );
      resolve();
    });
  });
}

/** The port that was chosen, when the system chose. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function accept(socket: Socket, controllers: Controllers): void {
  // The reason (reset, unreachable) says nothing that "close", which always follows, does not.
  socket.on("error", () => {});
  let held = "";
  const controller = controllers.add({
    address: socket.remoteAddress ?? "",
    send: (text) => {
      held += `${text}\r\n`;
    },
    release: () => {
      // All JSON of ours is ASCII.
      if (held !== "") socket.write(held, "latin1");
      held = "";
    },
    close: (word) => finish(socket, word),
    get unsentBytes() {
      return socket.writableLength + held.length;
    },
  });
  if (controller === undefined) return;
  const splitter = new LineSplitter(CONTROL_LINE_BYTES_MAX);
  socket.on("data", (bytes) => read(bytes, { socket, splitter, controller, controllers }));
  socket.on("drain", () => socket.resume());
  socket.on("close", () => controllers.remove(controller));
}

interface Reading {
  readonly socket: Socket;
  readonly splitter: LineSplitter;
  readonly controller: number;
  readonly controllers: Controllers;
}

function read(bytes: Uint8Array, { socket, splitter, controller, controllers }: Reading): void {
  for (const line of splitter.push(bytes)) {
    if (line === undefined) {
      const word = brokenWord(`Line longer than ${CONTROL_LINE_BYTES_MAX} bytes`);
      controllers.drop(controller, "sent a line that is too long", word);
      return;
    }
    controllers.receive(controller, line);
    if (socket.destroyed) return;
  }
  if (socket.writableLength > UNSENT_BYTES_PAUSE) socket.pause();
}

/** Lets a last word out; whoever does not take it within a second is cut off. */
function finish(socket: Socket, word: string | undefined): void {
  socket.removeAllListeners("data");
  if (word === undefined || socket.writableLength > 0) {
    socket.destroy();
    return;
  }
  // What still comes in is thrown away: closing with unread bytes would destroy the last word.
  socket.resume();
  socket.end(`${word}\r\n`);
  const cut = setTimeout(() => socket.destroy(), LAST_WORD_MS);
  socket.once("close", () => clearTimeout(cut));
}
