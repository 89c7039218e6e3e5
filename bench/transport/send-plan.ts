import type { Way } from "./ways.ts";

/** What the program that sends is told. */
export interface SendPlan {
  readonly rooms: readonly { readonly address: string; readonly way: Way }[];
  /** Bytes of each chunk, again from the first after the last. */
  readonly sizes: readonly number[];
  readonly chunks: number;
}

/** What it says in the end. */
export interface Sent {
  /** Of each chunk. (us of CLOCK_MONOTONIC) */
  readonly sentUs: readonly number[];
}
