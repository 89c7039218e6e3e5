import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import {
  decodeTimeAnswer,
  encodeTimeAnswer,
  encodeTimeQuestion,
  localInstant,
  serverInstant,
  TIME_DATAGRAM_BYTES,
} from "@tutti/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { now } from "../clock.ts";
import { listenTime, type TimeResponder } from "./time-responder.ts";

const TOKEN = "0123456789abcdef";

let client: Socket;
let responder: TimeResponder;
const asked: string[] = [];
beforeEach(async () => {
  asked.length = 0;
  const onQuestion = (token: string) => asked.push(token) > 0 && token === TOKEN;
  responder = await listenTime({ port: 0, address: "127.0.0.1", onQuestion });
  client = createSocket("udp4");
});
afterEach(async () => {
  client.close();
  await responder.close();
});

function question(sequence: number, token = TOKEN): Uint8Array {
  return encodeTimeQuestion({ token, sequence, clientSent: localInstant(123_456) });
}

async function answers(count: number): Promise<Buffer[]> {
  const got: Buffer[] = [];
  while (got.length < count) {
    const [datagram] = await once(client, "message");
    got.push(datagram);
  }
  return got;
}

test("answers with both of its times, and gives the question back", async () => {
  const before = now();
  client.send(question(7), responder.port, "127.0.0.1");
  const [datagram = Buffer.alloc(0)] = await answers(1);
  const after = now();

  expect(datagram).toHaveLength(TIME_DATAGRAM_BYTES);
  const { token, sequence, clientSent, serverReceived, serverSent } = decodeTimeAnswer(datagram);
  expect({ token, sequence, clientSent }).toEqual({
    token: TOKEN,
    sequence: 7,
    clientSent: 123_456,
  });
  expect(serverReceived).toBeGreaterThan(before);
  expect(serverSent).toBeGreaterThanOrEqual(serverReceived);
  expect(serverSent).toBeLessThan(after);
});

test("loses none of a burst", async () => {
  const all = answers(200);
  for (let sequence = 0; sequence < 200; sequence++)
    client.send(question(sequence), responder.port, "127.0.0.1");
  const sequences = (await all).map((datagram) => decodeTimeAnswer(datagram).sequence);

  expect(new Set(sequences).size).toBe(200);
});

test("says nothing to strangers, to nonsense and to answers, and goes on", async () => {
  const answer = { token: TOKEN, sequence: 1, clientSent: localInstant(1) };
  const stamps = { serverReceived: serverInstant(1), serverSent: serverInstant(1) };
  client.send(question(1, "ffffffffffffffff"), responder.port, "127.0.0.1");
  client.send(Buffer.alloc(TIME_DATAGRAM_BYTES), responder.port, "127.0.0.1");
  client.send(Buffer.concat([question(2), Buffer.alloc(1)]), responder.port, "127.0.0.1");
  client.send(question(3).subarray(0, 20), responder.port, "127.0.0.1");
  client.send(encodeTimeAnswer({ ...answer, ...stamps }), responder.port, "127.0.0.1");
  client.send(question(4), responder.port, "127.0.0.1");
  const [datagram = Buffer.alloc(0)] = await answers(1);

  expect(decodeTimeAnswer(datagram).sequence).toBe(4);
  expect(asked).toEqual(["ffffffffffffffff", TOKEN]);
});
