import { ProtocolError } from "../errors.ts";

const utf8 = new TextDecoder();

/** Reads little-endian fields one after another. Throws ProtocolError where the bytes run out. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** A view into the message, not a copy. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Bytes behind a u32 length; a view, not a copy. */
  blob(): Uint8Array {
    return this.bytes(this.u32());
  }

  text(): string {
    return utf8.decode(this.blob());
  }

  /** An object in JSON behind a u32 length. */
  json(): Readonly<Record<string, unknown>> {
    const text = this.text();
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new ProtocolError("message body is not JSON", { cause });
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new ProtocolError("message body is not a JSON object");
    }
    return value as Record<string, unknown>;
  }

  #take(length: number): number {
    const start = this.#at;
    if (length > this.remaining) {
      throw new ProtocolError(`message ends ${length - this.remaining} bytes early`);
    }
    this.#at += length;
    return start;
  }
}
