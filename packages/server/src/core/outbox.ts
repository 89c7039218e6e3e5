import type { StreamConfig, TcpSourceSpec } from "@tutti/protocol/config";
import type { LogQuery } from "@tutti/protocol/control";
import type { ServerEvent } from "./events.ts";
import type { SavedHouse } from "./house.ts";

export type ServerOutput =
  | {
      readonly kind: "send";
      readonly session: number;
      /** Audio is shared with other sessions: not to be written to. */
      readonly bytes: Uint8Array;
      readonly priority: "now" | "audio";
    }
  /** It is to be known soon what the session's link makes of what it was sent just now. */
  | { readonly kind: "look closely"; readonly session: number }
  | { readonly kind: "close"; readonly session: number; readonly reason: string }
  | { readonly kind: "persist"; readonly state: SavedHouse }
  /** These two are to be held, in order, until an earlier "persist" is on disk. */
  | { readonly kind: "respond"; readonly controller: number; readonly text: string }
  /** An empty text: it is for nobody's ears, only that something changed. */
  | { readonly kind: "notify"; readonly text: string; readonly except?: number }
  /** Held like these two. The controller is to be told what the log says, later than line `query.after`; or no more. */
  | { readonly kind: "follow log"; readonly controller: number; readonly query: LogQuery }
  /** Whether the stream's fallback is to be fed from now on. */
  | { readonly kind: "fallback"; readonly stream: string; readonly wanted: boolean }
  /** These addresses are wanted: try to listen at them, and say in a "claimed" how that went. */
  | { readonly kind: "claim"; readonly claim: number; readonly addresses: readonly TcpSourceSpec[] }
  /** Its source is to be opened; where it listens, that was claimed just now. */
  | { readonly kind: "open stream"; readonly config: StreamConfig }
  /** Its source must be closed at once: nothing of it is taken any more. */
  | { readonly kind: "close stream"; readonly stream: string }
  | { readonly kind: "event"; readonly event: ServerEvent };

/** Collects what one call of the core leads to, in order. */
export class Outbox {
  #outputs: ServerOutput[] = [];

  push(output: ServerOutput): void {
    this.#outputs.push(output);
  }

  send(session: number, bytes: Uint8Array): void {
    this.push({ kind: "send", session, bytes, priority: "now" });
  }

  sendAudio(session: number, messages: readonly Uint8Array[]): void {
    for (const bytes of messages) this.push({ kind: "send", session, bytes, priority: "audio" });
  }

  report(event: ServerEvent): void {
    this.push({ kind: "event", event });
  }

  /** Everything since it was taken last. */
  take(): ServerOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }
}
