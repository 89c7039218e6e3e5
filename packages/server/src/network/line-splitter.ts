const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const BYTES_AT_FIRST = 1_024;

/** A whole line without its end, or undefined for one that is longer than allowed: its stream is lost. */
export type Line = Uint8Array | undefined;

/** Cuts bytes into lines that end with LF or CRLF. Holds at most `lineBytesMax`, however it is fed. */
export class LineSplitter {
  readonly #lineBytesMax: number;
  #pending = new Uint8Array(BYTES_AT_FIRST);
  #length = 0;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  /** The lines that are complete now. After an undefined one nothing more must be pushed. */
  *push(bytes: Uint8Array): Generator<Line> {
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      if (!this.#append(bytes.subarray(start, end))) return yield undefined;
      start = end + 1;
      yield this.#take();
    }
    if (!this.#append(bytes.subarray(start))) yield undefined;
  }

  #append(bytes: Uint8Array): boolean {
    const length = this.#length + bytes.length;
    if (length > this.#lineBytesMax) return false;
    if (length > this.#pending.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#pending.length));
      grown.set(this.#pending.subarray(0, this.#length));
      this.#pending = grown;
    }
    this.#pending.set(bytes, this.#length);
    this.#length = length;
    return true;
  }

  #take(): Uint8Array {
    const ended = this.#pending[this.#length - 1] === CARRIAGE_RETURN && this.#length > 0;
    const line = this.#pending.slice(0, ended ? this.#length - 1 : this.#length);
    this.#length = 0;
    if (this.#pending.length > BYTES_AT_FIRST) this.#pending = new Uint8Array(BYTES_AT_FIRST);
    return line;
  }
}
