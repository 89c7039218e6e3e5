import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { decodeTimeQuestion, encodeTimeAnswer, serverInstant } from "@tutti/protocol";
import { afterEach, expect, test } from "vitest";
import { type TimeExchange, TimeSocket } from "./time-socket.ts";

const TOKEN = "0123456789abcdef";
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A responder that answers each question with the datagrams `answers` makes of it. */
async function respond(answers: (question: Uint8Array) => Uint8Array[]): Promise<number> {
  const socket: Socket = createSocket("udp4");
  closers.push(() => socket.close());
  socket.on("message", (question, { port, address }) => {
    for (const answer of answers(question)) socket.send(answer, port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket.address().port;
}

/** What came of the questions, once there are `enough` exchanges. */
function exchanges(port: number, sequences: readonly number[], enough: number) {
  return new Promise<TimeExchange[]>((resolve) => {
    const seen: TimeExchange[] = [];
    const socket = new TimeSocket((exchange, address) => {
      expect(address).toBe("127.0.0.1");
      seen.push(exchange);
      if (seen.length === enough) resolve(seen);
    });
    closers.push(() => socket.close());
    for (const sequence of sequences)
      void socket.ask({ token: TOKEN, sequence }, "127.0.0.1", port);
  });
}

function answerTo(question: Uint8Array, changes: { token?: string } = {}): Uint8Array {
  const stamps = { serverReceived: serverInstant(7_000), serverSent: serverInstant(7_001) };
  return encodeTimeAnswer({ ...decodeTimeQuestion(question), ...stamps, ...changes });
}

test("an answer becomes an exchange of four stamps in order", async () => {
  const port = await respond((question) => [answerTo(question)]);
  const [exchange] = await exchanges(port, [1], 1);
  expect(exchange).toMatchObject({ serverReceived: 7_000, serverSent: 7_001 });
  expect(exchange!.clientReceived).toBeGreaterThan(exchange!.clientSent);
});

test("a burst comes back whole", async () => {
  const port = await respond((question) => [answerTo(question)]);
  const burst = Array.from({ length: 20 }, (_, sequence) => sequence);
  expect(await exchanges(port, burst, 20)).toHaveLength(20);
});

test("answers that repeat, bear another token or are garbage do not count", async () => {
  const port = await respond((question) => [
    new Uint8Array(40),
    answerTo(question, { token: "ffffffffffffffff" }),
    answerTo(question),
    answerTo(question),
  ]);
  const seen = await exchanges(port, [1, 2], 2);
  expect(new Set(seen.map((exchange) => exchange.clientSent)).size).toBe(2);
});
