import { ProtocolError } from "../errors.ts";
import { type LocalInstant, localInstant, type ServerInstant, serverInstant } from "../units.ts";

/** Bytes of a question and of its answer: an answer is never longer, so it amplifies nothing. */
export const TIME_DATAGRAM_BYTES = 40;
const MAGIC = 0x4d495454; // "TTIM"
const VERSION = 1;
const QUESTION = 1;
const ANSWER = 2;
const TOKEN_BYTES = 8;
/** Where each thing stands. */
const MAGIC_AT = 0;
const VERSION_AT = 4;
const KIND_AT = 5;
const SEQUENCE_AT = 6;
const TOKEN_AT = 8;
const CLIENT_SENT_AT = 16;
const SERVER_RECEIVED_AT = 24;
const SERVER_SENT_AT = 32;
const HALF = 2 ** 32;
/** A byte in hexadecimal digits. */
const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

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
  writeMicros(viewOf(answer), SERVER_SENT_AT, serverSent);
}

/** Makes a question that was decoded before its answer, in its own bytes. When it is sent is to be said by `restampTimeAnswer`. */
export function turnIntoTimeAnswer(question: Uint8Array, serverReceived: ServerInstant): void {
  const view = viewOf(question);
  view.setUint8(KIND_AT, ANSWER);
  writeMicros(view, SERVER_RECEIVED_AT, serverReceived);
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

// Many a second, at both ends: nothing here makes more objects than what it returns.

function encode(kind: number, fields: Fields): Uint8Array {
  const bytes = new Uint8Array(TIME_DATAGRAM_BYTES);
  const view = viewOf(bytes);
  view.setUint32(MAGIC_AT, MAGIC, true);
  view.setUint8(VERSION_AT, VERSION);
  view.setUint8(KIND_AT, kind);
  view.setUint16(SEQUENCE_AT, fields.sequence & 0xffff, true);
  for (let at = 0; at < TOKEN_BYTES; at++) {
    bytes[TOKEN_AT + at] = Number.parseInt(fields.token.slice(2 * at, 2 * at + 2), 16);
  }
  writeMicros(view, CLIENT_SENT_AT, fields.clientSent);
  writeMicros(view, SERVER_RECEIVED_AT, fields.serverReceived);
  writeMicros(view, SERVER_SENT_AT, fields.serverSent);
  return bytes;
}

function decode(kind: number, datagram: Uint8Array): TimeAnswer {
  if (datagram.length !== TIME_DATAGRAM_BYTES) {
    throw new ProtocolError(`time datagram of ${datagram.length} bytes`);
  }
  const view = viewOf(datagram);
  const known = view.getUint32(MAGIC_AT, true) === MAGIC && view.getUint8(VERSION_AT) === VERSION;
  if (!known || view.getUint8(KIND_AT) !== kind) {
    throw new ProtocolError("datagram is no time datagram of this version");
  }
  let token = "";
  for (let at = TOKEN_AT; at < TOKEN_AT + TOKEN_BYTES; at++) {
    token += DIGITS[datagram[at] as number];
  }
  return {
    token,
    sequence: view.getUint16(SEQUENCE_AT, true),
    clientSent: localInstant(readMicros(view, CLIENT_SENT_AT)),
    serverReceived: serverInstant(readMicros(view, SERVER_RECEIVED_AT)),
    serverSent: serverInstant(readMicros(view, SERVER_SENT_AT)),
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Nanoseconds on the wire, as a signed number of 64 bits: a microsecond is already a tenth of what the clock filter
 * resolves. In two halves, as both are whole numbers that a double holds, which a bigint would cost an object each.
 */
function writeMicros(view: DataView, at: number, instant: number): void {
  const nanos = Math.round(instant * 1_000);
  const high = Math.floor(nanos / HALF);
  view.setUint32(at, nanos - high * HALF, true);
  view.setInt32(at + 4, high, true);
}

function readMicros(view: DataView, at: number): number {
  return (view.getInt32(at + 4, true) * HALF + view.getUint32(at, true)) / 1_000;
}
