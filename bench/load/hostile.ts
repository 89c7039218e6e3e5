/**
 * Five that mean no good, in a process of their own: `node hostile.js PORT`. Each begins anew as often as it is
 * thrown out. Says once a second how often that was, as JSON.
 */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { HEADER_BYTES, helloMessage, MESSAGES, message, timeMessage } from "./wire.ts";

const AGAIN_AFTER_MS = 100;
const POUR_EVERY_MS = 10;
const POUR_BYTES = 64 * 1024;
const SAY_EVERY_MS = 1_000;
const port = Number(process.argv[2]);
const begun: Record<string, number> = {};

/** What each does with a connection; returns what ends that. */
const WAYS: Readonly<Record<string, (socket: Socket) => () => void>> = {
  garbage: (socket) => every(POUR_EVERY_MS, () => socket.write(randomBytes(1_024))),
  "half a hello": (socket) => {
    socket.write(helloMessage("hostile-half", false).subarray(0, HEADER_BYTES + 20));
    return () => {};
  },
  "two gigabytes announced": (socket) => {
    const head = message(MESSAGES.hello, Buffer.alloc(0));
    head.writeUInt32LE(2 ** 31 - 1, HEADER_BYTES - 4);
    socket.write(head);
    const poured = Buffer.alloc(POUR_BYTES);
    return every(POUR_EVERY_MS, () => socket.writableLength === 0 && socket.write(poured));
  },
  "hello and silence": (socket) => {
    socket.write(helloMessage("hostile-silent", false));
    socket.pause();
    return () => {};
  },
  "questions without end": (socket) => {
    socket.write(helloMessage("hostile-asking", false));
    const questions = Buffer.concat(Array.from({ length: 20 }, timeMessage));
    return every(POUR_EVERY_MS, () => socket.writableLength === 0 && socket.write(questions));
  },
};

for (const name of Object.keys(WAYS)) begin(name);
setInterval(() => console.log(JSON.stringify(begun)), SAY_EVERY_MS);

function begin(name: string): void {
  const socket = connect({ host: "127.0.0.1", port });
  let stop = () => {};
  socket.once("connect", () => {
    begun[name] = (begun[name] ?? 0) + 1;
    stop = WAYS[name]!(socket);
  });
  socket.on("error", () => {});
  socket.once("close", () => {
    stop();
    setTimeout(() => begin(name), AGAIN_AFTER_MS);
  });
}

function every(ms: number, act: () => unknown): () => void {
  const timer = setInterval(act, ms);
  return () => clearInterval(timer);
}
