/** What goes wrong in a soak, and in which order: the same seed, the same faults. */
import { LINKS } from "../../test/link/link.ts";

export type LinkName = keyof typeof LINKS;

export type SoakFault =
  | { readonly kind: "client killed"; readonly client: number; readonly ms: number }
  | { readonly kind: "client stopped"; readonly client: number; readonly ms: number }
  | { readonly kind: "server killed"; readonly ms: number }
  | { readonly kind: "server stopped"; readonly ms: number }
  | { readonly kind: "link changed"; readonly client: number; readonly link: LinkName }
  | { readonly kind: "link out"; readonly client: number; readonly ms: number }
  | { readonly kind: "source silent"; readonly ms: number };

export type FaultKind = SoakFault["kind"];

/** How long each lasts, at least and at most, and how often it is chosen beside the others. (ms) */
const FAULTS: Readonly<Record<FaultKind, { from: number; to: number; weight: number }>> = {
  "client killed": { from: 500, to: 5_000, weight: 4 },
  "client stopped": { from: 300, to: 8_000, weight: 4 },
  "server killed": { from: 500, to: 3_000, weight: 1 },
  "server stopped": { from: 200, to: 2_500, weight: 2 },
  "link changed": { from: 0, to: 0, weight: 6 },
  "link out": { from: 300, to: 4_000, weight: 4 },
  "source silent": { from: 200, to: 5_000, weight: 3 },
};
export const KINDS = Object.keys(FAULTS) as FaultKind[];
const LINK_NAMES = Object.keys(LINKS) as LinkName[];

/** Memory can only be watched in processes that live: the server is killed in the first part only, some clients never. */
const SERVER_KILLS_UNTIL = 1 / 3;
const SPARED_EVERY = 4;

export function isSpared(client: number): boolean {
  return client % SPARED_EVERY === 0;
}

/** `part`: how much of the soak is over, from 0 to 1. */
export function nextFault(random: () => number, clients: number, part: number): SoakFault {
  const kind = chosen(random, part < SERVER_KILLS_UNTIL);
  const { from, to } = FAULTS[kind];
  const ms = Math.round(from + random() * (to - from));
  const client = Math.floor(random() * clients);
  const link = LINK_NAMES[Math.floor(random() * LINK_NAMES.length)]!;
  switch (kind) {
    case "client killed":
      return { kind: isSpared(client) ? "client stopped" : kind, client, ms };
    case "client stopped":
    case "link out":
      return { kind, client, ms };
    case "link changed":
      return { kind, client, link };
    default:
      return { kind, ms };
  }
}

function chosen(random: () => number, serverMayEnd: boolean): FaultKind {
  const kinds = KINDS.filter((kind) => serverMayEnd || kind !== "server killed");
  const sum = kinds.reduce((total, kind) => total + FAULTS[kind].weight, 0);
  let left = random() * sum;
  for (const kind of kinds) {
    left -= FAULTS[kind].weight;
    if (left < 0) return kind;
  }
  return kinds[0]!;
}
