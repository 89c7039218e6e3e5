import type { TrueInstant } from "./simulation.ts";

/** Is told what happens on a host: for the study of a seed that failed. */
export type Trace = (at: TrueInstant, host: string, event: { readonly kind: string }) => void;
