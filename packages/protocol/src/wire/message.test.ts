import fc from "fast-check";
import { expect, test } from "vitest";
import { ProtocolError } from "../errors.ts";
import { micros, serverInstant } from "../units.ts";
import { ByteWriter } from "./byte-writer.ts";
import { decodeFlacHeader, decodeOpusHeader, decodePcmHeader } from "./codec-header.ts";
import { messageOfFrame } from "./frame.ts";
import { clientIdOf, type Hello } from "./hello.ts";
import {
  decodeMessage,
  encodeMessage,
  type KnownMessage,
  type Message,
  stampSent,
} from "./message.ts";
import { MessageSplitter } from "./message-splitter.ts";

const HELLO: Hello = {
  id: "a",
  instance: 1,
  mac: "00:11:22:33:44:55",
  hostName: "attic",
  clientName: "Tutti",
  version: "0.1.0",
  os: "Linux",
  arch: "x86_64",
  protocolVersion: 2,
};

const label = fc.string({ maxLength: 40 });
const stamp = fc.integer({ min: -2_000_000_000_000_000, max: 2_000_000_000_000_000 });
const hello = fc.record({
  id: fc.string({ minLength: 1, maxLength: 40 }),
  instance: fc.integer(),
  mac: label,
  hostName: label,
  clientName: label,
  version: label,
  os: label,
  arch: label,
  protocolVersion: fc.integer(),
});

const anyMessage: fc.Arbitrary<KnownMessage> = fc.oneof(
  hello.map((some) => ({ kind: "hello" as const, ...some })),
  fc.record({
    kind: fc.constant("server settings" as const),
    bufferMs: fc.nat(60_000),
    latencyMs: fc.integer({ min: -10_000, max: 10_000 }).map((tenths) => tenths / 10),
    muted: fc.boolean(),
    volumePercent: fc.nat(100),
  }),
  fc.record({ kind: fc.constant("codec header" as const), codec: label, header: fc.uint8Array() }),
  fc.record({
    kind: fc.constant("chunk" as const),
    recordedAt: stamp.map(serverInstant),
    payload: fc.uint8Array({ maxLength: 2_000 }),
  }),
  fc.record({ kind: fc.constant("time" as const), latency: stamp.map(micros) }),
  fc.record({
    kind: fc.constant("client info" as const),
    volumePercent: fc.nat(100),
    muted: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("error" as const),
    code: fc.nat(0xffff_ffff),
    error: label,
    detail: label,
  }),
  fc.record({ kind: fc.constant("bundles" as const), spanMs: fc.nat(0xffff_ffff) }),
  fc.record({ kind: fc.constant("audio limit" as const), kbitMax: fc.nat(0xffff_ffff) }),
  fc.record({
    kind: fc.constant("client stats" as const),
    stats: fc.dictionary(label, fc.oneof(fc.integer(), fc.boolean()), { noNullPrototype: true }),
  }),
);

test("whatever is sent is understood as it was meant, stamps included", () => {
  const envelope = fc.record({
    id: fc.nat(0xffff),
    refersTo: fc.nat(0xffff),
    sentAt: stamp,
    receivedAt: stamp,
  });
  fc.assert(
    fc.property(anyMessage, envelope, (message, chosen) => {
      const bytes = encodeMessage(message, chosen);
      const { header, understood } = only(bytes);
      expect(understood).toEqual(message);
      expect(header).toMatchObject({ ...chosen, size: bytes.length - 26 });
    }),
  );
});

test("a message mutated in a few bytes gives a message or a ProtocolError", () => {
  const mutation = fc.tuple(fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(
      anyMessage,
      fc.array(mutation, { minLength: 1, maxLength: 6 }),
      (message, changes) => {
        const bytes = encodeMessage(message);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        understandOrRefuse(bytes);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("a body cut short is refused, one with bytes behind it understood", () => {
  fc.assert(
    fc.property(anyMessage, fc.nat(), (message, cut) => {
      const bytes = encodeMessage(message);
      const { header, body } = raw(bytes);
      const shorter = body.subarray(0, cut % body.length);
      expect(() => decodeMessage({ header, body: shorter })).toThrow(ProtocolError);
      const longer = new Uint8Array([...body, 1, 2, 3]);
      expect(decodeMessage({ header, body: longer })).toEqual(message);
    }),
  );
});

test("any bytes as the body of any type give a message or a ProtocolError", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.nat(12), fc.constant(64)),
      fc.uint8Array({ maxLength: 200 }),
      (type, body) => {
        const writer = new ByteWriter().u16(type).u16(0).u16(0).u32(0).u32(0).u32(0).u32(0);
        understandOrRefuse(writer.blob(body).finish());
      },
    ),
    { numRuns: 2_000 },
  );
});

test("any JSON in a JSON message gives a message or a ProtocolError", () => {
  const keys =
    "ID MAC HostName Instance Auth Tutti SnapStreamProtocolVersion bufferMs latency volume muted udpTime port token codecs __proto__".split(
      " ",
    );
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: "small" },
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom("x".repeat(300), 1e300, -1, 65_531, 4_294_967_296),
      fc.dictionary(fc.constantFrom(...keys), tie("any"), { noNullPrototype: true }),
    ),
  })).any;
  fc.assert(
    fc.property(fc.constantFrom(3, 5, 6, 7, 64), value, (type, json) => {
      const body = new ByteWriter().json(json).finish();
      const writer = new ByteWriter().u16(type).u16(0).u16(0).u32(0).u32(0).u32(0).u32(0);
      understandOrRefuse(writer.blob(body).finish());
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["deeply nested", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
  ["deeply nested in an object", `{"ID":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
  [
    "numbers beyond all bounds",
    '{"bufferMs":1e999,"latency":-1e999,"volume":1e999,"Instance":1e999}',
  ],
  ["nothing", ""],
])("JSON that is %s gives a message or a ProtocolError", (_, text) => {
  for (const type of [3, 5, 6, 7, 64]) {
    const body = new ByteWriter().text(text).finish();
    const writer = new ByteWriter().u16(type).u16(0).u16(0).u32(0).u32(0).u32(0).u32(0);
    understandOrRefuse(writer.blob(body).finish());
  }
});

test("any bytes as a codec header give a format or a ProtocolError", () => {
  const starts = ["", "RIFF----WAVEfmt ", "fLaC\0\0\0\x22", "SUPO"];
  const bytes = fc
    .tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 60 }))
    .map(([start, rest]) => new Uint8Array([...Buffer.from(start, "latin1"), ...rest]));
  fc.assert(
    fc.property(bytes, (header) => {
      for (const decode of [decodePcmHeader, decodeOpusHeader, decodeFlacHeader]) {
        try {
          const { rateHz, channels } = decode(header);
          expect(rateHz).toBeGreaterThan(0);
          expect(channels).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test("the microseconds of a stamp are 0 to 999,999, its seconds may be negative", () => {
  const bytes = encodeMessage({ kind: "time", latency: micros(-1) });
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  expect([view.getInt32(26, true), view.getInt32(30, true)]).toEqual([-1, 999_999]);
});

test("the time of sending can be set at the last moment", () => {
  const bytes = encodeMessage({ kind: "time", latency: micros(5) }, { receivedAt: 7 });
  stampSent(bytes, 12_345_678);
  expect(raw(bytes).header).toMatchObject({ sentAt: 12_345_678, receivedAt: 7 });
});

test.each([
  [{}, { bufferMs: 1_000, latencyMs: 0, muted: false, volumePercent: 100 }],
  [{ bufferMs: 400 }, { bufferMs: 400 }],
  [{ volume: 150 }, { volumePercent: 100 }],
  [{ volume: 65_531 }, { volumePercent: 0 }],
  [{ volume: -5 }, { volumePercent: 0 }],
  [{ latency: 99_999 }, { latencyMs: 10_000 }],
  [
    { Tutti: { version: "1", epoch: "e", udpTime: { port: 0, token: "x" } } },
    { tutti: { version: "1", epoch: "e" } },
  ],
])("settings %j are brought into their ranges", (json, settings) => {
  expect(only(jsonMessage(3, json)).understood).toMatchObject(settings);
});

test.each([{ bufferMs: -1 }, { bufferMs: 60_001 }])("settings %j are refused", (json) => {
  expect(() => only(jsonMessage(3, json))).toThrow(ProtocolError);
});

test.each([
  [{}, "00:00:00:00:00:00"],
  [{ MAC: "aa:bb" }, "aa:bb"],
  [{ ID: "", MAC: "aa:bb" }, "aa:bb"],
  [{ ID: "x", MAC: "aa:bb" }, "x"],
  [{ ID: "x", Instance: 2 }, "x#2"],
])("a Hello of %j makes the client known as %s", (json, id) => {
  const { understood } = only(jsonMessage(5, json));
  expect(understood.kind === "hello" && clientIdOf(understood)).toBe(id);
});

test("a Hello cannot make the server remember long texts", () => {
  const { understood } = only(jsonMessage(5, { HostName: "x".repeat(5_000) }));
  expect(understood).toMatchObject({ hostName: "x".repeat(256) });
  expect(() => only(jsonMessage(5, { ID: "x".repeat(257) }))).toThrow(ProtocolError);
});

test("client stats of more bytes than a report has are refused", () => {
  expect(() => only(jsonMessage(64, { later: "x".repeat(20_000) }))).toThrow(ProtocolError);
});

test("a Hello in a WebSocket frame is understood with Snapweb's way of counting", () => {
  const bytes = encodeMessage({ kind: "hello", ...HELLO, hostName: "Wohnküche" });
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(22, bytes.length, true); // header counted into the body
  view.setUint32(26, view.getUint32(26, true) - 1, true); // "ü" is one UTF-16 unit, two bytes
  const before = bytes.slice();
  expect(only(messageOfFrame(bytes)).understood).toMatchObject({ hostName: "Wohnküche" });
  expect(bytes, "the frame itself stays as it is").toEqual(before);
  expect(() => messageOfFrame(bytes.subarray(0, 25))).toThrow(ProtocolError);
});

function jsonMessage(type: number, json: unknown): Uint8Array {
  const body = new ByteWriter().json(json).finish();
  const writer = new ByteWriter().u16(type).u16(0).u16(0).u32(0).u32(0).u32(0).u32(0);
  return writer.blob(body).finish();
}

function raw(bytes: Uint8Array) {
  let found: Parameters<typeof decodeMessage>[0] | undefined;
  new MessageSplitter().push(bytes, (message) => {
    found = message;
  });
  if (!found) throw new ProtocolError("incomplete");
  return found;
}

function only(bytes: Uint8Array) {
  const message = raw(bytes);
  return { header: message.header, understood: decodeMessage(message) };
}

function understandOrRefuse(bytes: Uint8Array): Message | undefined {
  try {
    return only(bytes).understood;
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    return undefined;
  }
}
