import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { inRealTime } from "./real-time.ts";
import { Running } from "./running.ts";

const POLL_MS = 2;

/** Debian's snapclient, playing into a file: signed 16 bits, stereo. */
export class Snapclient {
  readonly process: Running;
  readonly #recording: string;

  constructor({ directory, id, port }: { directory: string; id: string; port: number }) {
    this.#recording = join(directory, `${id}.raw`);
    const words = [
      ...["-h", "127.0.0.1", "-p", `${port}`, "--hostID", id],
      ...["--player", `file:filename=${this.#recording},mode=w`, "--logsink", "stdout"],
    ];
    this.process = new Running(...inRealTime("snapclient", words));
  }

  /** What it has played so far, interleaved. */
  heard(): Int16Array {
    if (!existsSync(this.#recording)) return new Int16Array(0);
    const raw = readFileSync(this.#recording);
    return new Int16Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + (raw.length & ~3)));
  }

  /** Resolves at the first sound to the time since the process was started. (ms) */
  async firstSound(patienceMs = 10_000): Promise<number> {
    const { startedMs } = this.process;
    while (performance.now() - startedMs < patienceMs) {
      if (this.heard().some((sample) => sample !== 0)) return performance.now() - startedMs;
      await pause(POLL_MS);
    }
    throw new Error(`no sound within ${patienceMs} ms:\n${this.process.text}`);
  }
}

/** Short, as a stock client leaves out or doubles single frames to keep time: each costs a piece. (samples) */
const PIECE_SAMPLES = 192;
/** How far ahead the next piece is looked for: a client that was late leaves some out. (bytes) */
const AHEAD_BYTES = 400_000;

/** The share of the pieces (2 ms, stereo) of `recording` that are in `original` bit for bit, in order. */
export function identicalShare(original: Int16Array, recording: Int16Array): number {
  const haystack = bytesOf(original);
  let from = Math.max(0, beginning(haystack, recording));
  let [whole, identical] = [0, 0];
  for (let at = 0; at + PIECE_SAMPLES <= recording.length; at += PIECE_SAMPLES) {
    const piece = bytesOf(recording.subarray(at, at + PIECE_SAMPLES));
    const found = haystack.subarray(from, from + AHEAD_BYTES).indexOf(piece);
    whole++;
    if (found < 0) continue;
    identical++;
    from += found + piece.length;
  }
  return identical / whole;
}

/** Where in the original the first piece is that is there at all. (bytes) */
function beginning(haystack: Buffer, recording: Int16Array): number {
  for (let at = 0; at + PIECE_SAMPLES <= recording.length; at += 10 * PIECE_SAMPLES) {
    const found = haystack.indexOf(bytesOf(recording.subarray(at, at + PIECE_SAMPLES)));
    if (found >= 0) return found - 2 * at;
  }
  return -1;
}

function bytesOf(samples: Int16Array): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}
