import type { SampleFormat } from "@tutti/protocol";

/** What happened inside the player, for whoever wants to know: the log, the metrics, a test. */
export type PlayerEvent =
  /** The server's clock is known well enough to place sound. */
  | {
      readonly kind: "synchronised";
      readonly offsetUs: number;
      readonly errorMaxUs: number;
      readonly roundTripUs: number;
    }
  /** The server's clock is not where it was: silence until it is found again. */
  | {
      readonly kind: "clock lost";
      readonly reason: "server clock changed" | "host clock jumped" | "answers contradict";
    }
  /**
   * A clock runs at another rate than it did, as when NTP slews it. Told once, as first measured; a server's that turns out to be
   * this host's is told again as that.
   */
  | {
      readonly kind: "clock bent";
      readonly whose: "host" | "server";
      readonly gainedPpm: number;
      readonly doubtPpm: number;
    }
  /** Datagrams for the time do not get through: the stream is used for it. */
  | { readonly kind: "time over stream" }
  | { readonly kind: "stream"; readonly codec: string; readonly format: SampleFormat }
  /** The playing buffer was changed for another, faded. */
  | { readonly kind: "switched" }
  | { readonly kind: "started" }
  /** The source stopped: nothing came any more, after silence. */
  | { readonly kind: "ended" }
  /** Nothing was there to play: faded out before the end, in again once there is. */
  | { readonly kind: "ran dry" }
  /** Late beyond what speed works off (positive: behind): one faded jump. */
  | { readonly kind: "jumped"; readonly latenessUs: number }
  /** Chunks that came after their moment, since the last such event. */
  | { readonly kind: "late chunks"; readonly count: number }
  | {
      readonly kind: "settings";
      /** Which is played, as far as the server says. */
      readonly stream?: string;
      readonly bufferMs: number;
      readonly latencyMs: number;
      readonly volumePercent: number;
      readonly muted: boolean;
    }
  | {
      readonly kind: "server error";
      readonly code: number;
      readonly error: string;
      readonly detail: string;
    }
  /** The server told us to do something. */
  | { readonly kind: "command"; readonly command: string }
  /** The server broke the protocol; the connection is closed. */
  | { readonly kind: "protocol error"; readonly reason: string }
  /** The stream is silent while datagrams are answered, as after an outage: another connection is faster. */
  | { readonly kind: "connection hangs" }
  /** Nothing comes from where the server was, and it answers there: the connection is closed. */
  | { readonly kind: "server moved"; readonly address: string }
  /** Nothing came from the server for longer than a living one stays silent. */
  | { readonly kind: "server silent" };
