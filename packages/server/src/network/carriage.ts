import type { Socket } from "node:net";
import { unacknowledgedBytes } from "@tutti/audio";

/** A connection that has more than this unsent is looked at closely: others have a chunk or two. */
const MUCH_BYTES = 4 * 1024;
/** Less is much for one that is given little: a packet, or what it is given in so long. */
const MUCH_BYTES_MIN = 1_500;
const MUCH_MS = 150;
/** By what so long ago was what it is given is judged. */
const GIVEN_OVER_MS = 1_000;
/** How often the kernel is asked, and how often while a connection has much unsent. */
const EVERY_MS = 1_000;
const EVERY_MS_CLOSELY = 100;
/** How long the kernel is asked so often when something is to be known soon. */
const CLOSELY_MS = 2_000;

interface Watched {
  readonly onCarried: () => void;
  /** Written when the kernel was asked last, and bytes per millisecond until then, as a mean that forgets. */
  written: number;
  perMs: number;
  /** Bytes that had arrived when the kernel was asked; undefined while there is nothing to watch. */
  arrived: number | undefined;
}

/**
 * How much of what was written to connections has not arrived. Kernels take megabytes for a link that is too
 * slow, where audio becomes too old to be heard, so what they hold counts as unsent too.
 */
export class Carriage {
  readonly #watched = new Map<Socket, Watched>();
  readonly #heldByKernel = unacknowledgedBytes();
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = performance.now();
  #closelyUntil = 0;

  /** Calls `onCarried` whenever it is known anew what a connection has not carried, if that is much or was. */
  add(socket: Socket, onCarried: () => void): void {
    const nothing = { written: 0, perMs: 0, arrived: undefined };
    this.#watched.set(socket, { onCarried, ...nothing });
    if (this.#timer === undefined) this.#lookAfter(EVERY_MS);
  }

  /** For a while it is known early what is not carried. */
  lookClosely(): void {
    const now = performance.now();
    const already = now < this.#closelyUntil;
    this.#closelyUntil = now + CLOSELY_MS;
    if (!already && this.#watched.size > 0) this.#lookAfter(EVERY_MS_CLOSELY);
  }

  remove(socket: Socket): void {
    this.#watched.delete(socket);
    if (this.#watched.size === 0) this.close();
  }

  unsentBytes(socket: Socket): number {
    const arrived = this.#watched.get(socket)?.arrived;
    return arrived === undefined ? socket.writableLength : socket.bytesWritten - arrived;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#watched.clear();
  }

  async #look(): Promise<void> {
    const heldByKernel = await this.#heldByKernel;
    const now = performance.now();
    const span = Math.max(1, now - this.#lookedAt);
    this.#lookedAt = now;
    let closely = now < this.#closelyUntil;
    for (const [socket, watched] of this.#watched) {
      const unsent = socket.writableLength + heldByKernel(socket);
      const much = unsent > muchOf(watched);
      const news = much || watched.arrived !== undefined;
      watched.arrived = much ? socket.bytesWritten - unsent : undefined;
      const kept = Math.exp(-span / GIVEN_OVER_MS);
      const perMs = (socket.bytesWritten - watched.written) / span;
      watched.perMs = watched.perMs * kept + perMs * (1 - kept);
      watched.written = socket.bytesWritten;
      if (news) watched.onCarried();
      closely ||= much;
    }
    if (this.#watched.size > 0) this.#lookAfter(closely ? EVERY_MS_CLOSELY : EVERY_MS);
  }

  #lookAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), ms);
  }
}

function muchOf({ perMs }: Watched): number {
  return Math.min(MUCH_BYTES, Math.max(MUCH_BYTES_MIN, perMs * MUCH_MS));
}
