import fc from "fast-check";
import { expect, test } from "vitest";
import { ProtocolError } from "../errors.ts";
import { micros, serverInstant } from "../units.ts";
import { encodeMessage, type KnownMessage } from "./message.ts";
import { MessageSplitter, type RawMessage } from "./message-splitter.ts";

const STREAM = concat(
  encodeMessage({ kind: "time", latency: micros(-5) }, { id: 3 }),
  encodeMessage({
    kind: "chunk",
    recordedAt: serverInstant(1),
    payload: new Uint8Array(300).fill(7),
  }),
  encodeMessage({ kind: "stream tags", tags: {} }),
  encodeMessage({ kind: "chunk", recordedAt: serverInstant(2), payload: new Uint8Array(0) }),
  new Uint8Array(26), // a header alone: a body of no bytes
);

test("whole messages are handed on as views of what was pushed", () => {
  const messages = split([STREAM]);
  expect(messages.map(({ header }) => header.type)).toEqual([4, 2, 6, 2, 0]);
  for (const { body } of messages) expect(body.buffer).toBe(STREAM.buffer);
});

test("cut in two at any byte, the stream gives the same messages", () => {
  const whole = split([STREAM]);
  for (let at = 0; at <= STREAM.length; at++) {
    expect(split([STREAM.subarray(0, at), STREAM.subarray(at)]), `at ${at}`).toEqual(whole);
  }
});

test("cut anywhere, and byte by byte, the stream gives the same messages", () => {
  const whole = split([STREAM]);
  expect(split(Array.from(STREAM, (byte) => Uint8Array.of(byte)))).toEqual(whole);
  fc.assert(
    fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 20 }), (cuts) => {
      const ends = [...cuts.toSorted((a, b) => a - b), STREAM.length];
      const pieces = ends.map((end, index) => STREAM.slice(ends[index - 1] ?? 0, end));
      expect(split(pieces)).toEqual(whole);
    }),
  );
});

test("bodies stay as they are while later messages pass", () => {
  const kept = split(Array.from(STREAM, (byte) => Uint8Array.of(byte)));
  expect(kept[1]?.body.subarray(12)).toEqual(new Uint8Array(300).fill(7));
});

test("a body that is too large is refused as soon as its header is there", () => {
  const announcing = encodeMessage({ kind: "time", latency: micros(0) });
  for (const [size, refused] of [
    [64, false],
    [65, true],
    [0xffff_ffff, true],
  ] as const) {
    new DataView(announcing.buffer).setUint32(22, size, true);
    const pushHeader = () => new MessageSplitter(64).push(announcing.subarray(0, 26), () => {});
    if (refused) expect(pushHeader).toThrow(ProtocolError);
    else expect(pushHeader).not.toThrow();
  }
});

test("the limit may be raised between two messages of one push", () => {
  const hello: KnownMessage = { kind: "stream tags", tags: {} };
  const large: KnownMessage = { kind: "stream tags", tags: { a: "x".repeat(500) } };
  const splitter = new MessageSplitter(100);
  const sizes: number[] = [];
  splitter.push(concat(encodeMessage(hello), encodeMessage(large)), ({ header }) => {
    splitter.bodyBytesMax = 1_000;
    sizes.push(header.size);
  });
  expect(sizes).toHaveLength(2);
});

test("any bytes give messages that add up, or a ProtocolError", () => {
  const bytesMax = 1_000;
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 20 }), (pieces) => {
      const splitter = new MessageSplitter(bytesMax);
      let pushed = 0;
      let taken = 0;
      try {
        for (const piece of pieces) {
          pushed += piece.length;
          splitter.push(piece, ({ body }) => {
            expect(body.length).toBeLessThanOrEqual(bytesMax);
            taken += 26 + body.length;
          });
          expect(taken).toBeLessThanOrEqual(pushed);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
  );
});

test("a peer that announces much and sends little is given little memory", () => {
  const announcing = encodeMessage({ kind: "time", latency: micros(0) });
  new DataView(announcing.buffer).setUint32(22, 1_000_000, true);
  const before = process.memoryUsage().arrayBuffers;
  const splitters = Array.from({ length: 200 }, () => {
    const splitter = new MessageSplitter();
    for (const byte of announcing) splitter.push(Uint8Array.of(byte), () => {});
    return splitter;
  });
  const grownBy = process.memoryUsage().arrayBuffers - before;
  expect(splitters).toHaveLength(200);
  expect(grownBy).toBeLessThan(20_000_000); // 200 MB, were announcements believed
});

function split(pieces: readonly Uint8Array[]): RawMessage[] {
  const messages: RawMessage[] = [];
  const splitter = new MessageSplitter();
  for (const piece of pieces) splitter.push(piece, (message) => messages.push(message));
  return messages;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
