import type { HookEvent } from "@tutti/hooks";
import type { ClockEvent } from "./clock.ts";
import type { PlayerEvent } from "./core/events.ts";
import type { Level, Log } from "./log.ts";
import type { ServerMoved } from "./network/server-list.ts";
import type { OutputEvent } from "./output.ts";

/** What happened around the player. */
export type ShellEvent =
  /** Something about this machine that music suffers from, and what to do. */
  | { readonly kind: "weak board"; readonly what: string; readonly advice: string }
  | ClockEvent
  | HookEvent
  | OutputEvent
  /** Music is about to be heard, or there was none for a while. */
  | { readonly kind: "play" | "idle" }
  | { readonly kind: "searching" }
  | { readonly kind: "found"; readonly host: string; readonly port: number }
  | { readonly kind: "connected"; readonly host: string; readonly port: number }
  | {
      readonly kind: "disconnected" | "connection refused";
      readonly host: string;
      readonly port: number;
      readonly reason: string;
    }
  /** The card ran out of sound: what was queued was less than the stall or the load. */
  | { readonly kind: "underrun"; readonly silentFrames: number; readonly underruns: number }
  /** It does not set the level it is told. Said once, until it does again. */
  | {
      readonly kind: "mixer failed";
      readonly mixer: string;
      readonly reason: string;
      /** Those that the card has. */
      readonly controls?: readonly string[];
    }
  /** What the control of the card says, after our own calls too. */
  | { readonly kind: "card level"; readonly percent: number; readonly on: boolean }
  /** What is turned at the card is not heard of. */
  | { readonly kind: "card not watched"; readonly reason: string }
  | { readonly kind: "discovery trouble"; readonly reason: string }
  | { readonly kind: "id not kept"; readonly reason: string }
  | ServerMoved
  | { readonly kind: "stopping"; readonly signal: string };

export type ClientEvent = PlayerEvent | ShellEvent;

/** By consequence: warn is worth waking someone if it is frequent. A new event without a level does not compile. */
const LEVELS = {
  synchronised: "info",
  "clock lost": "warn",
  "clock bent": "info",
  "time over stream": "info",
  stream: "info",
  switched: "debug",
  started: "info",
  ended: "info",
  "ran dry": "warn",
  jumped: "warn",
  "late chunks": "warn",
  settings: "debug",
  command: "info",
  "server error": "warn",
  "protocol error": "warn",
  "connection hangs": "warn",
  "server moved": "info",
  "server silent": "warn",
  "clock jumped": "warn",
  "event loop stalled": "warn",
  "output opened": "info",
  "output unavailable": "warn",
  "output lost": "warn",
  "output released": "info",
  searching: "info",
  found: "info",
  connected: "info",
  disconnected: "warn",
  "failed over": "warn",
  "went back": "info",
  "connection refused": "warn",
  underrun: "warn",
  "discovery trouble": "debug",
  "id not kept": "warn",
  play: "info",
  idle: "info",
  "hook ran": "debug",
  "hook failed": "warn",
  "hook killed": "warn",
  "hook dropped": "warn",
  "weak board": "warn",
  "mixer failed": "warn",
  "card level": "debug",
  "card not watched": "info",
  stopping: "info",
} as const satisfies Record<ClientEvent["kind"], Level>;

/** One line for each event: its kind as the text, all else as fields. */
export function logEvents(log: Log): (event: ClientEvent) => void {
  return ({ kind, ...fields }) => log[LEVELS[kind]](fields, kind);
}
