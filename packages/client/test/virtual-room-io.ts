/** A line over true time. */
export interface Clock {
  offsetUs: number;
  ppm: number;
}

export interface RoomOptions {
  readonly rateHz?: number;
  readonly server?: Clock;
  readonly host?: Clock;
  readonly cardPpm?: number;
  /** Whether the player is told the card's rate, as the shell's timing line does. */
  readonly cardRateKnown?: boolean;
  readonly bufferMs?: number;
  readonly chunkMs?: number;
  readonly queueMs?: number;
  readonly backlog?: boolean;
  readonly udp?: boolean;
  readonly tutti?: boolean;
  /** Delay of one message from server to client, or back. (us) */
  readonly delay?: (direction: "up" | "down") => number;
  readonly sourcePpm?: number;
  readonly startVolume?: number;
}

/** One captured block: what was heard, when. */
export interface Measured {
  /** True time. (us) */
  readonly at: number;
  /** How late the programme was heard; NaN where the envelope or silence forbids to tell. (us) */
  readonly error: number;
  readonly level: number;
}
