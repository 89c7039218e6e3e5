import type { SampleFormat } from "@tutti/protocol";
import type { Arrival } from "../core/index.ts";

/** Where a source hands over what it has. */
export interface Outlet {
  /** Whole frames, used up when this returns. */
  pcm(bytes: Uint8Array, arrival: Arrival): void;
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
