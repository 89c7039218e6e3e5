import type { Micros } from "@tutti/protocol";
import type { ClientRule, StreamConfig } from "@tutti/protocol/config";
import type { AddedStreamsOptions } from "./added-streams.ts";
import type { SavedHouse, WallTime } from "./house.ts";
import type { About } from "./status.ts";
import type { Arrival } from "./stream-clock.ts";

export interface ServerCoreConfig {
  readonly name: string;
  readonly version: string;
  /** This machine, as controllers see it. */
  readonly host: NonNullable<About["host"]>;
  /** Random for each start: with another one, stamps may have nothing to do with those before. */
  readonly epoch: string;
  /** Upper end of a client's latency. (ms) */
  readonly bufferMs: number;
  /** At least one; newcomers play the first. */
  readonly streams: readonly StreamConfig[];
  /** What holds for single clients where no controller has set another thing. */
  readonly clients?: readonly ClientRule[];
  /** Absent: controllers may add no streams. */
  readonly addStreams?: AddedStreamsOptions | undefined;
  readonly initialVolume: number;
  readonly sendToMuted: boolean;
  /** Where clients of our own kind ask for the time in UDP datagrams; undefined when nobody answers. */
  readonly timePort: number | undefined;
  readonly saved: SavedHouse | undefined;
  readonly wall: WallTime;
}

export type ServerInput =
  /** Stream protocol, over TCP or WebSocket alike. Numbers are the shell's and not used twice. */
  | { readonly kind: "connected"; readonly session: number; readonly address: string }
  | { readonly kind: "received"; readonly session: number; readonly bytes: Uint8Array }
  | { readonly kind: "disconnected"; readonly session: number }
  /** Bytes that have not arrived, as far as the shell knows, until it says otherwise. At first none. */
  | { readonly kind: "backlog"; readonly session: number; readonly bytes: number }
  | {
      readonly kind: "pcm";
      readonly stream: string;
      /** Whole frames; they stay the caller's. */
      readonly bytes: Uint8Array;
      readonly arrival: Arrival;
    }
  /** All that lay in a source when it was opened. */
  | {
      readonly kind: "found";
      readonly stream: string;
      /** Whole frames; they stay the caller's. */
      readonly bytes: Uint8Array;
      /** For how long nobody had read from it at the least, where that is known. */
      readonly unread: Micros | undefined;
    }
  | {
      readonly kind: "source state";
      readonly stream: string;
      readonly state: "running" | "waiting" | "failed";
      readonly reason?: string | undefined;
    }
  | { readonly kind: "fallback pcm"; readonly stream: string; readonly bytes: Uint8Array }
  /** One JSON-RPC document, single or batch. */
  | { readonly kind: "control"; readonly controller: number; readonly text: string }
  /** Which of the addresses of a "claim" are not listened at, and why. By "host:port". */
  | {
      readonly kind: "claimed";
      readonly claim: number;
      readonly claims: ReadonlyMap<string, string | undefined>;
    }
  /** A sign of life from a client that asks for the time beside its session. */
  | { readonly kind: "time asked"; readonly token: string }
  /** About once a second. */
  | { readonly kind: "wall clock"; readonly wall: WallTime }
  /** Sources are read no more, and connections are about to end: what is held back is given out. */
  | { readonly kind: "ending" }
  | { readonly kind: "deadline" };
