/**
 * What Node alone takes for it: a server that does nothing but send the same bytes to all who say anything, every 20 ms.
 * `node bare.js PORT BYTES`
 */
import { createServer, type Socket } from "node:net";
import { nowUs } from "../harness/clock.ts";
import { MESSAGES, message } from "./wire.ts";

const CHUNK_MS = 20;
const STAMP_BYTES = 8;
const [port = 0, bytes = 0] = process.argv.slice(2).map(Number);
const sockets = new Set<Socket>();
const server = createServer({ noDelay: true }, (socket) => {
  socket.once("data", () => sockets.add(socket));
  socket.on("error", () => {});
  socket.on("close", () => sockets.delete(socket));
});
server.listen(port, "127.0.0.1");
const begunMs = performance.now();
const begunUs = nowUs();
let sent = 0;
setInterval(() => {
  // By the clock: a timer's own distances add up to more.
  for (; sent * CHUNK_MS < performance.now() - begunMs; sent++) send();
}, CHUNK_MS / 4);

function send(): void {
  const body = Buffer.alloc(Math.max(STAMP_BYTES, bytes));
  const us = Math.round(begunUs + sent * CHUNK_MS * 1_000);
  body.writeInt32LE(Math.floor(us / 1e6), 0);
  body.writeInt32LE(us % 1e6, 4);
  const chunk = message(MESSAGES.chunk, body);
  for (const socket of sockets) socket.write(chunk);
}
