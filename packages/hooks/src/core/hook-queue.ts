/*
 * What is run when. Hooks tell a state (on, off, so loud), so of those that wait behind one that runs only the newest
 * counts: a volume that is dragged runs a slow program as often as it can follow, and ends where the hand ended.
 * A lane is what must stay in order: on and off of one amplifier share one.
 */

/** One program to be run for one occasion. */
export interface HookCall {
  /** As the configuration names it. */
  readonly hook: string;
  /** Of a lane one runs at a time. */
  readonly lane: string;
  readonly command: readonly string[];
  /** What its environment tells it, beside that of this process. */
  readonly variables: Readonly<Record<string, string>>;
}

export type HookInput =
  | { readonly kind: "call"; readonly call: HookCall }
  | { readonly kind: "ended"; readonly run: number }
  | { readonly kind: "deadline" };

export type HookOutput =
  | { readonly kind: "start"; readonly run: number; readonly call: HookCall }
  /** It took too long: it and all that it started are to be ended. The lane goes on once it has. */
  | { readonly kind: "kill"; readonly run: number; readonly call: HookCall }
  /** More lanes wait than there may be: this call is forgotten. */
  | { readonly kind: "drop"; readonly call: HookCall };

/** A small board has other work: sound. */
const RUNNING_MAX = 4;
/** Each a client's volume, say; beyond, the oldest is forgotten. */
const WAITING_MAX = 256;

interface Run {
  readonly call: HookCall;
  readonly killAt: number;
  killed: boolean;
}

/** Decides which hooks run now, which wait and which are ended. Instants: microseconds of one clock. */
export class HookQueue {
  readonly #timeoutUs: number;
  readonly #runs = new Map<number, Run>();
  /** One for each lane, in the order in which they began to wait. */
  readonly #waiting = new Map<string, HookCall>();
  #lastRun = 0;

  constructor(timeoutMs: number) {
    this.#timeoutUs = timeoutMs * 1_000;
  }

  /** When to call `handle` with a deadline, if nothing else comes first. */
  get deadline(): number | undefined {
    const living = [...this.#runs.values()].filter(({ killed }) => !killed);
    return living.length === 0 ? undefined : Math.min(...living.map(({ killAt }) => killAt));
  }

  /** Whether nothing runs or waits. */
  get quiet(): boolean {
    return this.#runs.size === 0 && this.#waiting.size === 0;
  }

  handle(input: HookInput, now: number): HookOutput[] {
    switch (input.kind) {
      case "call":
        this.#waiting.set(input.call.lane, input.call);
        return [...this.#overflow(), ...this.#start(now)];
      case "ended":
        this.#runs.delete(input.run);
        return this.#start(now);
      case "deadline":
        return this.#kill(now);
    }
  }

  #overflow(): HookOutput[] {
    const [oldest] = this.#waiting.values();
    if (this.#waiting.size <= WAITING_MAX || !oldest) return [];
    this.#waiting.delete(oldest.lane);
    return [{ kind: "drop", call: oldest }];
  }

  #start(now: number): HookOutput[] {
    const busy = new Set([...this.#runs.values()].map(({ call }) => call.lane));
    const outputs: HookOutput[] = [];
    for (const [lane, call] of this.#waiting) {
      if (this.#runs.size >= RUNNING_MAX) break;
      if (busy.has(lane)) continue;
      this.#waiting.delete(lane);
      const run = ++this.#lastRun;
      this.#runs.set(run, { call, killAt: now + this.#timeoutUs, killed: false });
      outputs.push({ kind: "start", run, call });
    }
    return outputs;
  }

  #kill(now: number): HookOutput[] {
    const late = [...this.#runs].filter(([, { killed, killAt }]) => !killed && killAt <= now);
    return late.map(([run, entry]) => {
      entry.killed = true;
      return { kind: "kill", run, call: entry.call };
    });
  }
}
