import type { Socket } from "node:net";

/** A connection, or why there is none; and through which door that came. */
export type Reached =
  | { readonly socket: Socket; readonly door: number; readonly reason?: undefined }
  | { readonly socket?: undefined; readonly door?: number; readonly reason: string };

/** The reason when time is up. */
export const NO_ANSWER = "no answer";

export interface KnockOptions {
  /** Begins to connect to one of the places where it may be; 0 is the likeliest. */
  readonly open: (door: number) => Socket;
  /** How many places there are, 1 or more. */
  readonly doors: number;
  /** How long until another attempt joins those that are unanswered, give or take a quarter. */
  readonly everyMs: number;
  readonly giveUpMs: number;
  readonly random: () => number;
  /** Gives up at once. */
  readonly signal: AbortSignal;
}

/**
 * Connects, beginning again beside what is unanswered, at one door after the other: a lost SYN the kernel repeats only
 * after 1, 3 and 7 s, a network that is back meanwhile waits for that, and an address that is no more never answers (RFC 8305
 * does so with the addresses of one name). The first to be answered counts. A refusal counts once each door has had its turn.
 */
export function knock(options: KnockOptions): Promise<Reached> {
  return new Promise((resolve) => new Knock(options, resolve).begin());
}

class Knock {
  readonly #options: KnockOptions;
  readonly #resolve: (reached: Reached) => void;
  readonly #attempts = new Map<Socket, () => void>();
  #next: NodeJS.Timeout | undefined;
  #giveUp: NodeJS.Timeout | undefined;
  #turn = 0;
  #refused: Reached | undefined;
  readonly #stop = () => this.#end({ reason: "closed" });

  constructor(options: KnockOptions, resolve: (reached: Reached) => void) {
    this.#options = options;
    this.#resolve = resolve;
  }

  begin(): void {
    const { giveUpMs, signal } = this.#options;
    this.#giveUp = setTimeout(() => this.#end({ reason: NO_ANSWER }), giveUpMs);
    signal.addEventListener("abort", this.#stop);
    this.#attempt();
  }

  #attempt(): void {
    const { open, doors, everyMs, random } = this.#options;
    clearTimeout(this.#next);
    if (this.#refused && this.#turn >= doors) {
      this.#end(this.#refused);
      return;
    }
    this.#next = setTimeout(() => this.#attempt(), everyMs * (0.75 + random() / 2));
    const door = this.#turn++ % doors;
    const socket = open(door);
    const connected = () => this.#end({ socket, door });
    const failed = ({ message }: Error) => {
      this.#attempts.delete(socket);
      socket.destroy();
      this.#refused ??= { reason: message, door };
      this.#goOn();
    };
    socket.once("connect", connected).once("error", failed);
    this.#attempts.set(socket, () => socket.off("connect", connected).off("error", failed));
  }

  /** What was refused leaves its turn to the next door; other doors that were knocked at keep theirs. */
  #goOn(): void {
    const { doors } = this.#options;
    if (doors === 1 || this.#turn < doors || this.#attempts.size === 0) this.#attempt();
  }

  #end(reached: Reached): void {
    clearTimeout(this.#next);
    clearTimeout(this.#giveUp);
    this.#options.signal.removeEventListener("abort", this.#stop);
    for (const [socket, leave] of this.#attempts) {
      leave();
      if (socket === reached.socket) continue;
      // What is still to come from it concerns nobody.
      socket.on("error", () => {});
      socket.destroy();
    }
    this.#resolve(reached);
  }
}

/**
 * Whether a server is there and awake: a connection that is ended at once, and is ended by the server too. The kernel of one that
 * hangs opens it as well.
 */
export async function answers(open: () => Socket, giveUpMs: number): Promise<boolean> {
  const { socket } = await knock({
    open,
    doors: 1,
    everyMs: giveUpMs,
    giveUpMs,
    random: () => 1,
    signal: new AbortController().signal,
  });
  if (!socket) return false;
  const awake = await isEnded(socket, giveUpMs);
  socket.destroy();
  return awake;
}

function isEnded(socket: Socket, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), withinMs);
    const end = () => {
      clearTimeout(timer);
      resolve(true);
    };
    // A reset is as good: somebody let go of it.
    socket.on("end", end).on("error", end).resume().end();
  });
}
