import { millis, type ServerInstant, seconds } from "@tutti/protocol";
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
  | "buffer too small"
  | "time over stream"
  | "time by datagram"
  | "clock weak"
  | "clock good"
  | "no real time"
  | "real time"
  | "output lost"
  | "output back"
  | "failed over"
  | "weak board";

/** A clock known worse than that lets rooms drift apart audibly; it is good again when known twice as well. (us) */
const CLOCK_WEAK_US = 2_000;
const CLOCK_GOOD_US = 1_000;
/** So many breaks within that time are no accident: more buffer would help. Said again after a while. */
const BREAKS_MIN = 3;
const BREAKS_WITHIN = seconds(60);
const SAID_AGAIN_AFTER = seconds(600);
/** A card that was there at once was never lost; one that is not opened so soon is missed. */
const OUTPUT_WAIT_MAX = millis(5_000);

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
  #breaks: ServerInstant[] = [];
  #tooSmallAt = -Infinity;
  #firstAt: ServerInstant | undefined;
  #outputLost = false;

  /** What changed since the report before. Of the first no counts are told: they may be years old. */
  learn(stats: ClientStats, now: ServerInstant): QualityChange[] {
    const before = this.#before;
    this.#before = stats;
    this.#firstAt ??= now;
    const state = [...this.#output(stats, now), ...realTime(before, stats)];
    if (!before) return [...state, ...standing(stats)];
    const hints = before.hints ? [] : boardHints(stats);
    const changes = [...counted(before, stats), ...this.#buffer(before, stats, now)];
    return [...changes, ...this.#timeWay(before, stats), ...this.#clock(stats), ...state, ...hints];
  }

  /** One break may be the link's; several in a minute say that what is held is too little for it. */
  #buffer(before: ClientStats, stats: ClientStats, now: ServerInstant): QualityChange[] {
    if (stats.underruns > before.underruns) this.#breaks.push(now);
    this.#breaks = this.#breaks.filter((at) => now - at < BREAKS_WITHIN);
    const enough = this.#breaks.length < BREAKS_MIN;
    if (enough || now - this.#tooSmallAt < SAID_AGAIN_AFTER) return [];
    this.#tooSmallAt = now;
    const reason = "it breaks off again and again; a longer buffer would outlast more";
    return [{ what: "buffer too small", better: false, reason, count: this.#breaks.length }];
  }

  #output({ outputOpen }: ClientStats, now: ServerInstant): QualityChange[] {
    if (outputOpen === undefined || outputOpen === !this.#outputLost) return [];
    const begins = this.#before === undefined || now - (this.#firstAt ?? now) < OUTPUT_WAIT_MAX;
    if (!outputOpen && begins) return [];
    this.#outputLost = !outputOpen;
    return outputOpen
      ? [{ what: "output back", better: true, reason: "its sound card is open again" }]
      : [{ what: "output lost", better: false, reason: "its sound card is gone or busy" }];
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

/** What holds from the first report on. */
function standing(stats: ClientStats): QualityChange[] {
  const { serverRank = 1 } = stats;
  const reason = `place ${serverRank} in its list of servers: those before it do not answer`;
  const over = { what: "failed over", better: false, reason } as const;
  return [...(serverRank > 1 ? [over] : []), ...boardHints(stats)];
}

function boardHints({ hints = [] }: ClientStats): QualityChange[] {
  return hints.map((reason) => ({ what: "weak board", better: false, reason }));
}

/** Whether the thread that feeds the card runs in real time, as soon as that is known, and when it changes. */
function realTime(before: ClientStats | undefined, { realtime }: ClientStats): QualityChange[] {
  if (realtime === undefined || realtime === before?.realtime) return [];
  if (realtime && before?.realtime === undefined) return [];
  return realtime
    ? [{ what: "real time", better: true, reason: "its card's thread goes before other programs" }]
    : [{ what: "no real time", better: false, reason: "not permitted: rtprio 20 would do" }];
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
