import { type Micros, micros, seconds } from "@tutti/protocol";
import type { CardOptions } from "./card-options.ts";
import { LINKS, type LinkChoice, type LinkProfile } from "./link.ts";
import type { Random } from "./random.ts";
import type { RoomOptions } from "./room.ts";
import type { ServerHostOptions } from "./server-host.ts";
import { drawFault, type PlannedFault } from "./swarm-faults.ts";

/** A link of the swarm, and what it excuses. */
interface Link {
  readonly name: string;
  readonly choice: LinkChoice;
  /** What asymmetric queues make of the estimate of the server's clock within a window of the filter. (us) */
  readonly errorUsMax: number;
  /** It may now and then delay a packet by more than the buffer, for so long in a stretch. (ms) */
  readonly silenceMsMax: number;
  /** How long others may make a packet wait before the bottleneck. */
  readonly queueMs: number;
}

export interface PlannedRoom {
  readonly options: RoomOptions;
  readonly link: Link;
  /** Error it may have once settled: its link's, its card's and its thread's. (us) */
  readonly errorUsMax: number;
}

/** Everything a seed stands for. */
export interface Plan {
  readonly server: ServerHostOptions;
  readonly rooms: readonly PlannedRoom[];
  readonly faults: readonly PlannedFault[];
}

const FAULT_EVERY = seconds(45);
const BLOAT_SILENCE_MS = 500;

function about(meanMs: number, loss: number): LinkProfile {
  return { delayMs: 0, jitterMs: 0, spreadMs: 2 * meanMs, loss, rateKbit: 50_000, inOrder: true };
}

const LAN: Link = { name: "lan", choice: "lan", errorUsMax: 200, silenceMsMax: 0, queueMs: 0 };

const LINK_TABLE: readonly [Link, ...Link[]] = [
  LAN,
  LAN,
  LAN,
  { name: "wifi", choice: "wifi", errorUsMax: 500, silenceMsMax: 0, queueMs: 0 },
  { name: "wifi", choice: "wifi", errorUsMax: 500, silenceMsMax: 0, queueMs: 0 },
  {
    name: "busy wifi",
    choice: "busy wifi",
    errorUsMax: 1_500,
    silenceMsMax: BLOAT_SILENCE_MS,
    queueMs: 0,
  },
  { name: "power save", choice: "power save", errorUsMax: 1_500, silenceMsMax: 0, queueMs: 0 },
  {
    name: "bufferbloat",
    choice: "bufferbloat",
    errorUsMax: 3_000,
    silenceMsMax: BLOAT_SILENCE_MS,
    queueMs: LINKS.bufferbloat.crossTraffic.queueMs,
  },
  { name: "5 ± 5 ms", choice: about(5, 0), errorUsMax: 500, silenceMsMax: 0, queueMs: 0 },
  {
    name: "20 ± 20 ms, 1 % lost",
    choice: about(20, 0.01),
    errorUsMax: 2_000,
    silenceMsMax: 0,
    queueMs: 0,
  },
  {
    name: "2 ms longer in than out",
    choice: { toClient: { ...LINKS.lan, delayMs: 2.1 }, toServer: LINKS.lan },
    errorUsMax: 1_200,
    silenceMsMax: 0,
    queueMs: 0,
  },
];

/** A house that is a function of what `random` draws, for a run of `end`. */
export function planHouse(random: Random, end: Micros): Plan {
  const count = random.chance(0.05) ? 12 : 2 + Math.floor(random.next() * 4);
  const rooms = Array.from({ length: count }, () => planRoom(random));
  return { server: planServer(random), rooms, faults: planFaults(random, count, end) };
}

function planServer(random: Random): ServerHostOptions {
  return {
    bufferMs: random.pick([1_000, 1_000, 1_000, 600, 2_000]),
    codec: random.pick(["pcm", "pcm", "flac", "opus"]),
    clock: { driftPpm: random.between(-50, 50), wanderPpm: random.between(0, 0.5) },
    loop: {
      stalls: { everyMs: 5_000, upToMs: random.between(1, 40) },
      costUs: random.pick([0, 0, 20, 100]),
    },
    source: {
      driftPpm: random.chance(0.3) ? random.between(-300, 300) : random.between(-100, 100),
      blockMs: random.pick([20, 20, 20, 5, 100]),
      unevenMs: random.pick([0, 0, 0, 5, 40]),
    },
  };
}

function planRoom(random: Random): PlannedRoom {
  const link = random.pick(LINK_TABLE);
  const costUs = random.pick([0, 0, 50, 300]);
  const { card, errorUs } = planCard(random);
  const options: RoomOptions = {
    link: link.choice,
    clock: { driftPpm: random.between(-50, 50), wanderPpm: random.between(0, 0.5) },
    loop: {
      latencyUs: random.between(50, 300),
      stalls: { everyMs: 5_000, upToMs: 120 },
      costUs,
    },
    card,
    switchedOnAfter: random.chance(0.3) ? seconds(random.between(0, 10)) : micros(0),
  };
  return { options, link, errorUsMax: link.errorUsMax + errorUs };
}

/** `errorUs`: what its pointer adds at most to what a room may be off. */
function planCard(random: Random): { card: CardOptions; errorUs: number } {
  const periodMs = random.pick([5, 10, 10, 20]);
  const card: CardOptions = {
    driftPpm: random.chance(0.2) ? random.between(-200, 200) : random.between(-100, 100),
    wanderPpm: random.between(0, 1),
    periodMs,
    recordLateUs: random.between(1, 30),
    reportedDelayMs: random.between(0, 20),
  };
  const kind = random.next();
  if (kind < 0.6) return { card, errorUs: 0 };
  if (kind < 0.75)
    return { card: { ...card, granularityFrames: 8, periodMs: periodMs + 0.625 }, errorUs: 120 };
  if (kind < 0.85) return { card: { ...card, granularityFrames: 80, periods: 6 }, errorUs: 120 };
  const usb = { packetsMs: random.pick([1, 8]), busPpm: random.between(-80, 80) };
  return { card: { ...card, granularityFrames: 1 / 6, usb }, errorUs: 120 };
}

function planFaults(random: Random, rooms: number, end: Micros): PlannedFault[] {
  const faults: PlannedFault[] = [];
  let at = seconds(random.between(35, 60));
  while (at < end - FAULT_EVERY) {
    const fault = drawFault(random, rooms);
    faults.push({ ...fault, at });
    at = micros(at + fault.lasts + FAULT_EVERY + random.exponential(seconds(15)));
  }
  return faults;
}
