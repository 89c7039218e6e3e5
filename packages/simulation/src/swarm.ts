import { type Micros, micros, millis, seconds } from "@tutti/protocol";
import { House } from "./house.ts";
import type { LinkName } from "./link.ts";
import { Random } from "./random.ts";
import type { PairReport, RoomReport } from "./report.ts";
import type { RoomOptions } from "./room.ts";
import type { ServerHostOptions } from "./server-host.ts";
import type { Trace } from "./trace.ts";

/** Something that happens to a house, and how long it may take until all is well again. */
interface Fault {
  readonly what: string;
  readonly at: Micros;
  readonly lasts: Micros;
  readonly run: (house: House) => void;
}

/** Everything a seed stands for. */
interface Plan {
  readonly server: ServerHostOptions;
  readonly rooms: readonly RoomOptions[];
  readonly faults: readonly Fault[];
}

/** What came of one seed: no complaints, all well. */
export interface Verdict {
  readonly seed: number;
  readonly complaints: readonly string[];
  readonly faults: readonly string[];
  readonly virtualSeconds: number;
}

/** From the start, or from the end of a fault, until a room must play in step without a break. */
const SETTLING = seconds(20);
/** Least quiet time between two faults that is worth judging. */
const JUDGED_MIN = seconds(10);
const FAULT_EVERY = seconds(45);
const ROOMS_MAX = 5;

/**
 * Error a settled room may have, by its link: what asymmetric queues make of the estimate of the
 * server's clock within a window of the filter. (us)
 */
const ERROR_US_MAX: Readonly<Record<LinkName, number>> = {
  lan: 200,
  wifi: 500,
  "busy wifi": 1_500,
  "power save": 1_500,
  bufferbloat: 3_000,
};
/** Links that may now and then delay a packet by more than the buffer. */
const MAY_BE_SILENT: ReadonlySet<LinkName> = new Set(["busy wifi", "bufferbloat"]);
const SILENCE_MS_MAX = 500;

/** Lives through a random house of `minutes` and judges every time without a fault. */
export function tryHouse(seed: number, minutes: number, trace?: Trace): Verdict {
  const end = seconds(60 * minutes);
  const plan = planHouse(new Random(`swarm ${seed}`), end);
  const { server, rooms, faults } = plan;
  const told = faults.map(({ what, at }) => `${(at / seconds(1)).toFixed(1)} s: ${what}`);
  const verdict = { seed, faults: told, virtualSeconds: end / seconds(1) };
  try {
    const house = new House({ seed, server, rooms, trace });
    for (const { at, run } of faults) house.at(at, run);
    house.run(end);
    return { ...verdict, complaints: judge(house, plan, end) };
  } catch (error) {
    const stack = error instanceof Error ? error.stack : String(error);
    return { ...verdict, complaints: [`crashed: ${stack}`] };
  }
}

/** Every stretch between the settling after one fault and the next fault. */
function judge(house: House, { rooms, faults }: Plan, end: Micros): string[] {
  const ends = [0, ...faults.map(({ at, lasts }) => at + lasts)].map((at) => at + SETTLING);
  const starts = [...faults.map(({ at }) => at - millis(100)), end];
  return ends.flatMap((from, index) => {
    const to = starts[index] ?? end;
    if (to - from < JUDGED_MIN) return [];
    const report = house.report(micros(from), micros(to));
    const where = `${(from / seconds(1)).toFixed(1)} to ${(to / seconds(1)).toFixed(1)} s`;
    return [
      ...report.rooms.flatMap((room, at) => complaintsOf(room, linkOf(rooms[at]))),
      ...report.pairs.flatMap(complaintsOfPair),
    ].map((complaint) => `${where}: ${complaint}`);
  });
}

function complaintsOf(room: RoomReport, link: LinkName): string[] {
  const complaints: string[] = [];
  const { name, error, silenceMs, discontinuities, jumps } = room;
  const silenceMax = MAY_BE_SILENT.has(link) ? SILENCE_MS_MAX : 0;
  if (error.count === 0) complaints.push("nothing was heard");
  if (silenceMs > silenceMax) complaints.push(`silent for ${silenceMs.toFixed(0)} ms`);
  if (error.max > ERROR_US_MAX[link]) complaints.push(`off by ${error.max.toFixed(0)} us`);
  if (discontinuities > 0) complaints.push(`${discontinuities} breaks`);
  if (jumps > 0 && silenceMs === 0) complaints.push(`${jumps} jumps`);
  return complaints.map((complaint) => `${name} (${link}) ${complaint}`);
}

/** Two rooms that are both heard are heard at common moments. */
function complaintsOfPair({ rooms, count }: PairReport): string[] {
  return count === 0 ? [`${rooms.join(" and ")} were never heard together`] : [];
}

function linkOf(room: RoomOptions | undefined): LinkName {
  return typeof room?.link === "string" ? room.link : "lan";
}

function planHouse(random: Random, end: Micros): Plan {
  const count = 2 + Math.floor(random.next() * (ROOMS_MAX - 1));
  const rooms = Array.from({ length: count }, () => planRoom(random));
  const server: ServerHostOptions = {
    clock: { driftPpm: random.between(-50, 50), wanderPpm: random.between(0, 0.5) },
    loop: { stalls: { everyMs: 5_000, upToMs: random.between(1, 40) } },
    source: { driftPpm: random.between(-100, 100) },
  };
  return { server, rooms, faults: planFaults(random, count, end) };
}

function planRoom(random: Random): RoomOptions {
  const links = ["lan", "lan", "wifi", "wifi", "busy wifi", "power save", "bufferbloat"] as const;
  return {
    link: random.pick(links),
    clock: { driftPpm: random.between(-50, 50), wanderPpm: random.between(0, 0.5) },
    loop: { latencyUs: random.between(50, 300), stalls: { everyMs: 5_000, upToMs: 120 } },
    card: {
      driftPpm: random.between(-100, 100),
      wanderPpm: random.between(0, 1),
      periodMs: random.pick([5, 10, 20]),
      recordLateUs: random.between(1, 30),
      reportedDelayMs: random.between(0, 20),
    },
    switchedOnAfter: random.chance(0.3) ? seconds(random.between(0, 10)) : micros(0),
  };
}

function planFaults(random: Random, rooms: number, end: Micros): Fault[] {
  const faults: Fault[] = [];
  let at = seconds(random.between(35, 60));
  while (at < end - FAULT_EVERY) {
    const fault = random.pick(FAULTS)(random, Math.floor(random.next() * rooms));
    faults.push({ ...fault, at });
    at = micros(at + fault.lasts + FAULT_EVERY + random.exponential(seconds(15)));
  }
  return faults;
}

type FaultMaker = (random: Random, room: number) => Omit<Fault, "at">;

const FAULTS: readonly [FaultMaker, ...FaultMaker[]] = [
  (random) => {
    const lasts = millis(random.between(20, 3_000));
    const run = (house: House) => house.server.source.stall(lasts);
    return { what: `source late by ${lasts} us`, lasts, run };
  },
  (random) => {
    const lasts = millis(random.between(100, 20_000));
    const run = (house: House) => house.server.source.gap(lasts);
    return { what: `source pauses for ${lasts} us`, lasts, run };
  },
  (random) => {
    const lasts = millis(random.between(100, 4_000));
    const moved = random.chance(0.5) ? { driftPpm: random.between(-50, 50) } : undefined;
    const run = (house: House) => house.restartServer(lasts, moved);
    return { what: `server down for ${lasts} us${moved ? ", back elsewhere" : ""}`, lasts, run };
  },
  (random) => {
    const lasts = millis(random.between(50, 5_000));
    const run = (house: House) => house.server.loop.block(lasts);
    return { what: `server held up for ${lasts} us`, lasts, run };
  },
  (random, room) => {
    const lasts = seconds(random.between(1, 90));
    const run = (house: House) => house.rooms[room]?.suspend(lasts);
    return { what: `room ${room + 1} asleep for ${lasts} us`, lasts, run };
  },
  (random, room) => {
    const lasts = millis(random.between(200, 8_000));
    const run = (house: House) => house.rooms[room]?.link.cut(lasts);
    return { what: `room ${room + 1} cut off for ${lasts} us`, lasts, run };
  },
  (_, room) => {
    const run = (house: House) => house.rooms[room]?.breakConnection();
    return { what: `room ${room + 1} loses its connection`, lasts: micros(0), run };
  },
  (random, room) => {
    const lasts = millis(random.between(50, 2_000));
    const run = (house: House) => house.rooms[room]?.loop.block(lasts);
    return { what: `room ${room + 1} held up for ${lasts} us`, lasts, run };
  },
  (random, room) => {
    const lasts = millis(random.between(20, 500));
    const run = (house: House) => house.rooms[room]?.stallCard(lasts);
    return { what: `card of room ${room + 1} held up for ${lasts} us`, lasts, run };
  },
];
