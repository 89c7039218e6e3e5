import { LINKS, type LinkSettings, type LinkStats } from "../../test/link/link.ts";
import type { Fault } from "../sync/fault.ts";

/** What is done to the links, the servers and the players, and what a buffer of a second should make of it. */
export interface Scenario {
  readonly name: string;
  readonly meaning: string;
  /** What we expect of ourselves. */
  readonly cover: string;
  /** Our silence has to be none. */
  readonly covered: boolean;
  readonly link: LinkSettings;
  readonly rooms: number;
  readonly fault?: Fault;
  /** The first fault, and how long after a fault's beginning the next one comes. */
  readonly faultFirstS?: number;
  readonly faultEveryS?: number;
  readonly faultsMax?: number;
  /** Undefined when a link did what the scenario says; otherwise what it did. */
  readonly doubt?: (stats: LinkStats, seconds: number) => string | undefined;
}

const BUFFER_HOLDS = "nothing: the buffer of 1 s is longer";
/** After a silence that no buffer covers, at the latest. (s) */
export const BACK_S_MAX = 0.5;

/** In the order in which they are run and shown. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "clean",
    meaning: "a perfect link",
    cover: BUFFER_HOLDS,
    covered: true,
    link: LINKS.wired,
    rooms: 2,
    doubt: ({ lostDown }) => (lostDown > 0 ? `${lostDown} packets lost` : undefined),
  },
  {
    name: "wifi",
    meaning: "5 +- 5 ms each way",
    cover: BUFFER_HOLDS,
    covered: true,
    link: LINKS.wifi,
    rooms: 2,
    doubt: ({ slowestDownMs }) => (slowestDownMs < 9 ? `at most ${slowestDownMs} ms` : undefined),
  },
  {
    name: "busy-wifi",
    meaning: "20 +- 20 ms each way, 1 % of the packets lost",
    cover: BUFFER_HOLDS,
    covered: true,
    link: LINKS["busy-wifi"],
    rooms: 2,
    doubt: ({ lostDown }) => (lostDown < 2 ? `${lostDown} packets lost` : undefined),
  },
  {
    name: "stalls",
    meaning: "5 +- 5 ms, and everything is held for 200 ms about every 3 s",
    cover: BUFFER_HOLDS,
    covered: true,
    link: LINKS.stalls,
    rooms: 2,
    doubt: ({ stalls }, seconds) => (stalls < seconds / 6 ? `${stalls} stalls` : undefined),
  },
  {
    name: "outage",
    meaning: "2 +- 1 ms, and every 30 s nothing at all for 2 s",
    cover:
      "the first of the two seconds, and sound is back 0.5 s after the link; all of them from the third outage on, as the stream is played 2.5 s late by then",
    covered: false,
    link: { delayMs: 2, jitterMs: 1 },
    rooms: 2,
    fault: { kind: "outage", ms: 2_000 },
    faultFirstS: 20,
    faultEveryS: 30,
  },
  {
    name: "bottleneck",
    meaning: "600 kbit/s for four rooms together, a queue of 300 ms in front of it",
    cover: "nothing, as four times 96 kbit/s of Opus fit",
    covered: true,
    link: { delayMs: 2, jitterMs: 1, rateKbit: 600, shared: true, queueMs: 300 },
    rooms: 4,
    doubt: ({ slowestDownMs }) =>
      slowestDownMs < 100 ? `no packet waited longer than ${slowestDownMs} ms` : undefined,
  },
  {
    name: "bufferbloat",
    meaning:
      "4 Mbit/s with a queue of 1 s, and every 30 s each room downloads for 10 s as fast as TCP can",
    cover: "part of it: the queue alone is as long as the buffer",
    covered: false,
    link: { delayMs: 5, jitterMs: 3, rateKbit: 4_000, queueMs: 1_000 },
    rooms: 2,
    fault: { kind: "download", ms: 10_000 },
    faultFirstS: 15,
    faultEveryS: 30,
    doubt: ({ slowestDownMs }) =>
      slowestDownMs < 800 ? `no packet waited longer than ${slowestDownMs} ms` : undefined,
  },
  {
    name: "power-save",
    meaning:
      "2 +- 1 ms, and the rooms' radios wake up for every third beacon: packets come all 307 ms",
    cover: BUFFER_HOLDS,
    covered: true,
    link: { delayMs: 2, jitterMs: 1, dozeMs: 307.2 },
    rooms: 2,
    doubt: ({ slowestDownMs }) =>
      slowestDownMs < 250 ? `no packet waited longer than ${slowestDownMs} ms` : undefined,
  },
  {
    name: "server killed",
    meaning:
      "a perfect link; the server is killed right after it acknowledged changes, and started again after 1 s",
    cover:
      "the second without a server and its start, less the buffer: our FIFO keeps what is recorded meanwhile",
    covered: false,
    link: LINKS.wired,
    rooms: 2,
    fault: { kind: "restart", downMs: 1_000, clockJumps: false, remembers: true },
    faultFirstS: 20,
    faultEveryS: 30,
    faultsMax: 2,
  },
  {
    name: "server moved",
    meaning: "a perfect link; players found the server by mDNS, and its host gets other addresses",
    cover: "nothing: the server is found elsewhere while the buffer is played",
    covered: true,
    link: LINKS.wired,
    rooms: 2,
    fault: { kind: "move" },
    faultFirstS: 20,
    faultEveryS: 30,
    faultsMax: 1,
  },
  {
    name: "suspended",
    meaning: "a perfect link; the first room's player is stopped as a whole and goes on later",
    cover:
      "nothing while it is stopped, which is not counted; sound is back 0.5 s after it goes on",
    covered: false,
    link: LINKS.wired,
    rooms: 2,
    fault: { kind: "suspend", ms: 20_000 },
    faultFirstS: 20,
    faultEveryS: 30,
    faultsMax: 1,
  },
  {
    name: "clock stepped",
    meaning:
      "a perfect link; the first room's wall clock is an hour ahead at once, then the server's",
    cover: "all: nobody needs to go by the wall clock",
    covered: true,
    link: LINKS.wired,
    rooms: 2,
    fault: { kind: "clock step", seconds: 3_600 },
    faultFirstS: 20,
    faultEveryS: 30,
    faultsMax: 2,
  },
];

/** A fault has to be over, and all rooms together again, before the end. */
const TAIL_S = 8;

/** When a scenario's faults happen in a run of that length. */
export function faultTimesS(scenario: Scenario, seconds: number): number[] {
  const { faultFirstS = 0, faultEveryS = Infinity, faultsMax = Infinity } = scenario;
  const times: number[] = [];
  for (let atS = faultFirstS; atS + lastsS(scenario) + TAIL_S <= seconds; atS += faultEveryS) {
    if (times.length < faultsMax) times.push(atS);
  }
  return scenario.fault ? times : [];
}

function lastsS({ fault }: Scenario): number {
  return fault && "ms" in fault ? fault.ms / 1_000 : 0;
}
