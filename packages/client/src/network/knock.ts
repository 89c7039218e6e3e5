import type { Socket } from "node:net";

/** A connection, or why there is none. */
export type Reached =
  | { readonly socket: Socket; readonly reason?: undefined }
  | { readonly socket?: undefined; readonly reason: string };

/** The reason when time is up. */
export const NO_ANSWER = "no answer";

export interface KnockOptions {
  /** Begins to connect. */
  readonly open: () => Socket;
  /** How long until another attempt joins those that are unanswered, give or take a quarter. */
  readonly everyMs: number;
  readonly giveUpMs: number;
  readonly random: () => number;
  /** Gives up at once. */
  readonly signal: AbortSignal;
}

/**
 * Connects, beginning again beside what is unanswered: a lost SYN the kernel repeats only after 1, 3 and 7 s, and a
 * network that is back meanwhile waits for that. The first to be answered counts, be it by a refusal.
 */
export function knock({ open, everyMs, giveUpMs, random, signal }: KnockOptions): Promise<Reached> {
  return new Promise((resolve) => {
    const attempts = new Map<Socket, () => void>();
    let next: NodeJS.Timeout | undefined;
    const end = (reached: Reached) => {
      clearTimeout(next);
      clearTimeout(giveUp);
      signal.removeEventListener("abort", stop);
      for (const [socket, leave] of attempts) {
        leave();
        if (socket === reached.socket) continue;
        // What is still to come from it concerns nobody.
        socket.on("error", () => {});
        socket.destroy();
      }
      resolve(reached);
    };
    const stop = () => end({ reason: "closed" });
    const giveUp = setTimeout(() => end({ reason: NO_ANSWER }), giveUpMs);
    const attempt = () => {
      next = setTimeout(attempt, everyMs * (0.75 + random() / 2));
      const socket = open();
      const connected = () => end({ socket });
      const failed = ({ message }: Error) => end({ reason: message });
      socket.once("connect", connected).once("error", failed);
      attempts.set(socket, () => socket.off("connect", connected).off("error", failed));
    };
    signal.addEventListener("abort", stop);
    attempt();
  });
}

/** Whether somebody listens there: a connection that is ended at once. */
export async function answers(open: () => Socket, giveUpMs: number): Promise<boolean> {
  const { socket } = await knock({
    open,
    everyMs: giveUpMs,
    giveUpMs,
    random: () => 1,
    signal: new AbortController().signal,
  });
  socket?.on("error", () => {});
  socket?.destroy();
  return socket !== undefined;
}
