import type { Micros, Ppm } from "@tutti/protocol";

/** How well the client plays, at one moment. */
export interface PlayerStats {
  /** Whether sound of the stream reaches the output. */
  readonly playing: boolean;
  readonly synchronised: boolean;
  /** How late that is heard which is heard now, positive when behind, by what is known now. NaN while nothing is. */
  readonly syncError: Micros;
  /** Three deviations of that, for clock and card's timing together, if the ways to the server and back are alike. */
  readonly syncErrorUncertainty: Micros;
  /** How far the truth may be from that, either way, however the round trip is shared: bound of the clock and of the card's timing. */
  readonly syncErrorMax: Micros;
  /** Server's clock less ours. */
  readonly offset: Micros;
  readonly offsetErrorMax: Micros;
  /** How much faster than ours the server's clock runs. */
  readonly drift: Ppm;
  /** Least time of a question and its answer under way. */
  readonly roundTrip: Micros;
  readonly timeWay: "stream" | "datagram";
  readonly bufferedMs: number;
  /** What is still to be worked off by playing faster or slower than the clocks ask for. */
  readonly correction: Ppm;
  readonly receivedChunks: number;
  readonly lateChunks: number;
  readonly duplicateChunks: number;
  /** Left out between two that came. */
  readonly lostChunks: number;
  /** Of those, made up for. */
  readonly concealedChunks: number;
  readonly underruns: number;
  readonly jumps: number;
}
