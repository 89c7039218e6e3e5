import { ProtocolError } from "@tutti/protocol";

/** Zeroes behind the bytes, so that a 32-bit read at the last bit stays inside. */
const PADDING_BYTES = 8;

/** Bits a 32-bit read delivers wherever in a byte it starts. */
const WINDOW_BITS = 25;

/** Reads bits, most significant first. Throws ProtocolError when they run out. */
export class BitReader {
  #view = new DataView(new ArrayBuffer(PADDING_BYTES));
  #bytes = new Uint8Array(this.#view.buffer);
  #bit = 0;
  #endBit = 0;

  /** Copies `bytes`, so that they need not outlive this call, and starts at their beginning. */
  load(bytes: Uint8Array): void {
    if (bytes.length + PADDING_BYTES > this.#bytes.length) {
      this.#bytes = new Uint8Array(2 * bytes.length + PADDING_BYTES);
      this.#view = new DataView(this.#bytes.buffer);
    }
    this.#bytes.set(bytes);
    this.#bytes.fill(0, bytes.length, bytes.length + PADDING_BYTES);
    this.#bit = 0;
    this.#endBit = bytes.length * 8;
  }

  get remainingBits(): number {
    return this.#endBit - this.#bit;
  }

  /** Whole bytes read so far, a begun one included. */
  get byte(): number {
    return (this.#bit + 7) >>> 3;
  }

  /** The bytes from `start` to `end`; valid until the next load. */
  bytes(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(start, end);
  }

  alignToByte(): void {
    this.#bit = this.byte * 8;
  }

  /** An unsigned number of 0 to 25 bits. */
  unsigned(bits: number): number {
    if (bits === 0) return 0;
    const value = this.#window(this.#bit) >>> (32 - bits);
    this.#advance(bits);
    return value;
  }

  /** A number in two's complement, of 1 to 33 bits. */
  signed(bits: number): number {
    const highBits = Math.max(0, bits - 16);
    const high = this.unsigned(highBits);
    const value = high * 2 ** (bits - highBits) + this.unsigned(bits - highBits);
    return value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
  }

  /** How many zeroes stand before the next one; takes that one too. */
  unary(): number {
    const start = this.#bit;
    for (;;) {
      const zeroes = Math.clz32(this.#window(this.#bit));
      if (zeroes < WINDOW_BITS) {
        this.#advance(zeroes + 1);
        return this.#bit - 1 - start;
      }
      this.#advance(WINDOW_BITS);
    }
  }

  /** Fills `into` from `start` to `end` with Rice codes of one parameter (RFC 9639, section 9.2.7). */
  rice(into: Float64Array, start: number, end: number, parameter: number): void {
    const oneReadZeroesMax = WINDOW_BITS - 1 - parameter;
    for (let index = start; index < end; index++) {
      const window = this.#window(this.#bit);
      const zeroes = Math.clz32(window);
      if (zeroes <= oneReadZeroesMax) {
        const low = parameter === 0 ? 0 : (window << (zeroes + 1)) >>> (32 - parameter);
        this.#bit += zeroes + 1 + parameter;
        const folded = (zeroes << parameter) | low;
        into[index] = (folded >>> 1) ^ -(folded & 1);
      } else {
        into[index] = this.#longRice(parameter);
      }
    }
    this.#advance(0);
  }

  /** A code that does not fit into one read, or reaches beyond the end. */
  #longRice(parameter: number): number {
    const quotient = this.unary();
    const highBits = Math.max(0, parameter - 16);
    const high = this.unsigned(highBits);
    const low = high * 2 ** (parameter - highBits) + this.unsigned(parameter - highBits);
    const folded = quotient * 2 ** parameter + low;
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
  }

  /** 32 bits from `bit` on, of which the first 25 are sure to be there. */
  #window(bit: number): number {
    const byte = bit >>> 3;
    if (bit > this.#endBit) throw new ProtocolError("flac frame ends early");
    return this.#view.getUint32(byte) << (bit & 7);
  }

  #advance(bits: number): void {
    this.#bit += bits;
    if (this.#bit > this.#endBit) throw new ProtocolError("flac frame ends early");
  }
}
