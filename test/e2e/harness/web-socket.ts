import { createRequire } from "node:module";

/** What tests use of a WebSocket; Node has none of its own before version 22. */
export interface WebSocketClient {
  send(data: string | Uint8Array): void;
  close(): void;
  terminate(): void;
  on(event: "open" | "close" | "error", listener: () => void): void;
  on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): void;
  on(event: "unexpected-response", listener: () => void): void;
}

// The server has it among its dependencies, and nobody else needs it.
const require = createRequire(new URL("../../../packages/server/package.json", import.meta.url));
const { WebSocket } = require("ws") as {
  WebSocket: new (url: string, options: object) => WebSocketClient;
};

/** Resolves once the server has agreed. As a page of the server's own does: with its origin, without compression. */
export function openWebSocket(port: number, path: string): Promise<WebSocketClient> {
  const host = `127.0.0.1:${port}`;
  const socket = new WebSocket(`ws://${host}${path}`, { origin: `http://${host}` });
  return new Promise((resolve, reject) => {
    socket.on("error", () => reject(new Error(`no WebSocket at ${host}${path}`)));
    socket.on("open", () => resolve(socket));
  });
}
