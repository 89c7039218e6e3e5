import type { Hello, Micros, SampleFormat } from "@tutti/protocol";
import type { TimeExchange } from "./clock-filter.ts";
import type { PlayerEvent } from "./events.ts";
import type { ShellReport } from "./report.ts";
import type { VolumeCurve } from "./volume.ts";

export interface PlayerConfig {
  readonly hello: Hello;
  /** How much earlier to play, for what output and amplifier add and do not report. (ms) */
  readonly latencyMs: number;
  /** Silence after which a server counts as dead, if not the usual one. */
  readonly silenceMax?: Micros;
  readonly volume: {
    /** Set once, at the first connection, and told to the server. (percent) */
    readonly start?: number;
    /** Volumes above sound like this one. (percent) */
    readonly max: number;
    readonly curve: VolumeCurve;
    /** Without one the player sets the level itself; `none`: nobody does. Mute is always the player's. */
    readonly mixer?: "outside" | "none" | undefined;
  };
}

/** A volume that was set at the speaker itself. */
export interface LocalVolume {
  readonly volumePercent: number;
  readonly muted: boolean;
}

export type PlayerInput =
  | { readonly kind: "connected" }
  | { readonly kind: "disconnected" }
  | { readonly kind: "received"; readonly bytes: Uint8Array }
  | { readonly kind: "time answer"; readonly exchange: TimeExchange }
  /** The server was looked for: one of its name is at that address, and none where the connection leads. (numeric) */
  | { readonly kind: "found elsewhere"; readonly address: string }
  /** A question that was asked there is answered. */
  | {
      readonly kind: "answer from elsewhere";
      readonly exchange: TimeExchange;
      readonly address: string;
    }
  | { readonly kind: "clock jumped" }
  | ({ readonly kind: "local volume" } & LocalVolume)
  /** Once a second: time to tell the server how well it plays. */
  | { readonly kind: "report"; readonly shell: ShellReport }
  | { readonly kind: "deadline" };

export type PlayerOutput =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  | {
      readonly kind: "ask time";
      readonly question: { readonly token: string; readonly sequence: number };
      readonly port: number;
      /** Where, if not where the connection leads. */
      readonly address?: string;
    }
  /** `again`: at once where it was waited for already; otherwise after a pause. */
  | { readonly kind: "close"; readonly reason: string; readonly again: "at once" | "later" }
  /** Nothing comes from the server, nor answers: it may be at another address. Until it is heard, or another connection is made. */
  | { readonly kind: "look for server" }
  | { readonly kind: "server heard" }
  /** Card and connection are to be opened anew. */
  | { readonly kind: "restart" }
  | { readonly kind: "format"; readonly format: SampleFormat }
  | { readonly kind: "event"; readonly event: PlayerEvent };
