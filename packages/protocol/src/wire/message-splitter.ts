import { ProtocolError } from "../errors.ts";
import { BODY_BYTES_MAX } from "../limits.ts";
import { ByteReader } from "./byte-reader.ts";
import { HEADER_BYTES, type Header, readHeader, readSize } from "./header.ts";

/** A message as it came: the header understood, the body not yet. */
export interface RawMessage {
  readonly header: Header;
  readonly body: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/**
 * Cuts a byte stream into messages. What comes whole is handed on without a copy; the start of one
 * that does not is copied into a buffer that grows with what came, not with what was announced, and
 * never beyond one message. Bodies stay as they are until the owner of the pushed bytes changes them.
 */
export class MessageSplitter {
  /** Largest body accepted; raised by the owner once the peer has said who it is. (bytes) */
  bodyBytesMax: number;
  #held = NOTHING;
  #heldBytes = 0;

  constructor(bodyBytesMax: number = BODY_BYTES_MAX) {
    this.bodyBytesMax = bodyBytesMax;
  }

  /** Calls `take` for each whole message, in order. Throws ProtocolError for a body that is too large. */
  push(bytes: Uint8Array, take: (message: RawMessage) => void): void {
    let rest = this.#heldBytes > 0 ? this.#finishHeld(bytes, take) : bytes;
    for (let end = this.#endOf(rest); end <= rest.length; end = this.#endOf(rest)) {
      const whole = rest.subarray(0, end);
      rest = rest.subarray(end);
      take(understood(whole));
    }
    this.#hold(rest, this.#endOf(rest));
  }

  /** Adds to the held message what belongs to it, no more. Returns what is left over. */
  #finishHeld(bytes: Uint8Array, take: (message: RawMessage) => void): Uint8Array {
    let rest = bytes;
    for (;;) {
      const held = this.#held.subarray(0, this.#heldBytes);
      const end = this.#endOf(held);
      if (held.length === end) {
        this.#held = NOTHING;
        this.#heldBytes = 0;
        take(understood(held));
        return rest;
      }
      if (rest.length === 0) return rest;
      const part = rest.subarray(0, end - held.length);
      rest = rest.subarray(part.length);
      this.#hold(part, end);
    }
  }

  #hold(part: Uint8Array, end: number): void {
    const needed = this.#heldBytes + part.length;
    if (needed > this.#held.length) {
      const grown = new Uint8Array(Math.min(end, Math.max(needed, 2 * this.#held.length)));
      grown.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = grown;
    }
    this.#held.set(part, this.#heldBytes);
    this.#heldBytes = needed;
  }

  /** Where the message that begins these bytes ends; while its header is incomplete, where that does. */
  #endOf(bytes: Uint8Array): number {
    if (bytes.length < HEADER_BYTES) return HEADER_BYTES;
    const size = readSize(bytes);
    if (size > this.bodyBytesMax) {
      throw new ProtocolError(`body of ${size} bytes exceeds ${this.bodyBytesMax}`);
    }
    return HEADER_BYTES + size;
  }
}

function understood(whole: Uint8Array): RawMessage {
  return { header: readHeader(new ByteReader(whole)), body: whole.subarray(HEADER_BYTES) };
}
