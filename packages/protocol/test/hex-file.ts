import { readFileSync, writeFileSync } from "node:fs";

const FOLDER = new URL("./golden/", import.meta.url);
const BYTES_IN_LINE = 32;
/** Of a longer message only the beginning is kept. (bytes) */
const BYTES_WHOLE_MAX = 1_500;
const BYTES_OF_LONGER = 200;

export interface HexFile {
  /** Where the bytes came from. */
  readonly origin: string;
  readonly bytes: Uint8Array;
}

/** Reads a golden file: a comment line, then hexadecimal digits. */
export function readHexFile(name: string): HexFile {
  const [origin = "", ...lines] = readFileSync(new URL(`${name}.hex`, FOLDER), "utf8").split("\n");
  return {
    origin: origin.replace(/^# /, ""),
    bytes: new Uint8Array(Buffer.from(lines.join(""), "hex")),
  };
}

/** Writes a golden file; of a long message its first bytes, and says so. */
export function writeHexFile(name: string, { origin, bytes }: HexFile): void {
  const whole = bytes.length <= BYTES_WHOLE_MAX;
  const kept = whole ? bytes : bytes.subarray(0, BYTES_OF_LONGER);
  const remark = whole ? "" : `; the first ${BYTES_OF_LONGER} of ${bytes.length} bytes`;
  const lines = [`# ${origin}${remark}`];
  for (let at = 0; at < kept.length; at += BYTES_IN_LINE) {
    lines.push(Buffer.from(kept.subarray(at, at + BYTES_IN_LINE)).toString("hex"));
  }
  writeFileSync(new URL(`${name}.hex`, FOLDER), `${lines.join("\n")}\n`);
}
