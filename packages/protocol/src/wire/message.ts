import { ProtocolError } from "../errors.ts";
import { OWN_MESSAGE_TYPE_MIN } from "../limits.ts";
import { type Micros, micros, type ServerInstant, serverInstant } from "../units.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { readClientStats, type UncheckedStats, writeClientStats } from "./client-stats.ts";
import { HEADER_BYTES, type Header, writeHeader, writeSize } from "./header.ts";
import { type Hello, readHello, writeHello } from "./hello.ts";
import { flagOr, integerOr, labelOr } from "./json-fields.ts";
import type { RawMessage } from "./message-splitter.ts";
import { readServerSettings, type ServerSettings, writeServerSettings } from "./server-settings.ts";
import { readStamp, writeStamp } from "./stamp.ts";

/** Names the decoder for the chunks that follow. */
export interface CodecHeader {
  readonly codec: string;
  readonly header: Uint8Array;
}

/** A piece of encoded audio. Every client plays it one buffer length after it was recorded. */
export interface Chunk {
  /** When its first frame was recorded. */
  readonly recordedAt: ServerInstant;
  readonly payload: Uint8Array;
}

/** Volume as it was set at the speaker itself. */
export interface ClientInfo {
  readonly volumePercent: number;
  readonly muted: boolean;
}

/** All messages of the stream protocol, and the one form for those we do not know. */
export type Message =
  | ({ readonly kind: "codec header" } & CodecHeader)
  | ({ readonly kind: "chunk" } & Chunk)
  | ({ readonly kind: "server settings" } & ServerSettings)
  /** In a reply, how long the question was under way, as the two clocks saw it. */
  | { readonly kind: "time"; readonly latency: Micros }
  | ({ readonly kind: "hello" } & Hello)
  | { readonly kind: "stream tags"; readonly tags: Readonly<Record<string, unknown>> }
  | ({ readonly kind: "client info" } & ClientInfo)
  | {
      readonly kind: "error";
      readonly code: number;
      readonly error: string;
      readonly detail: string;
    }
  /** Only between peers that announced themselves as ours. */
  | { readonly kind: "client stats"; readonly stats: UncheckedStats }
  | { readonly kind: "client command"; readonly command: string }
  /** So long a stretch of audio a client would like to get at once, with quiet in between; 0: each chunk as it comes. */
  | { readonly kind: "bundles"; readonly spanMs: number }
  /** In no coding that needs more a client would like its audio for now; 0: as much as its link carries. (kbit/s) */
  | { readonly kind: "audio limit"; readonly kbitMax: number }
  | { readonly kind: "unknown"; readonly type: number };

export type KnownMessage = Exclude<Message, { kind: "unknown" }>;

/** The number of each kind of message on the wire. */
export const MESSAGE_TYPES = {
  "codec header": 1,
  chunk: 2,
  "server settings": 3,
  time: 4,
  hello: 5,
  "stream tags": 6,
  "client info": 7,
  error: 8,
  "client stats": OWN_MESSAGE_TYPE_MIN,
  "client command": OWN_MESSAGE_TYPE_MIN + 1,
  bundles: OWN_MESSAGE_TYPE_MIN + 2,
  "audio limit": OWN_MESSAGE_TYPE_MIN + 3,
} as const satisfies Record<KnownMessage["kind"], number>;

/** Header fields the sender may choose; all others follow from the message. */
export type Envelope = Partial<Pick<Header, "id" | "refersTo" | "sentAt" | "receivedAt">>;

/** A whole message, header and body, ready to be sent. */
export function encodeMessage(message: KnownMessage, envelope: Envelope = {}): Uint8Array {
  const writer = new ByteWriter(message.kind === "chunk" ? 38 + message.payload.length : 256);
  const header = { id: 0, refersTo: 0, sentAt: 0, receivedAt: 0, ...envelope };
  writeHeader(writer, { ...header, type: MESSAGE_TYPES[message.kind], size: 0 });
  writeBody(writer, message);
  const bytes = writer.finish();
  writeSize(bytes, bytes.length - HEADER_BYTES);
  return bytes;
}

/** Sets the time of sending in an encoded message, at the last moment before it leaves. */
export function stampSent(bytes: Uint8Array, sentAt: number): void {
  const stamp = new ByteWriter(8);
  writeStamp(stamp, sentAt);
  bytes.set(stamp.finish(), 6);
}

/** Understands a message's body. Bytes behind it are ignored. Throws ProtocolError when it is malformed. */
export function decodeMessage({ header, body }: RawMessage): Message {
  const reader = new ByteReader(body);
  switch (header.type) {
    case MESSAGE_TYPES["codec header"]:
      return { kind: "codec header", codec: reader.text(), header: reader.blob() };
    case MESSAGE_TYPES.chunk:
      return {
        kind: "chunk",
        recordedAt: serverInstant(readStamp(reader)),
        payload: reader.blob(),
      };
    case MESSAGE_TYPES["server settings"]:
      return { kind: "server settings", ...readServerSettings(reader) };
    case MESSAGE_TYPES.time:
      return { kind: "time", latency: micros(readStamp(reader)) };
    case MESSAGE_TYPES.hello:
      return { kind: "hello", ...readHello(reader) };
    case MESSAGE_TYPES["stream tags"]:
      return { kind: "stream tags", tags: reader.json() };
    case MESSAGE_TYPES["client info"]:
      return { kind: "client info", ...readClientInfo(reader) };
    case MESSAGE_TYPES.error:
      return { kind: "error", code: reader.u32(), error: reader.text(), detail: reader.text() };
    case MESSAGE_TYPES["client stats"]:
      return { kind: "client stats", stats: readClientStats(reader) };
    case MESSAGE_TYPES["client command"]:
      return { kind: "client command", command: labelOr(reader.json().command, "") };
    case MESSAGE_TYPES.bundles:
      return { kind: "bundles", spanMs: reader.u32() };
    case MESSAGE_TYPES["audio limit"]:
      return { kind: "audio limit", kbitMax: reader.u32() };
    default:
      return { kind: "unknown", type: header.type };
  }
}

function writeBody(writer: ByteWriter, message: KnownMessage): void {
  switch (message.kind) {
    case "codec header":
      writer.text(message.codec).blob(message.header);
      return;
    case "chunk":
      writeStamp(writer, message.recordedAt);
      writer.blob(message.payload);
      return;
    case "server settings":
      writeServerSettings(writer, message);
      return;
    case "time":
      writeStamp(writer, message.latency);
      return;
    case "hello":
      writeHello(writer, message);
      return;
    case "stream tags":
      writer.json(message.tags);
      return;
    case "client info":
      writer.json({ muted: message.muted, volume: message.volumePercent });
      return;
    case "error":
      writer.u32(message.code).text(message.error).text(message.detail);
      return;
    case "client stats":
      writeClientStats(writer, message.stats);
      return;
    case "client command":
      writer.json({ command: message.command });
      return;
    case "bundles":
      writer.u32(message.spanMs);
      return;
    case "audio limit":
      writer.u32(message.kbitMax);
      return;
  }
}

function readClientInfo(reader: ByteReader): ClientInfo {
  const json = reader.json();
  const volumePercent = integerOr(json.volume, -1);
  if (volumePercent < 0 || volumePercent > 100) {
    throw new ProtocolError("client info without a volume from 0 to 100");
  }
  return { volumePercent, muted: flagOr(json.muted, false) };
}
