import { type Micros, millis, seconds } from "@tutti/protocol";
import { type Ear, SLOT } from "./ear.ts";
import type { TrueInstant } from "./simulation.ts";
import type { Slots } from "./slots.ts";

/** Of absolute values, all in microseconds. Zero throughout when there is nothing. */
export interface Spread {
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  /** How many slots of 50 ms it is drawn from. */
  readonly count: number;
}

/** What was heard in one room, measured at its converter in true time. */
export interface RoomReport {
  readonly name: string;
  /** Against when the server wanted it heard. */
  readonly error: Spread;
  /** Mean error with its sign: positive is late. (us) */
  readonly biasUs: number;
  /** From the room's switching on to its first sound; undefined if it never sounded. */
  readonly firstSoundMs: number | undefined;
  /** From the first sound until the error stays below 100 us for a second. */
  readonly syncedMs: number | undefined;
  readonly silenceMs: number;
  /** Times the sound broke off. */
  readonly gaps: number;
  /** Times the error changed by 500 us or more at once. */
  readonly jumps: number;
  /** Breaks without silence: frames left out or heard twice. */
  readonly discontinuities: number;
  readonly framesLost: number;
  readonly framesDoubled: number;
  /** Blocks that were not the signal, or two places of it at once. */
  readonly unreadable: number;
  readonly counts: Readonly<Record<string, number>>;
}

export interface PairReport extends Spread {
  readonly rooms: readonly [string, string];
}

export interface HouseReport {
  readonly rooms: readonly RoomReport[];
  /** Difference between when the same moment of music leaves two cards. */
  readonly pairs: readonly PairReport[];
  /** Between the room that is first and the room that is last, of those that sound at the moment. */
  readonly together: Spread;
  readonly counts: Readonly<Record<string, number>>;
}

/** The part of a run a report is about. */
export interface Span {
  readonly from: TrueInstant;
  readonly to: TrueInstant;
}

const SYNCED_US_MAX = 100;
const SYNCED_FOR: Micros = seconds(1);
const FRAMES_SLIPPED_MIN = 0.5;
const JUMP_US_MIN = 500;
const ENDLESS_MIN = millis(200);

/** What one room's report is made from. */
export interface Listened {
  readonly name: string;
  readonly ear: Ear;
  readonly switchedOnAt: TrueInstant;
  readonly counts: Readonly<Record<string, number>>;
}

export function reportRoom({ name, ear, switchedOnAt, counts }: Listened, span: Span): RoomReport {
  const worst = within(ear.worst, span).filter(isKnown);
  const breaks = ear.breaks.filter(({ at }) => at >= span.from && at < span.to);
  const slips = breaks.filter(({ silence, slip }) => silence === 0 && isSlip(slip));
  const { firstSoundAt } = ear;
  return {
    name,
    error: spreadOf(worst),
    biasUs: worst.reduce((sum, error) => sum + error, 0) / Math.max(1, worst.length),
    firstSoundMs: firstSoundAt === undefined ? undefined : (firstSoundAt - switchedOnAt) / 1_000,
    syncedMs: syncedAfter(ear),
    silenceMs: (sum(within(ear.silent, span).filter(isKnown)) + endlessSilence(ear, span)) / 1_000,
    gaps: breaks.filter(({ silence }) => silence > 0).length,
    jumps: breaks.filter(({ shift }) => Math.abs(shift) >= JUMP_US_MIN).length,
    discontinuities: slips.length,
    framesLost: sum(slips.map(({ slip }) => Math.max(0, Math.round(slip)))),
    framesDoubled: sum(slips.map(({ slip }) => Math.max(0, Math.round(-slip)))),
    unreadable: ear.unreadable,
    counts,
  };
}

export function reportPair(a: Listened, b: Listened, span: Span): PairReport {
  const ours = within(a.ear.errors, span);
  const theirs = within(b.ear.errors, span);
  const differences = ours.map((error, slot) => error - (theirs[slot] ?? Number.NaN));
  return { rooms: [a.name, b.name], ...spreadOf(differences.filter(isKnown)) };
}

export function reportTogether(rooms: readonly Listened[], { from, to }: Span): Spread {
  const widths: number[] = [];
  for (let slot = Math.ceil(from / SLOT); slot < Math.ceil(to / SLOT); slot++) {
    let [first, last] = [Infinity, -Infinity];
    for (const { ear } of rooms) {
      const error = ear.errors.get(slot);
      if (error < first) first = error;
      if (error > last) last = error;
    }
    if (last > first) widths.push(last - first);
  }
  return spreadOf(widths);
}

/** Every pair of rooms, once. */
export function pairsOf<Item>(items: readonly Item[]): [Item, Item][] {
  return items.flatMap((a, index) => items.slice(index + 1).map((b): [Item, Item] => [a, b]));
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values, Math.abs).sort();
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { median: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1), count: sorted.length };
}

/** Silence that has not ended yet. What a card still holds when the run ends is none. (us) */
function endlessSilence({ audibleUntil }: Ear, { from, to }: Span): number {
  if (audibleUntil === undefined) return 0;
  const silence = to - Math.max(from, audibleUntil);
  return silence > ENDLESS_MIN ? silence : 0;
}

/** First slot from which on all readings of a second are good, counted from the first sound. (ms) */
function syncedAfter(ear: Ear): number | undefined {
  if (ear.firstSoundAt === undefined) return undefined;
  const needed = SYNCED_FOR / SLOT;
  const first = Math.floor(ear.firstSoundAt / SLOT);
  let good = 0;
  for (let slot = Math.max(first, ear.worst.begin); slot < ear.worst.end; slot++) {
    good = Math.abs(ear.worst.get(slot)) < SYNCED_US_MAX ? good + 1 : 0;
    if (good === needed) return Math.max(0, slot - good + 1 - first) * (SLOT / millis(1));
  }
  return undefined;
}

function within(slots: Slots, { from, to }: Span): number[] {
  return slots.slice(Math.ceil(from / SLOT), Math.ceil(to / SLOT));
}

function isKnown(value: number): boolean {
  return !Number.isNaN(value);
}

function isSlip(slip: number): boolean {
  return Math.abs(slip) > FRAMES_SLIPPED_MIN;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
