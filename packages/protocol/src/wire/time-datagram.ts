import { ProtocolError } from "../errors.ts";
import { type LocalInstant, localInstant, type ServerInstant, serverInstant } from "../units.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";

/** Bytes of a question and of its answer: an answer is never longer, so it amplifies nothing. */
export const TIME_DATAGRAM_BYTES = 40;
const MAGIC = 0x4d495454; // "TTIM"
const VERSION = 1;
const QUESTION = 1;
const ANSWER = 2;
const TOKEN_BYTES = 8;
/** Where an answer says when it was sent: it is the last thing in it. */
const SENT_AT_BYTE = TIME_DATAGRAM_BYTES - 8;

/** "What time is it?", as a client asks beside the stream. */
export interface TimeQuestion {
  /** As the server handed it out in ServerSettings: sixteen hexadecimal digits. */
  readonly token: string;
  /** Pairs answers with questions; wraps at 65,536. */
  readonly sequence: number;
  readonly clientSent: LocalInstant;
}

/** The four-timestamp exchange of RFC 5905, section 8, but for the moment the answer comes in. */
export interface TimeAnswer extends TimeQuestion {
  readonly serverReceived: ServerInstant;
  readonly serverSent: ServerInstant;
}

export function encodeTimeQuestion(question: TimeQuestion): Uint8Array {
  return encode(QUESTION, { ...question, serverReceived: 0, serverSent: 0 });
}

export function encodeTimeAnswer(answer: TimeAnswer): Uint8Array {
  return encode(ANSWER, answer);
}

/** Says in an encoded answer that it is sent only now. */
export function restampTimeAnswer(answer: Uint8Array, serverSent: ServerInstant): void {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  view.setBigInt64(SENT_AT_BYTE, nanos(serverSent), true);
}

/** Throws ProtocolError for anything but a question. */
export function decodeTimeQuestion(datagram: Uint8Array): TimeQuestion {
  const { token, sequence, clientSent } = decode(QUESTION, datagram);
  return { token, sequence, clientSent };
}

/** Throws ProtocolError for anything but an answer. */
export function decodeTimeAnswer(datagram: Uint8Array): TimeAnswer {
  return decode(ANSWER, datagram);
}

interface Fields {
  readonly token: string;
  readonly sequence: number;
  readonly clientSent: number;
  readonly serverReceived: number;
  readonly serverSent: number;
}

function encode(kind: number, fields: Fields): Uint8Array {
  const writer = new ByteWriter(TIME_DATAGRAM_BYTES)
    .u32(MAGIC)
    .u8(VERSION)
    .u8(kind)
    .u16(fields.sequence & 0xffff);
  for (let at = 0; at < TOKEN_BYTES; at++) {
    writer.u8(Number.parseInt(fields.token.slice(2 * at, 2 * at + 2), 16));
  }
  return writer
    .i64(nanos(fields.clientSent))
    .i64(nanos(fields.serverReceived))
    .i64(nanos(fields.serverSent))
    .finish();
}

function decode(kind: number, datagram: Uint8Array): TimeAnswer {
  if (datagram.length !== TIME_DATAGRAM_BYTES) {
    throw new ProtocolError(`time datagram of ${datagram.length} bytes`);
  }
  const reader = new ByteReader(datagram);
  if (reader.u32() !== MAGIC || reader.u8() !== VERSION || reader.u8() !== kind) {
    throw new ProtocolError("datagram is no time datagram of this version");
  }
  const sequence = reader.u16();
  const token = Array.from(reader.bytes(TOKEN_BYTES), (byte) => byte.toString(16).padStart(2, "0"));
  return {
    token: token.join(""),
    sequence,
    clientSent: localInstant(fromNanos(reader.i64())),
    serverReceived: serverInstant(fromNanos(reader.i64())),
    serverSent: serverInstant(fromNanos(reader.i64())),
  };
}

/** Nanoseconds on the wire: a microsecond is already a tenth of what the clock filter resolves. */
function nanos(at: number): bigint {
  return BigInt(Math.round(at * 1_000));
}

function fromNanos(at: bigint): number {
  return Number(at) / 1_000;
}
