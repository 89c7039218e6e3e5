/** What goes wrong in a run. */
export type Fault =
  /** Every packet of every room is lost for that long. */
  | { readonly kind: "outage"; readonly ms: number }
  /**
   * The servers are killed and started again after a while, every other time with a clock that is a day ahead if it
   * jumps. With `remembers` a change was acknowledged right before, and is looked for afterwards.
   */
  | {
      readonly kind: "restart";
      readonly downMs: number;
      readonly clockJumps: boolean;
      readonly remembers?: boolean;
    }
  /** The servers' hosts have other addresses from one moment to the next. */
  | { readonly kind: "move" }
  /** The first room's player stands still for that long. */
  | { readonly kind: "suspend"; readonly ms: number }
  /** The wall clock is that much later at once: the first room's, then the server's, and so on by turns. */
  | { readonly kind: "clock step"; readonly seconds: number }
  /** Each room downloads for that long, as fast as it can. */
  | { readonly kind: "download"; readonly ms: number };

/** When it was wrong. */
export interface FaultSpan {
  readonly fromUs: number;
  /** From when on nothing is wrong any more. (us of CLOCK_MONOTONIC) */
  readonly endUs: number;
  /** Whether the first room could not have played meanwhile, whatever it does. */
  readonly stoppedFirstRoom: boolean;
  /** What shows that it happened. */
  readonly proof: string;
}
