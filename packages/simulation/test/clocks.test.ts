import { seconds } from "@tutti/protocol";
import { expect } from "vitest";
import type { House, HouseReport, LinkProfile, RoomOptions } from "../src/index.ts";
import { byChance, scenarios, settled, start } from "./scenario.ts";

/** Cards as in the clean pair, hosts as given. */
function rooms(...hostsPpm: readonly number[]): RoomOptions[] {
  return hostsPpm.map((driftPpm, index) => ({
    card: { driftPpm: index % 2 === 0 ? 25 : -25 },
    clock: { driftPpm },
  }));
}

/** NTP corrects by so much at 500 ppm: it takes 20 s. (us) */
const SLEWED_US = 10_000;

/** Each way anything up to twice the mean, evenly; nothing overtakes. */
function about(meanMs: number): LinkProfile {
  return {
    delayMs: 0,
    jitterMs: 0,
    spreadMs: 2 * meanMs,
    loss: 0,
    rateKbit: 50_000,
    inOrder: true,
  };
}

const AFTER = "what is known of the drift before a slew is as good as the answers before it were";
const SLEW = "rooms hear of it at other moments, up to 200 ms apart";

scenarios([
  {
    name: "hosts that drift by +50 and -50 ppm",
    house: { rooms: rooms(50, -50) },
    lastsS: 120,
    happened: (_, { rooms: [fast, slow] }) => {
      const [ahead = 0, behind = 0] = [fast, slow].map(
        (room) => (room?.clock.now ?? 0) - (room?.clock.read(0 as never) ?? 0),
      );
      expect(ahead - behind).toBeGreaterThan(11_900);
    },
    judged: [start(), settled([15, 30])],
  },
  {
    name: "hosts that wander by 3 ppm an hour",
    house: {
      server: { clock: { wanderPpm: 3 } },
      rooms: rooms(5, -20).map((room) => ({ ...room, clock: { ...room.clock, wanderPpm: 3 } })),
    },
    lastsS: 180,
    happened: (_, { rooms: [room] }) => {
      expect((room?.clock.now ?? 0) - (room?.clock.read(0 as never) ?? 0)).not.toBeCloseTo(
        180e6 * (1 + 5e-6),
        0,
      );
    },
    judged: [
      start(),
      settled([15, 30], {
        pairP95Us: byChance(55, "a line that is fitted over a minute lags behind"),
      }),
    ],
  },
  {
    name: "one host's clock is slewed by NTP at 500 ppm",
    house: { rooms: rooms(5, -20) },
    lastsS: 90,
    script: (house) => house.at(seconds(30), () => house.rooms[1]?.clock.slew(SLEWED_US)),
    happened: ({ rooms: [, slewed] }) => expect(slewed?.counts["clock slews"]).toBe(1),
    judged: [start(), settled([15, 30])],
  },
  {
    name: "the server's clock is slewed by NTP at 500 ppm",
    house: { rooms: rooms(5, -20) },
    lastsS: 90,
    script: (house) => house.at(seconds(30), () => house.server.clock.slew(-SLEWED_US)),
    happened: ({ counts }) => expect(counts["clock slews"]).toBe(1),
    judged: [start(), settled([15, 30], { pairP95Us: byChance(60, SLEW) })],
  },
  {
    name: "the server's clock is slewed by NTP, and heard over links that vary by 10 and 40 ms",
    house: {
      rooms: rooms(5, -20).map((room, index) => ({ ...room, link: about(index === 0 ? 5 : 20) })),
    },
    lastsS: 110,
    script: (house) => house.at(seconds(30), () => house.server.clock.slew(-SLEWED_US)),
    happened: ({ counts }) => expect(counts["clock slews"]).toBe(1),
    judged: [
      // 500 ppm are seen as soon as they are more than what the quickest answers of some seconds lie apart.
      { what: "over 10 ms", fromS: 30, rooms: [0], limits: { errorMaxUs: 2_600 } },
      // More than 5 ms is made good by one jump.
      {
        what: "over 40 ms",
        fromS: 30,
        rooms: [1],
        limits: { errorMaxUs: 6_500, jumps: 1, breaks: 1 },
      },
      { what: "over 10 ms, 20 s later", fromS: 70, rooms: [0], limits: { errorMaxUs: 150 } },
      {
        what: "over 40 ms, 20 s later",
        fromS: 70,
        rooms: [1],
        limits: { errorMaxUs: 520 },
        misses: { errorMaxUs: byChance(1_800, AFTER) },
      },
    ],
  },
  ...[3_600, 30, 2, 0.7, 0.2, -0.2, -0.7, -2, -30, -3_600].map((byS) => ({
    name: `the server's clock jumps by ${byS} s`,
    house: { rooms: rooms(5, -20) },
    lastsS: 75,
    script: (house: House) => house.at(seconds(30), () => house.server.stepClock(seconds(byS))),
    happened: ({ counts }: HouseReport) => expect(counts["clock steps"]).toBe(1),
    judged: [
      // Back, everybody connects again and plays on from what is buffered, stamped anew; what cannot be known is how
      // long after its last look the server's clock was set, and by so much the new stamps are late: up to a block.
      {
        what: "all in all",
        fromS: 10,
        limits: { silenceMs: byS < 0 ? 50 : 1_000, jumps: 2, breaks: 1 },
      },
      { what: "a second later", fromS: 31.5, limits: { errorMaxUs: 1_000, pairMaxUs: 1_000 } },
      { what: "after ten seconds", fromS: 40, limits: { pairMedianUs: 15, pairP95Us: 30 } },
    ],
  })),
]);
