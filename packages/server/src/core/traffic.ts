/** What a stream in one codec came to since the start, whoever played it. Kept up to date where it happens. */
export interface CodingTally {
  /** Messages with audio as they were made, once for all who play them. */
  encodedBytes: number;
  /** The same as they were sent, to each who plays them. */
  sentBytes: number;
}

/** A stream in one codec that is played or was. */
export interface CodingTraffic extends Readonly<CodingTally> {
  readonly stream: string;
  readonly codec: string;
  readonly clients: number;
}

/** What one connection of a player was given. */
export interface SessionTraffic {
  readonly session: number;
  /** Undefined before its Hello. */
  readonly client: string | undefined;
  /** Audio given to the shell. */
  readonly sentBytes: number;
  /** Audio kept back, as the shell has too much of it under way. */
  readonly waitingBytes: number;
  readonly droppedChunks: number;
}

/** What the server moves, as it counts it itself: it needs no word of a client. */
export interface Traffic {
  readonly codings: readonly CodingTraffic[];
  readonly sessions: readonly SessionTraffic[];
  /** For slow clients, since the start: also for those that are gone. */
  readonly droppedChunks: number;
}
