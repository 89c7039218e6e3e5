import { LINKS, type LinkSettings, type LinkStats } from "../../test/link/link.ts";

/** What a link is like, and what happens on it. */
export interface Scenario {
  readonly name: string;
  readonly meaning: string;
  readonly link: LinkSettings;
  /** Every packet is lost for so long, so often. */
  readonly outage?: { readonly ms: number; readonly everyMs: number };
  /** Somebody in the room downloads for so long, so often, over the same link. */
  readonly download?: { readonly ms: number; readonly everyMs: number };
  /** Undefined when a link did what the scenario says; otherwise what it did. */
  readonly doubt: (stats: LinkStats, seconds: number) => string | undefined;
}

/** In the order in which they are shown. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "wired",
    meaning: "a perfect link",
    link: LINKS.wired,
    doubt: ({ lostDown }) => (lostDown > 0 ? `${lostDown} packets lost` : undefined),
  },
  {
    name: "wifi",
    meaning: "5 +- 5 ms each way",
    link: LINKS.wifi,
    doubt: ({ slowestDownMs }) => (slowestDownMs < 9 ? `at most ${slowestDownMs} ms` : undefined),
  },
  {
    name: "busy-wifi",
    meaning: "20 +- 20 ms each way, 1 % of the packets lost",
    link: LINKS["busy-wifi"],
    // Of 50 packets a second.
    doubt: ({ lostDown }, seconds) =>
      lostDown < seconds / 5 ? `${lostDown} packets lost` : undefined,
  },
  {
    name: "stalls",
    meaning: "5 +- 5 ms, and everything is held for 200 ms about every 3 s",
    link: LINKS.stalls,
    doubt: ({ stalls }, seconds) => (stalls < seconds / 6 ? `${stalls} stalls` : undefined),
  },
  {
    name: "holes",
    meaning: "5 +- 5 ms, and every packet is lost for 100 ms every 5 s",
    link: LINKS.wifi,
    outage: { ms: 100, everyMs: 5_000 },
    doubt: ({ lostDown }, seconds) =>
      lostDown < seconds / 5 ? `${lostDown} packets lost` : undefined,
  },
  {
    name: "bufferbloat",
    meaning:
      "5 +- 3 ms, 4 Mbit/s with a queue of 1 s, and somebody downloads for 10 s every 30 s as fast as TCP can",
    link: { delayMs: 5, jitterMs: 3, rateKbit: 4_000, queueMs: 1_000 },
    download: { ms: 10_000, everyMs: 30_000 },
    doubt: ({ slowestDownMs }) =>
      slowestDownMs < 800 ? `no packet waited longer than ${slowestDownMs} ms` : undefined,
  },
];
