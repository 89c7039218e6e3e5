import { ProtocolError } from "../errors.ts";
import { HEADER_BYTES, writeSize } from "./header.ts";
import { MESSAGE_TYPES } from "./message.ts";

const JSON_TYPES: readonly number[] = [
  MESSAGE_TYPES["server settings"],
  MESSAGE_TYPES.hello,
  MESSAGE_TYPES["client info"],
];
const LENGTH_BYTES = 4;

/**
 * A WebSocket frame's message as it is over TCP. A frame holds exactly one, so its length is known;
 * the lengths inside are not to be trusted: Snapweb counts the header into the body, and JSON in UTF-16
 * units. Returns a copy. Throws ProtocolError for a frame without room for a header.
 */
export function messageOfFrame(frame: Uint8Array): Uint8Array {
  if (frame.length < HEADER_BYTES) throw new ProtocolError(`frame of ${frame.length} bytes`);
  const message = new Uint8Array(frame); // not slice: of a Buffer, that is a view
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const bodyBytes = message.length - HEADER_BYTES;
  writeSize(message, bodyBytes);
  if (JSON_TYPES.includes(view.getUint16(0, true)) && bodyBytes >= LENGTH_BYTES) {
    view.setUint32(HEADER_BYTES, bodyBytes - LENGTH_BYTES, true);
  }
  return message;
}
