import type { HouseReport, PairReport, RoomReport } from "./report.ts";

/** What a report may show at most. The last five are 0 unless said, all others free. */
export interface Limits {
  /** Of every pair of rooms. */
  readonly pairMedianUs?: number;
  readonly pairP95Us?: number;
  readonly pairMaxUs?: number;
  /** Between the first room and the last. */
  readonly togetherP95Us?: number;
  /** Of every room, against when the server wanted it heard. */
  readonly errorMedianUs?: number;
  readonly errorP95Us?: number;
  readonly errorMaxUs?: number;
  /** From switching on to the first sound, and from there until the error stays below 100 us. */
  readonly firstSoundMs?: number;
  readonly syncedMs?: number;
  readonly silenceMs?: number;
  /** Times the sound broke off. */
  readonly gaps?: number;
  /** Changes of the error by 500 us or more at once. */
  readonly jumps?: number;
  /** Frames left out or heard twice without silence. */
  readonly breaks?: number;
  /** Of the card, in the whole run. */
  readonly underruns?: number;
}

export type LimitName = keyof Limits;

/** A limit that was passed, by whom, and by how much. */
export interface Complaint {
  readonly limit: LimitName;
  readonly measured: number;
  readonly text: string;
}

/** Slots of 50 ms in which a room must have been heard, to be judged at all. */
const HEARD_MIN = 10;

/** Everything in which a report is worse than `limits`. Rooms that nobody heard are worse than any. */
export function complaints(report: HouseReport, limits: Limits): Complaint[] {
  const { togetherP95Us } = limits;
  const together = over("togetherP95Us", "the house", report.together.p95, togetherP95Us);
  const { pairMedianUs, pairP95Us, pairMaxUs } = limits;
  const ofPairs = pairMedianUs ?? pairP95Us ?? pairMaxUs;
  const pairs = ofPairs === undefined ? [] : report.pairs;
  return [
    ...pairs.flatMap((pair) => pairComplaints(pair, limits)),
    ...report.rooms.flatMap((room) => roomComplaints(room, limits)),
    ...together,
  ];
}

function pairComplaints({ rooms, median, p95, max }: PairReport, limits: Limits): Complaint[] {
  const who = rooms.join(" and ");
  return [
    ...over("pairMedianUs", who, median, limits.pairMedianUs),
    ...over("pairP95Us", who, p95, limits.pairP95Us),
    ...over("pairMaxUs", who, max, limits.pairMaxUs),
  ];
}

function roomComplaints(room: RoomReport, limits: Limits): Complaint[] {
  const { name, error, silenceMs, gaps, jumps, discontinuities, counts } = room;
  const unheard = error.count < HEARD_MIN ? Infinity : 0;
  return [
    ...over("errorMedianUs", name, error.median, limits.errorMedianUs),
    ...over("errorP95Us", name, error.p95, limits.errorP95Us),
    ...over("errorMaxUs", name, error.max, limits.errorMaxUs),
    ...over("firstSoundMs", name, room.firstSoundMs ?? Infinity, limits.firstSoundMs),
    ...over("syncedMs", name, room.syncedMs ?? Infinity, limits.syncedMs),
    ...over("silenceMs", name, Math.max(unheard, silenceMs), limits.silenceMs ?? 0),
    ...over("gaps", name, gaps, limits.gaps ?? (limits.silenceMs === undefined ? 0 : undefined)),
    ...over("jumps", name, jumps, limits.jumps ?? 0),
    ...over("breaks", name, discontinuities, limits.breaks ?? 0),
    ...over("underruns", name, counts["card underruns"] ?? 0, limits.underruns ?? 0),
  ];
}

function over(limit: LimitName, who: string, measured: number, most: number | undefined) {
  if (most === undefined || measured <= most) return [];
  const text = `${who}: ${limit} is ${measured.toFixed(1)}, at most ${most} is good`;
  return [{ limit, measured, text }];
}
