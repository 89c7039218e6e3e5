import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { readStamp, writeStamp } from "./stamp.ts";

export const HEADER_BYTES = 26;
const SIZE_AT = 22;

/** What stands before every message body. Stamps are microseconds of the sender's monotonic clock. */
export interface Header {
  readonly type: number;
  /** Chosen by whoever asks; a server that does not ask sends 0. */
  readonly id: number;
  /** The `id` of the request this answers, else 0. */
  readonly refersTo: number;
  readonly sentAt: number;
  /** Meaningful in a Time reply only: when the server got the request. */
  readonly receivedAt: number;
  /** Length of the body. (bytes) */
  readonly size: number;
}

export function readHeader(reader: ByteReader): Header {
  return {
    type: reader.u16(),
    id: reader.u16(),
    refersTo: reader.u16(),
    sentAt: readStamp(reader),
    receivedAt: readStamp(reader),
    size: reader.u32(),
  };
}

export function writeHeader(writer: ByteWriter, header: Header): void {
  writer.u16(header.type).u16(header.id).u16(header.refersTo);
  writeStamp(writer, header.sentAt);
  writeStamp(writer, header.receivedAt);
  writer.u32(header.size);
}

/** The body's length as the header of `message` gives it. (bytes) */
export function readSize(message: Uint8Array): number {
  return view(message).getUint32(SIZE_AT, true);
}

/** Sets the body's length in the header of `message`. (bytes) */
export function writeSize(message: Uint8Array, size: number): void {
  view(message).setUint32(SIZE_AT, size, true);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
