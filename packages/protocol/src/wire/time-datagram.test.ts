import fc from "fast-check";
import { expect, test } from "vitest";
import { ProtocolError } from "../errors.ts";
import { localInstant, serverInstant } from "../units.ts";
import {
  decodeTimeAnswer,
  decodeTimeQuestion,
  encodeTimeAnswer,
  encodeTimeQuestion,
  restampTimeAnswer,
  TIME_DATAGRAM_BYTES,
} from "./time-datagram.ts";

const instant = fc.integer({ min: -4_000_000_000_000, max: 4_000_000_000_000 });
const token = fc
  .array(fc.constantFrom(..."0123456789abcdef"), { minLength: 16, maxLength: 16 })
  .map((digits) => digits.join(""));
const answer = fc.record({
  token,
  sequence: fc.nat(0xffff),
  clientSent: instant.map((at) => localInstant(at / 8)),
  serverReceived: instant.map((at) => serverInstant(at / 8)),
  serverSent: instant.map((at) => serverInstant(at / 8)),
});

test("questions and answers come back as they were sent, to the nanosecond, in as many bytes", () => {
  fc.assert(
    fc.property(answer, (some) => {
      const { serverReceived: _, serverSent: __, ...question } = some;
      expect(decodeTimeAnswer(encodeTimeAnswer(some))).toEqual(some);
      expect(decodeTimeQuestion(encodeTimeQuestion(question))).toEqual(question);
      expect(encodeTimeAnswer(some)).toHaveLength(TIME_DATAGRAM_BYTES);
      expect(encodeTimeQuestion(question)).toHaveLength(TIME_DATAGRAM_BYTES);
    }),
  );
});

test("an answer that is stamped anew says the same but for when it was sent", () => {
  fc.assert(
    fc.property(answer, instant, (some, later) => {
      const bytes = encodeTimeAnswer(some);
      const serverSent = serverInstant(later / 8);
      restampTimeAnswer(bytes, serverSent);
      expect(decodeTimeAnswer(bytes)).toEqual({ ...some, serverSent });
    }),
  );
});

test("a question is no answer, and an answer no question: reflected datagrams lead nowhere", () => {
  fc.assert(
    fc.property(answer, (some) => {
      expect(() => decodeTimeQuestion(encodeTimeAnswer(some))).toThrow(ProtocolError);
      expect(() => decodeTimeAnswer(encodeTimeQuestion(some))).toThrow(ProtocolError);
    }),
  );
});

test("any datagram, and any mutation of a good one, is understood or refused", () => {
  const mutated = fc.tuple(answer, fc.nat(39), fc.nat(255)).map(([some, at, byte]) => {
    const bytes = encodeTimeAnswer(some);
    bytes[at] = byte;
    return bytes;
  });
  const anyBytes = fc.uint8Array({ maxLength: 2 * TIME_DATAGRAM_BYTES });
  fc.assert(
    fc.property(fc.oneof(mutated, anyBytes), (bytes) => {
      for (const decode of [decodeTimeAnswer, decodeTimeQuestion]) {
        try {
          expect(Number.isFinite(decode(bytes).clientSent)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test("the sequence wraps at 65,536", () => {
  const bytes = encodeTimeQuestion({
    token: "0123456789abcdef",
    sequence: 65_536,
    clientSent: localInstant(0),
  });
  expect(decodeTimeQuestion(bytes).sequence).toBe(0);
});
