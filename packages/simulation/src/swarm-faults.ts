import { type Micros, micros, millis, seconds } from "@tutti/protocol";
import type { House } from "./house.ts";
import type { Random } from "./random.ts";

/** Something that happens to a house, and how long it may take until all is well again. */
export interface Fault {
  readonly what: string;
  readonly lasts: Micros;
  readonly run: (house: House) => void;
  /** What it takes of the buffer for good. (ms) */
  readonly takesMs?: number;
  /** What counts it, to be sure that it happened. */
  readonly count: (house: House) => number | undefined;
}

export interface PlannedFault extends Fault {
  readonly at: Micros;
}

type FaultMaker = (random: Random, room: number) => Fault;

/** A source that is late by more than a buffer's length is stamped anew; no buffer of the swarm is longer. */
const STATED_GAP_MIN = seconds(2);
/** NTP corrects at 500 ppm. */
const SLEW_SHARE = 500e-6;

/** Draws one for a house with so many rooms. */
export function drawFault(random: Random, rooms: number): Fault {
  return random.pick(FAULTS)(random, Math.floor(random.next() * rooms));
}

function told(span: Micros): string {
  return span < seconds(1) ? `${(span / 1_000).toFixed(0)} ms` : `${(span / 1e6).toFixed(1)} s`;
}

const SERVER_FAULTS: readonly [FaultMaker, ...FaultMaker[]] = [
  (random) => {
    const lasts = millis(random.between(20, 3_000));
    return {
      what: `source late by ${told(lasts)}`,
      lasts,
      run: (house) => house.server.source.stall(lasts),
      count: (house) => house.server.source.counts.stalls,
    };
  },
  (random) => {
    const lasts = millis(random.between(100, 20_000));
    return {
      what: `source pauses for ${told(lasts)}`,
      lasts,
      run: (house) => house.server.source.gap(lasts),
      count: (house) => house.server.source.counts.gaps,
    };
  },
  (random) => {
    const lasts = millis(random.between(100, 4_000));
    const moved = random.chance(0.5) ? { driftPpm: random.between(-50, 50) } : undefined;
    return {
      what: `server down for ${told(lasts)}${moved ? ", back elsewhere" : ""}`,
      lasts,
      run: (house) => house.restartServer(lasts, moved),
      count: (house) => house.server.counts.crashes,
    };
  },
  (random) => {
    const lasts = millis(random.between(50, 5_000));
    return {
      what: `server held up for ${told(lasts)}`,
      lasts,
      run: (house) => house.server.loop.block(lasts),
      count: (house) => house.server.loop.counts.stalls,
    };
  },
  (random) => {
    const by = seconds(random.between(-30, 30));
    return {
      what: `server's clock jumps by ${told(by)}`,
      lasts: seconds(1),
      // To the server the source is late by that, and stamps lean towards it by 50 ppm; with more it is a gap.
      takesMs: by > 0 && by < STATED_GAP_MIN ? by / millis(1) : 0,
      run: (house) => house.server.stepClock(by),
      count: (house) => house.server.clock.counts.steps,
    };
  },
  (random) => {
    const by = millis(random.between(-8, 8));
    return {
      what: `server's clock is slewed by ${(by / 1_000).toFixed(1)} ms`,
      lasts: micros(Math.abs(by) / SLEW_SHARE),
      run: (house) => house.server.clock.slew(by),
      count: (house) => house.server.clock.counts.slews,
    };
  },
  (random) => {
    const lasts = millis(random.between(200, 10_000));
    return {
      what: `nobody reaches the server for ${told(lasts)}`,
      lasts,
      run: (house) => {
        for (const { link } of house.rooms) link.cut(lasts);
      },
      count: (house) => house.rooms[0]?.link.toClient.counts.outages,
    };
  },
];

const ROOM_FAULTS: readonly [FaultMaker, ...FaultMaker[]] = [
  (random, room) => {
    const lasts = seconds(random.between(1, 90));
    return {
      what: `room ${room + 1} asleep for ${told(lasts)}`,
      lasts,
      run: (house) => house.rooms[room]?.suspend(lasts),
      count: (house) => house.rooms[room]?.clock.counts.suspensions,
    };
  },
  (random, room) => {
    const lasts = millis(random.between(200, 8_000));
    return {
      what: `room ${room + 1} cut off for ${told(lasts)}`,
      lasts,
      run: (house) => house.rooms[room]?.link.cut(lasts),
      count: (house) => house.rooms[room]?.link.toClient.counts.outages,
    };
  },
  (_, room) => ({
    what: `room ${room + 1} loses its connection`,
    lasts: micros(0),
    run: (house) => house.rooms[room]?.breakConnection(),
    count: (house) => house.rooms[room]?.tcpCounts.breaks,
  }),
  (random, room) => {
    const lasts = millis(random.between(50, 2_000));
    return {
      what: `room ${room + 1} held up for ${told(lasts)}`,
      lasts,
      run: (house) => house.rooms[room]?.loop.block(lasts),
      count: (house) => house.rooms[room]?.loop.counts.stalls,
    };
  },
  (random, room) => {
    const lasts = millis(random.between(80, 500));
    return {
      what: `card of room ${room + 1} held up for ${told(lasts)}`,
      lasts,
      run: (house) => house.rooms[room]?.stallCard(lasts),
      count: (house) => house.rooms[room]?.cardCounters?.underruns,
    };
  },
  (random, room) => {
    const by = seconds(random.between(-30, 30));
    return {
      what: `clock of room ${room + 1} jumps by ${told(by)}`,
      lasts: seconds(1),
      run: (house) => house.rooms[room]?.stepClock(by),
      count: (house) => house.rooms[room]?.clock.counts.steps,
    };
  },
  (random, room) => {
    const by = millis(random.between(-8, 8));
    return {
      what: `clock of room ${room + 1} is slewed by ${(by / 1_000).toFixed(1)} ms`,
      lasts: micros(Math.abs(by) / SLEW_SHARE),
      run: (house) => house.rooms[room]?.clock.slew(by),
      count: (house) => house.rooms[room]?.clock.counts.slews,
    };
  },
];

const FAULTS: readonly [FaultMaker, ...FaultMaker[]] = [...SERVER_FAULTS, ...ROOM_FAULTS];
