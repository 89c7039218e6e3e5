import type { ClientStats } from "@tutti/protocol/control";

/** Something that a client says of itself and that is heard, or soon will be; or that it is over. */
export interface QualityChange {
  readonly what: QualityWhat;
  readonly better: boolean;
  /** In words, for people. */
  readonly reason: string;
  /** How many chunks, or times. */
  readonly count?: number;
}

export type QualityWhat =
  | "chunks late"
  | "chunks lost"
  | "chunks concealed"
  | "underrun"
  | "card underrun"
  | "jump"
  | "time over stream"
  | "time by datagram"
  | "clock weak"
  | "clock good";

/** A clock known worse than that lets rooms drift apart audibly; it is good again when known twice as well. (us) */
const CLOCK_WEAK_US = 2_000;
const CLOCK_GOOD_US = 1_000;

type Counted = "lateChunks" | "concealedChunks" | "underruns" | "cardUnderruns" | "jumps";

const COUNTED: readonly [what: QualityWhat, key: Counted, reason: string][] = [
  ["chunks late", "lateChunks", "they came after their moment"],
  [
    "chunks concealed",
    "concealedChunks",
    "they were left out on the way; the codec made up for them",
  ],
  ["underrun", "underruns", "nothing had come to be played"],
  ["card underrun", "cardUnderruns", "the client was late with what had come"],
  ["jump", "jumps", "the place in the stream was further off than speed works off"],
];

/** Looks through a connection's reports for what got worse, and better again. */
export class ReportWatch {
  #before: ClientStats | undefined;
  #clockWeak = false;
  #overStream = false;

  /** What changed since the report before. The first says nothing: its counts may be years old. */
  learn(stats: ClientStats): QualityChange[] {
    const before = this.#before;
    this.#before = stats;
    if (!before) return [];
    return [...counted(before, stats), ...this.#timeWay(before, stats), ...this.#clock(stats)];
  }

  #timeWay(before: ClientStats, { timeWay }: ClientStats): QualityChange[] {
    if (timeWay === before.timeWay) return [];
    if (timeWay === "datagram" && !this.#overStream) return [];
    this.#overStream = timeWay === "stream";
    const [what, reason] = this.#overStream
      ? (["time over stream", "its datagrams do not get through"] as const)
      : (["time by datagram", "its datagrams get through again"] as const);
    return [{ what, reason, better: !this.#overStream }];
  }

  #clock({ synchronised, offsetBoundUs }: ClientStats): QualityChange[] {
    const bound = synchronised ? offsetBoundUs : undefined;
    const limit = this.#clockWeak ? CLOCK_GOOD_US : CLOCK_WEAK_US;
    const weak = bound === undefined || bound > limit;
    if (weak === this.#clockWeak) return [];
    this.#clockWeak = weak;
    const known = bound === undefined ? "not known" : `known to ${(bound / 1_000).toFixed(1)} ms`;
    const what = weak ? "clock weak" : "clock good";
    return [{ what, better: !weak, reason: `the server's time is ${known}` }];
  }
}

function counted(before: ClientStats, stats: ClientStats): QualityChange[] {
  const more = (key: Counted | "lostChunks") => (stats[key] ?? 0) - (before[key] ?? 0);
  const lost = more("lostChunks") - more("concealedChunks");
  const told = COUNTED.map(([what, key, reason]) => ({ what, reason, count: more(key) }));
  const reason = "they were left out on the way; faded";
  return [...told, { what: "chunks lost" as const, reason, count: lost }]
    .filter(({ count }) => count > 0)
    .map((each) => ({ ...each, better: false }));
}
