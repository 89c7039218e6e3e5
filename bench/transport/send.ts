/**
 * The server's end of all links, a program of its own: `node send.js PLAN`, as JSON. Makes chunks of 20 ms, sends each to every room
 * in the room's way, and says in the end when it sent them.
 */
import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { nowUs } from "../harness/clock.ts";
import { MESSAGES, message } from "../load/wire.ts";
import { CHUNK_MS } from "./chunk-sizes.ts";
import { PORT } from "./port.ts";
import type { SendPlan, Sent } from "./send-plan.ts";
import { datagramsOf, encode } from "./ways.ts";

/** Of a chunk: when it was recorded, and its length. */
const STAMP_BYTES = 12;

const plan = JSON.parse(process.argv[2] ?? "") as SendPlan;
const datagrams = createSocket("udp4");
// A room that has ended while this still sends.
datagrams.on("error", () => {});
const streams = await listen(plan.rooms.filter(({ way }) => way.over === "tcp").length);
console.log("begin");
const sentUs: number[] = [];
const begunUs = nowUs();
for (let chunk = 0; chunk < plan.chunks; chunk++) {
  const dueUs = begunUs + chunk * CHUNK_MS * 1e3;
  await pause(Math.max(0, (dueUs - nowUs()) / 1e3));
  sentUs.push(nowUs());
  for (const room of plan.rooms) send(room, chunk);
}
console.log(JSON.stringify({ sentUs } satisfies Sent));

function send({ address, way }: SendPlan["rooms"][number], chunk: number): void {
  if (way.over === "udp") {
    for (const each of datagramsOf(way, chunk, plan.sizes)) {
      datagrams.send(encode(each), PORT, address);
    }
    return;
  }
  const body = Buffer.alloc(STAMP_BYTES + (plan.sizes[chunk % plan.sizes.length] ?? 0));
  body.writeUInt32LE(chunk);
  streams.get(address)?.write(message(MESSAGES.chunk, body));
}

/** Resolves with the rooms' connections, by the room's address, once there are so many. */
function listen(expected: number): Promise<ReadonlyMap<string, Socket>> {
  return new Promise((resolve) => {
    const streams = new Map<string, Socket>();
    const accept = (socket: Socket) => {
      socket.on("error", () => {});
      streams.set(socket.remoteAddress ?? "", socket);
      if (streams.size === expected) resolve(streams);
    };
    // As the server's own: packages/server/src/network/stream-listener.ts.
    const server = createServer({ noDelay: true, keepAlive: true }, accept);
    server.listen(PORT, "0.0.0.0", () => console.log("ready"));
    if (expected === 0) resolve(streams);
  });
}
