import type { Socket } from "node:net";
import { queueKey, readKernelQueues } from "./kernel-queues.ts";

/** A connection that has more than this unsent is looked at closely: others have a chunk or two. */
const MUCH_BYTES = 4 * 1024;
/** How often the kernel is asked, and how often while a connection has much unsent. Asking costs it up to 5 ms. */
const EVERY_MS = 1_000;
const EVERY_MS_CLOSELY = 100;

interface Watched {
  readonly key: string;
  readonly onCarried: () => void;
  /** Bytes that had arrived when the kernel was asked; undefined while there is nothing to watch. */
  arrived: number | undefined;
}

/**
 * How much of what was written to connections has not arrived. Kernels take megabytes for a link that is too
 * slow, where audio becomes too old to be heard, so what they hold counts as unsent too.
 */
export class Carriage {
  readonly #watched = new Map<Socket, Watched>();
  #timer: NodeJS.Timeout | undefined;

  /** Calls `onCarried` whenever it is known anew what a connection has not carried, if that is much or was. */
  add(socket: Socket, onCarried: () => void): void {
    this.#watched.set(socket, { key: queueKey(socket), onCarried, arrived: undefined });
    this.#timer ??= setTimeout(() => void this.#look(), EVERY_MS);
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
    const queues = await readKernelQueues(this.#watched.keys());
    let closely = false;
    for (const [socket, watched] of this.#watched) {
      const unsent = socket.writableLength + (queues.get(watched.key) ?? 0);
      const much = unsent > MUCH_BYTES;
      const news = much || watched.arrived !== undefined;
      watched.arrived = much ? socket.bytesWritten - unsent : undefined;
      if (news) watched.onCarried();
      closely ||= much;
    }
    if (this.#watched.size === 0) return;
    clearTimeout(this.#timer);
    const wait = closely ? EVERY_MS_CLOSELY : EVERY_MS;
    this.#timer = setTimeout(() => void this.#look(), wait);
  }
}
