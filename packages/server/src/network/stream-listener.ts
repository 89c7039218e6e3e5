import { createServer, type Server, type Socket } from "node:net";
import { Carriage } from "./carriage.ts";

/** A player's connection, whatever carries it. */
export interface PlayerSocket {
  readonly address: string;
  /** Calls `taken` once the kernel has the bytes, or the connection is gone. */
  write(bytes: Uint8Array, taken: () => void): void;
  /** Bytes written that have not arrived, as far as that is known. */
  readonly unsentBytes: number;
  /** What has not arrived is to be known sooner than usual, for a while. */
  lookClosely?(): void;
  /** Several writes as one. */
  together(write: () => void): void;
  close(): void;
}

/** What becomes of a connection. Each is called in this order, `onClose` once. */
export interface PlayerSocketEvents {
  onOpen(socket: PlayerSocket): void;
  onBytes(socket: PlayerSocket, bytes: Uint8Array): void;
  /** It is known anew how much has not arrived, as that is much or was. */
  onCarried?(socket: PlayerSocket): void;
  onClose(socket: PlayerSocket): void;
}

export interface StreamListenerOptions extends PlayerSocketEvents {
  readonly port: number;
  readonly address: string;
  /** Who connects before waits for it. */
  readonly ready?: Promise<void> | undefined;
}

/** More at once than any house has players: what is beyond is refused before it costs memory. */
const CONNECTIONS_MAX = 2_048;

/** So long a player has to take what was written last before the listener closes. (ms) */
const LAST_WORDS_MS = 200;

/** Players over TCP. Rejects with the system's error when the port cannot be had. */
export async function listenStream(
  options: StreamListenerOptions,
): Promise<{ close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const carriage = new Carriage();
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // The reason (reset, unreachable) says nothing that "close", which always follows, does not.
    socket.on("error", () => {});
    const welcome = () => {
      if (!socket.destroyed) accept(socket, options, carriage);
    };
    if (options.ready) void options.ready.then(welcome);
    else welcome();
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listening(server, options);
  return {
    close: () =>
      new Promise<void>((resolve) => {
        // Ended, not destroyed: that takes back what has not arrived if the player has said anything meanwhile.
        for (const socket of sockets) socket.end();
        const late = setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, LAST_WORDS_MS);
        server.close(() => {
          clearTimeout(late);
          resolve();
        });
        carriage.close();
      }),
  };
}

function listening(server: Server, { port, address }: StreamListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => {
      server.off("error", reject);
      // Out of file descriptors, say: those who are connected play on.
      server.on("error", () => {});
      resolve();
    });
  });
}

function accept(socket: Socket, events: PlayerSocketEvents, carriage: Carriage): void {
  const player: PlayerSocket = {
    address: socket.remoteAddress ?? "",
    write: (bytes, taken) => void socket.write(bytes, taken),
    get unsentBytes() {
      return carriage.unsentBytes(socket);
    },
    lookClosely: () => carriage.lookClosely(),
    together: (write) => {
      socket.cork();
      write();
      socket.uncork();
    },
    close: () => socket.destroy(),
  };
  carriage.add(socket, () => events.onCarried?.(player));
  events.onOpen(player);
  socket.on("data", (bytes) => events.onBytes(player, bytes));
  socket.on("end", () => socket.destroy());
  socket.on("close", () => {
    carriage.remove(socket);
    events.onClose(player);
  });
}
