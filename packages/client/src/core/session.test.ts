import {
  encodeMessage,
  localInstant,
  type Message,
  MessageSplitter,
  micros,
  ProtocolError,
} from "@tutti/protocol";
import { expect, test } from "vitest";
import { Session } from "./session.ts";

/** The id in a question's header. */
function idOf(question: Uint8Array): number {
  let id = -1;
  new MessageSplitter().push(question, ({ header }) => {
    id = header.id;
  });
  return id;
}

function answer(session: Session, refersTo: number, latency: number, sentAt: number, now: number) {
  const bytes = encodeMessage(
    { kind: "time", latency: micros(latency) },
    { refersTo, sentAt, receivedAt: sentAt },
  );
  const exchanges: unknown[] = [];
  session.receive(bytes, localInstant(now), (message, header) => {
    if (message.kind !== "time") return;
    exchanges.push(session.exchange(header, message.latency, localInstant(now)));
  });
  return exchanges[0];
}

test("an answer completes its own question, whatever the order", () => {
  const session = new Session(localInstant(0));
  const first = idOf(session.timeQuestion(localInstant(1_000.4)));
  const second = idOf(session.timeQuestion(localInstant(2_000)));
  expect(answer(session, second, 5_000, 7_100, 2_300)).toEqual({
    clientSent: 2_000,
    serverReceived: 7_000,
    serverSent: 7_100,
    clientReceived: 2_300,
  });
  // The stamp on the wire has whole microseconds: the server's latency counts from that one.
  expect(answer(session, first, 5_000, 6_100, 2_400)).toMatchObject({ clientSent: 1_000 });
});

test("an answer to no question of ours says nothing", () => {
  const session = new Session(localInstant(0));
  const id = idOf(session.timeQuestion(localInstant(0)));
  expect(answer(session, id + 1, 5, 5, 5)).toBeUndefined();
  expect(answer(session, id, 5, 5, 5)).toBeDefined();
  expect(answer(session, id, 5, 5, 5)).toBeUndefined();
});

test("answers to questions from before a jump of this host's clock are void", () => {
  const session = new Session(localInstant(0));
  const id = idOf(session.timeQuestion(localInstant(0)));
  session.clockJumped(localInstant(9e9));
  expect(answer(session, id, 5, 5, 9e9)).toBeUndefined();
  expect(session.deadline).toBeGreaterThan(9e9);
});

test("the oldest of many unanswered questions are given up", () => {
  const session = new Session(localInstant(0));
  const ids = Array.from({ length: 100 }, () => idOf(session.timeQuestion(localInstant(0))));
  expect(answer(session, ids[0]!, 5, 5, 5)).toBeUndefined();
  expect(answer(session, ids[99]!, 5, 5, 5)).toBeDefined();
});

test("a server has 2 s for the Hello's answer, then 5 s for each sign of life", () => {
  const session = new Session(localInstant(0));
  expect(session.deadline).toBe(2e6);
  session.receive(new Uint8Array(3), localInstant(1e6), () => {});
  expect(session.deadline).toBe(2e6);
  session.welcome(localInstant(1.5e6));
  expect(session.deadline).toBe(6.5e6);
  session.receive(new Uint8Array(1), localInstant(3e6), () => {});
  expect(session.deadline).toBe(8e6);
});

test("messages come out whole, however the bytes are cut", () => {
  const session = new Session(localInstant(0));
  const bytes = encodeMessage({ kind: "codec header", codec: "pcm", header: new Uint8Array(44) });
  const messages: Message[] = [];
  for (const byte of bytes) {
    session.receive(Uint8Array.of(byte), localInstant(0), (message) => messages.push(message));
  }
  expect(messages).toEqual([{ kind: "codec header", codec: "pcm", header: new Uint8Array(44) }]);
});

test("a length of four gigabytes is refused", () => {
  const session = new Session(localInstant(0));
  const bytes = new Uint8Array(26).fill(0xff);
  expect(() => session.receive(bytes, localInstant(0), () => {})).toThrow(ProtocolError);
});
