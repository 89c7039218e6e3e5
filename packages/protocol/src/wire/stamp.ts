import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";

const MICROS_IN_SECOND = 1_000_000;

/** Reads seconds and microseconds (i32 each) as one number of microseconds. */
export function readStamp(reader: ByteReader): number {
  const sec = reader.i32();
  return sec * MICROS_IN_SECOND + reader.i32();
}

/** Writes microseconds as seconds and microseconds, the latter always 0 to 999,999. */
export function writeStamp(writer: ByteWriter, at: number): void {
  const whole = Math.round(at);
  const sec = Math.floor(whole / MICROS_IN_SECOND);
  writer.i32(sec).i32(whole - sec * MICROS_IN_SECOND);
}
