/** What is asked of servers, and who serves whom. */
import type { Codec, SystemName } from "../harness/systems.ts";

export interface Case {
  readonly name: string;
  readonly meaning: string;
  readonly clients: number;
  readonly codec: Codec;
  readonly streams: number;
  /** Of clients that read too slowly, besides. */
  readonly slow: number;
  /** Whether those of hostile.ts are there. */
  readonly hostile: boolean;
}

export interface System {
  readonly name: string;
  /** Undefined: nothing but Node's writes. */
  readonly server: SystemName | undefined;
  /** Whether the listeners behave like our clients, or like stock ones. */
  readonly own: boolean;
}

export const OURS = "tutti";
export const THEIRS = "snapcast";
export const OWN_CLIENTS = "tutti-own-clients";
export const BARE = "bare-node";

/** In the order in which they are measured: the bare one sends as much as ours did. */
export const SYSTEMS: readonly System[] = [
  { name: OURS, server: "tutti", own: false },
  { name: THEIRS, server: "snapcast", own: false },
  { name: OWN_CLIENTS, server: "tutti", own: true },
  { name: BARE, server: undefined, own: false },
];

const COUNTS = [50, 100, 200];
const ALL = 200;
const STREAMS = 3;
const ALONE = { streams: 1, slow: 0, hostile: false } as const;

export const CASES: readonly Case[] = [
  ...(["opus", "flac"] as const).flatMap((codec) =>
    COUNTS.map((clients) => ({
      ...{ name: `${codec}-${clients}`, meaning: `${clients} clients on one stream, ${codec}` },
      ...{ clients, codec, ...ALONE },
    })),
  ),
  {
    name: "streams",
    meaning: `${ALL} clients on ${STREAMS} streams, opus`,
    ...{ clients: ALL, codec: "opus", streams: STREAMS, slow: 0, hostile: false },
  },
  {
    name: "disturbed",
    meaning: `the same, besides 10 that read too slowly and 5 that mean no good`,
    ...{ clients: ALL, codec: "opus", streams: STREAMS, slow: 10, hostile: true },
  },
];

/** The bare one knows of streams and of enemies nothing. */
export function takesPart({ server }: System, { streams, hostile }: Case): boolean {
  return server !== undefined || (streams === 1 && !hostile);
}
