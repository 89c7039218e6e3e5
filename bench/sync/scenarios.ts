import { LINKS, type LinkSettings } from "../../test/link/link.ts";
import type { Fault } from "./fault.ts";

/** What rooms, cards and links are like, and how far apart the rooms may be there. */
export interface Scenario {
  readonly name: string;
  readonly meaning: string;
  readonly link: LinkSettings;
  /** How much too fast each room's card runs; there are as many rooms. */
  readonly ppm: readonly number[];
  /** Steps in which the cards tell their position. (frames) */
  readonly granularity?: number;
  /** Happens two times a run. */
  readonly fault?: Fault;
  /** The limits that we set ourselves for the worst pair. (us) */
  readonly goal?: { readonly medianUs: number; readonly p95Us: number };
  /** From recording to hearing, where it is not a second; with our programs alone, as Snapcast needs some 200 ms. */
  readonly bufferMs?: number;
  /** Plays the tone instead of the noise, and measures its distortion instead of the pairs. */
  readonly tone?: boolean;
}

/** Where in a run the faults begin, as shares of it. */
export const FAULTS_AT = [0.4, 0.75];
const COMMON_PPM = [25, -25];

/** In the order in which they are run and shown. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "wired",
    meaning: "a perfect link, cards at +25 and -25 ppm",
    link: LINKS.wired,
    ppm: COMMON_PPM,
    goal: { medianUs: 15, p95Us: 30 },
  },
  {
    name: "drift",
    meaning: "a perfect link, cards at +100 and -100 ppm",
    link: LINKS.wired,
    ppm: [100, -100],
    goal: { medianUs: 20, p95Us: 40 },
  },
  {
    name: "wifi",
    meaning: "5 +- 5 ms each way",
    link: LINKS.wifi,
    ppm: COMMON_PPM,
    goal: { medianUs: 25, p95Us: 60 },
  },
  {
    name: "busy-wifi",
    meaning: "20 +- 20 ms each way, 1 % of the packets lost",
    link: LINKS["busy-wifi"],
    ppm: COMMON_PPM,
    goal: { medianUs: 100, p95Us: 250 },
  },
  {
    name: "stalls",
    meaning: "5 +- 5 ms, and everything is held for 200 ms about every 3 s",
    link: LINKS.stalls,
    ppm: COMMON_PPM,
    goal: { medianUs: 25, p95Us: 60 },
  },
  {
    name: "outage",
    meaning: "2 +- 1 ms, and two times nothing at all for 2 s",
    link: { delayMs: 2, jitterMs: 1 },
    ppm: COMMON_PPM,
    fault: { kind: "outage", ms: 2_000 },
  },
  {
    name: "restart",
    meaning: "a perfect link, and two times the server is killed and started again after 1 s",
    link: LINKS.wired,
    ppm: COMMON_PPM,
    fault: { kind: "restart", downMs: 1_000, clockJumps: false },
  },
  {
    name: "clock-jump",
    meaning:
      "the same, and the server's clock is a day ahead after the first time and back after the second",
    link: LINKS.wired,
    ppm: COMMON_PPM,
    fault: { kind: "restart", downMs: 1_000, clockJumps: true },
  },
  {
    name: "coarse-card",
    meaning: "a perfect link, cards that tell their position in steps of 1 ms",
    link: LINKS.wired,
    ppm: COMMON_PPM,
    granularity: 48,
    goal: { medianUs: 60, p95Us: 120 },
  },
  {
    name: "four-rooms",
    meaning: "a perfect link, cards at +25, -25, +10 and -60 ppm; the worst of the six pairs",
    link: LINKS.wired,
    ppm: [25, -25, 10, -60],
    goal: { medianUs: 15, p95Us: 30 },
  },
  {
    name: "live",
    meaning: "a perfect link, 60 ms from recording to hearing in chunks of 10 ms",
    link: LINKS.wired,
    ppm: COMMON_PPM,
    bufferMs: 60,
    goal: { medianUs: 15, p95Us: 30 },
  },
  {
    name: "tone",
    meaning: "997 Hz on cards at +100 and -100 ppm: what keeping time does to the sound",
    link: LINKS.wired,
    ppm: [100, -100],
    tone: true,
  },
];

/** The cards of `rooms` rooms: those given, again from the first when there are too few. */
export function cardsOf(ppm: readonly number[], rooms: number): number[] {
  return Array.from({ length: rooms }, (_, at) => ppm[at % ppm.length] ?? 0);
}
