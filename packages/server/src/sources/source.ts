import type { SampleFormat } from "@tutti/protocol";
import type { Arrival } from "../core/index.ts";

/** Where a source hands over what it has. */
export interface Outlet {
  /**
   * Whole frames, all that lay there when the source was opened, used up when this returns. `unreadMs`: for how long nobody had
   * read at the least, where that is known.
   */
  found(bytes: Uint8Array, unreadMs: number | undefined): void;
  /** Whole frames, used up when this returns. */
  pcm(bytes: Uint8Array, arrival: Arrival): void;
  /** Whether what comes has had a pace of its own for some seconds: such a writer waits for nobody. */
  steady(): boolean;
  /** How long to keep what there is; zero or less: no longer. (ms) */
  waitMs(): number;
  state(state: "running" | "waiting" | "failed", reason?: string): void;
}

/** What a source is opened with. */
export interface SourceOptions {
  readonly format: SampleFormat;
  readonly chunkMs: number;
  readonly outlet: Outlet;
}

/** An open source: goes on, through every trouble of the world, until it is closed. */
export interface Source {
  close(): void;
}

/** Tells each state once, however often it is met again. */
export function tellingOnce(outlet: Pick<Outlet, "state">): Outlet["state"] {
  let last = "";
  return (state, reason) => {
    const told = `${state} ${reason ?? ""}`;
    if (told === last) return;
    last = told;
    outlet.state(state, reason);
  };
}
