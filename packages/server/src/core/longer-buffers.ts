/**
 * Streams that are played later than they are set to be, as a client's link was found to hold things up for as long as
 * their buffer: a download through a router with a queue of a second, say. What comes too late all the time would be missing
 * until the queue is empty; one pause of a second and a half is the end of it.
 *
 * All who play the stream move, as they play together in whatever groups they are. Only those streams do that may.
 */
import { between, type ServerInstant, seconds } from "@tutti/protocol";
import type { StreamConfig } from "@tutti/protocol/config";

/** Nobody who begins after such a pause knows how it was before. */
const FORGOTTEN_AFTER = seconds(600);

export class LongerBuffers {
  readonly #longer = new Set<string>();
  /** Since when nothing plays, by stream. */
  readonly #idleSince = new Map<string, ServerInstant>();

  /** A client found that a stream's buffer is too small. Returns whether the stream plays later from now on. */
  tooSmall({ name, bufferMaxMs }: StreamConfig): boolean {
    if (bufferMaxMs === undefined || this.#longer.has(name)) return false;
    this.#longer.add(name);
    return true;
  }

  /** From recording to hearing, at the least. (ms) */
  of({ name, bufferMs, bufferMaxMs = bufferMs }: StreamConfig): number {
    return this.#longer.has(name) ? bufferMaxMs : bufferMs;
  }

  /** Returns whether the stream plays as it is set to again. */
  status(name: string, status: "idle" | "playing", now: ServerInstant): boolean {
    if (status === "idle") {
      this.#idleSince.set(name, now);
      return false;
    }
    const since = this.#idleSince.get(name);
    this.#idleSince.delete(name);
    if (since === undefined || between(since, now) < FORGOTTEN_AFTER) return false;
    return this.#longer.delete(name);
  }

  forget(name: string): void {
    this.#longer.delete(name);
    this.#idleSince.delete(name);
  }
}
