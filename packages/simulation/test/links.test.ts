import { seconds } from "@tutti/protocol";
import { expect } from "vitest";
import {
  type House,
  LINKS,
  type LinkChoice,
  type LinkProfile,
  type RoomOptions,
  type RoomReport,
} from "../src/index.ts";
import {
  byChance,
  type Judged,
  never,
  type Scenario,
  scenarios,
  settled,
  start,
} from "./scenario.ts";

const CARDS = [{ driftPpm: 25 }, { driftPpm: -25 }] as const;
const HOSTS = [{ driftPpm: 10 }, { driftPpm: -15 }] as const;

/** Two rooms at the ends of two such links. */
function pair(first: LinkChoice, second: LinkChoice = first): RoomOptions[] {
  return [
    { link: first, card: CARDS[0], clock: HOSTS[0] },
    { link: second, card: CARDS[1], clock: HOSTS[1] },
  ];
}

/** As emulators of networks do it: each way anything from 0 to twice the mean, evenly. */
function about(meanMs: number, loss = 0): LinkProfile {
  return { delayMs: 0, jitterMs: 0, spreadMs: 2 * meanMs, loss, rateKbit: 50_000, inOrder: true };
}

const STALLING: LinkProfile = {
  ...LINKS.wifi,
  loss: 0,
  stalls: { everyMs: 3_000, fromMs: 200, toMs: 200 },
};
const DOZING: LinkProfile = { ...LINKS["power save"], powerSave: { beaconMs: 307.2, awakeMs: 10 } };
/** As the emulated link of the benches has it: what is sent to it comes with a beacon, also while it is awake. */
const BY_BEACON: LinkProfile = {
  ...{ delayMs: 1, jitterMs: 0, spreadMs: 2, inOrder: true, loss: 0, rateKbit: 50_000 },
  powerSave: { beaconMs: 307.2, awakeMs: 0 },
};
const BLOATED: LinkProfile = {
  ...LINKS.bufferbloat,
  loss: 0,
  crossTraffic: { everyMs: 15_000, lastsMs: 4_000, queueMs: 2_000 },
};

/** Something of this kind happened to each room at least so often. */
function counted(count: string, least: number): Scenario["happened"] {
  return ({ rooms }) => {
    for (const room of rooms) expect(room.counts[count]).toBeGreaterThan(least);
  };
}

/** How long packets were under way on average, to the room and from it. (ms) */
function underWay(room: RoomReport | undefined): readonly [number, number] {
  const mean = (way: string) =>
    (room?.counts[`${way} underWayMs`] ?? 0) / (room?.counts[`${way} packets`] ?? 0);
  return [mean("in"), mean("out")];
}

function cutsOff(house: House): void {
  house.every(seconds(30), () => house.rooms[1]?.link.cut(seconds(2)));
}

const JITTER = "the clock filter needs a quick packet each way, and order hides most of them";

const AVOIDED = "a beat is known after seven beacons; five questions before each are few";

const untouched: Judged = {
  what: "the other room all the time",
  fromS: 0,
  rooms: [0],
  limits: { errorMaxUs: 100 },
};

scenarios([
  {
    name: "5 ms each way, more or less 5",
    house: { rooms: pair(about(5)) },
    lastsS: 120,
    happened: ({ rooms }) => {
      for (const room of rooms) expect(Math.min(...underWay(room))).toBeGreaterThan(4);
    },
    judged: [
      start(),
      settled([25, 60], { pairMedianUs: byChance(31, JITTER), pairP95Us: byChance(125, JITTER) }),
    ],
  },
  {
    name: "20 ms each way, more or less 20, and 1 % lost",
    house: { rooms: pair(about(20, 0.01)) },
    lastsS: 120,
    happened: ({ rooms }) => {
      for (const room of rooms) {
        expect(room.counts["in lost"]).toBeGreaterThan(30);
        expect(Math.min(...underWay(room))).toBeGreaterThan(15);
      }
    },
    judged: [
      // A clock that is to be better than 300 us takes so long there.
      start(
        { firstSoundMs: 4_300 },
        { firstSoundMs: byChance(6_800, JITTER), syncedMs: byChance(35_000, JITTER) },
      ),
      settled([100, 250], {
        pairMedianUs: byChance(190, JITTER),
        pairP95Us: byChance(620, JITTER),
      }),
    ],
  },
  {
    name: "stalls of 200 ms every 3 s",
    house: { rooms: pair(STALLING) },
    lastsS: 120,
    happened: counted("in stalls", 20),
    judged: [start(), settled([25, 60])],
  },
  {
    name: "a radio that sleeps for 300 ms when it may",
    house: { rooms: pair(DOZING) },
    lastsS: 120,
    happened: counted("in beaconWaits", 200),
    judged: [start(), settled([100, 250])],
  },
  {
    name: "a radio that takes packets every 307 ms only",
    house: { rooms: pair(BY_BEACON) },
    lastsS: 60,
    happened: ({ rooms }) => {
      for (const room of rooms) expect(underWay(room)[0]).toBeGreaterThan(100);
    },
    judged: [
      // Sound waits for a clock that is better than 700 us, for so long.
      start(
        { firstSoundMs: 7_300 },
        {
          syncedMs: byChance(Infinity, AVOIDED),
        },
      ),
      settled([100, 250], {
        pairMedianUs: byChance(240, AVOIDED),
        pairP95Us: byChance(635, AVOIDED),
      }),
    ],
  },
  {
    name: "queues of 2 s, and a buffer of 3 s",
    house: { server: { bufferMs: 3_000 }, rooms: pair(BLOATED) },
    lastsS: 120,
    happened: counted("in queueFills", 100),
    judged: [start({ firstSoundMs: 3_100 }), settled([100, 250])],
  },
  {
    name: "queues of 2 s before one room, and a buffer of 1 s",
    house: { rooms: pair("lan", BLOATED) },
    lastsS: 120,
    happened: ({ rooms }) => expect(rooms[1]?.counts["in queueFills"]).toBeGreaterThan(100),
    judged: [
      untouched,
      // For a fifth of the time the queue is longer than the buffer: 22 s in six times, with a deviation of 9 s.
      {
        what: "behind the queues",
        fromS: 10,
        rooms: [1],
        limits: { errorMaxUs: 1_000, silenceMs: 35_000 },
        misses: { silenceMs: byChance(53_000, "how long the queue is full is drawn") },
      },
    ],
  },
  {
    name: "an outage of 2 s every 30 s, and a buffer of 1 s",
    house: { rooms: pair("wifi") },
    lastsS: 115,
    script: cutsOff,
    happened: ({ rooms }) => expect(rooms[1]?.counts["in outages"]).toBe(3),
    judged: [
      { ...untouched, limits: { errorMaxUs: 300 } },
      // A second of each outage is in the buffer, and half a second after it sound is back: on another connection.
      {
        what: "the room that is cut off",
        fromS: 10,
        rooms: [1],
        limits: { errorMaxUs: 1_000, silenceMs: 3 * 1_500, gaps: 3 },
      },
    ],
  },
  {
    name: "an outage of 2 s every 30 s, and a buffer of 4 s",
    house: { server: { bufferMs: 4_000 }, rooms: pair("wifi") },
    lastsS: 115,
    script: cutsOff,
    happened: ({ rooms }) => expect(rooms[1]?.counts["in outages"]).toBe(3),
    judged: [start({ firstSoundMs: 4_100 }), settled([25, 60])],
  },
  {
    name: "everybody hears the server 5 ms later than it hears them",
    house: { rooms: pair({ toClient: about(0), toServer: { ...about(0), delayMs: 5 } }) },
    lastsS: 60,
    happened: ({ rooms }) => {
      for (const room of rooms) expect(underWay(room)[1] - underWay(room)[0]).toBeGreaterThan(4.6);
    },
    // Half of the difference, as no clock can see which way is the longer one; alike everywhere.
    judged: [
      { ...start(), limits: { errorMaxUs: 2_600, pairMaxUs: 1_000, firstSoundMs: 1_100 } },
      settled([15, 30]),
    ],
  },
  {
    name: "one room hears the server 2 ms later than it is heard",
    house: { rooms: pair({ toClient: { ...about(0), delayMs: 2 }, toServer: about(0) }, "lan") },
    lastsS: 60,
    happened: ({ rooms: [far, near] }) => {
      expect(underWay(far)[0] - underWay(far)[1]).toBeGreaterThan(1.9);
      expect(underWay(near)[0]).toBeLessThan(0.5);
    },
    // Half of 2 ms, and what is allowed to a pair without that.
    judged: [
      { what: "once settled", fromS: 10, limits: { pairMedianUs: 1_015, pairP95Us: 1_030 } },
    ],
  },
  {
    name: "one way jitters by 40 ms and the other does not",
    house: { rooms: pair({ toClient: about(0.1), toServer: about(20) }) },
    lastsS: 120,
    happened: ({ rooms }) => {
      for (const room of rooms) expect(underWay(room)[1] - underWay(room)[0]).toBeGreaterThan(15);
    },
    judged: [
      start(
        { firstSoundMs: 4_300 },
        {
          pairMaxUs: byChance(1_500, JITTER),
          errorMaxUs: byChance(1_800, JITTER),
          syncedMs: byChance(18_000, JITTER),
        },
      ),
      settled([25, 60], {
        pairMedianUs: byChance(41, JITTER),
        pairP95Us: never(170, JITTER),
      }),
    ],
  },
]);
