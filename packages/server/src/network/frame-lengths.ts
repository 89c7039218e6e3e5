import { HEADER_BYTES } from "@tutti/protocol";

/** Where the header says how long the body is, and the body how long its text. (byte offsets) */
const SIZE_AT = 22;
const TEXT_LENGTH_BYTES = 4;

/** Bodies that are one JSON text: Hello and Client Info. */
const JSON_TYPES: readonly number[] = [5, 7];

/**
 * A message as it came in one WebSocket frame, its lengths put right in place: browsers' players
 * count the header into the size, and the text in characters. The frame's own length is the truth,
 * unless several messages fill it to the byte: those stay as they are.
 */
export function withTrueLengths(frame: Uint8Array): Uint8Array {
  const view = viewOf(frame);
  if (isRun(view)) return frame;
  const size = frame.length - HEADER_BYTES;
  view.setUint32(SIZE_AT, size, true);
  if (JSON_TYPES.includes(view.getUint16(0, true)) && size >= TEXT_LENGTH_BYTES) {
    view.setUint32(HEADER_BYTES, size - TEXT_LENGTH_BYTES, true);
  }
  return frame;
}

/** Whether the sizes of several messages add up to the frame. A size with the header counted in leads past its end. */
function isRun(view: DataView): boolean {
  let [end, count] = [0, 0];
  while (end + HEADER_BYTES <= view.byteLength) {
    end += HEADER_BYTES + view.getUint32(end + SIZE_AT, true);
    count++;
  }
  return count > 1 && end === view.byteLength;
}

/** The whole messages in bytes of ours, as views: each must travel in a frame of its own. */
export function messagesOf(bytes: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = start + HEADER_BYTES + viewOf(bytes).getUint32(start + SIZE_AT, true);
    messages.push(bytes.subarray(start, end));
    start = end;
  }
  return messages;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
