import type { QualityChange } from "./report-watch.ts";
import type { RungReason } from "./rung-chooser.ts";
import type { StreamEvent } from "./stream-output.ts";

/** What happened, for whoever wants to know: the log, the metrics, a test. */
export type ServerEvent =
  /** It had lost its connection a moment ago. */
  | {
      readonly kind: "client reconnected";
      readonly client: string;
      readonly awaySeconds: number;
      /** Why the connection before ended. */
      readonly reason: string;
    }
  | StreamEvent
  | {
      readonly kind: "source running" | "source waiting" | "source failed";
      readonly stream: string;
      readonly reason?: string | undefined;
    }
  | {
      readonly kind: "client connected";
      readonly client: string;
      readonly address: string;
      readonly program: string;
      readonly stream: string;
    }
  /** What a client holds is too little for its link: all who play the stream play it that late from now on. */
  | {
      readonly kind: "buffer lengthened";
      readonly stream: string;
      readonly client: string;
      readonly bufferMs: number;
    }
  /** By a controller. */
  | { readonly kind: "stream added" | "stream removed"; readonly stream: string }
  | { readonly kind: "client disconnected"; readonly client: string; readonly address: string }
  /** As it is told to be, its group's mute included; also when another of its settings changed. */
  | {
      readonly kind: "client volume";
      readonly client: string;
      readonly volumePercent: number;
      readonly muted: boolean;
    }
  | { readonly kind: "client stream"; readonly client: string; readonly stream: string }
  /** Whatever the reason, it is this one session that ended. */
  | {
      readonly kind: "session closed";
      readonly client: string | undefined;
      readonly address: string;
      readonly reason: string;
    }
  /** This host's monotonic clock went back, as when a virtual machine is restored. */
  | { readonly kind: "clock went back"; readonly byMs: number }
  /** By a client's own report: what it plays is worse than it should be, or in order again. */
  | ({ readonly kind: "client degraded" | "client recovered"; readonly client: string } & Omit<
      QualityChange,
      "better"
    >)
  /** A client's link carries less than before, or more: it gets the stream in another coding from now on. */
  | {
      readonly kind: "quality lowered" | "quality raised";
      readonly client: string;
      /** As a configuration names them. */
      readonly from: string;
      readonly to: string;
      readonly reason: RungReason;
      readonly carriedKbit?: number;
    }
  | { readonly kind: "chunks dropped"; readonly client: string; readonly count: number };
