import type { AudioOutput } from "./outgoing.ts";

export type StreamEvent =
  | { readonly kind: "stream playing"; readonly stream: string }
  | { readonly kind: "stream idle"; readonly stream: string }
  | { readonly kind: "gap in source"; readonly stream: string; readonly lostMs: number };

/** What a stream wants to be done. */
export type StreamOutput =
  | AudioOutput
  | { readonly kind: "status" }
  | { readonly kind: "event"; readonly event: StreamEvent };
