import { seconds } from "@tutti/protocol";
import { expect } from "vitest";
import type { RoomOptions } from "../src/index.ts";
import { byChance, type Scenario, scenarios } from "./scenario.ts";

// Of many rooms the first and the last count: in step means less than 100 us between those.

/** Rooms of all kinds: cards from -100 to +100 ppm, hosts from -50 to +50, links wired. */
function rooms(count: number): RoomOptions[] {
  return Array.from({ length: count }, (_, index) => ({
    card: { driftPpm: ((index * 37) % 201) - 100 },
    clock: { driftPpm: ((index * 53) % 101) - 50 },
  }));
}

const sizes: readonly Scenario[] = [
  { count: 5, lastsS: 60 },
  { count: 50, lastsS: 15 },
  { count: 200, lastsS: 10 },
].map(({ count, lastsS }) => ({
  name: `a house of ${count} rooms`,
  house: { rooms: rooms(count) },
  lastsS,
  happened: (report) => expect(report.counts["client connected"]).toBe(count),
  judged: [
    {
      what: "from the first frame on",
      fromS: 0,
      limits: { errorMaxUs: 1_000, syncedMs: 2_000, firstSoundMs: 1_100 },
    },
    {
      what: "once settled",
      fromS: 6,
      limits: { togetherP95Us: 100 },
      // The farthest of 200 after 6 to 10 s: 101 us.
      misses:
        count === 200 ? { togetherP95Us: byChance(150, "clocks and cards of 6 s are young") } : {},
    },
  ],
}));

scenarios([
  ...sizes,
  {
    name: "20 rooms are switched on at once while music plays in one",
    house: {
      rooms: rooms(21).map((room, index) =>
        index === 0 ? room : { ...room, switchedOnAfter: seconds(8) },
      ),
    },
    lastsS: 20,
    happened: (report) => expect(report.counts["client connected"]).toBe(21),
    judged: [
      {
        what: "those that join",
        fromS: 8,
        rooms: Array.from({ length: 20 }, (_, index) => index + 1),
        limits: { firstSoundMs: 200, syncedMs: 2_000, errorMaxUs: 1_000 },
      },
      { what: "the one that plays", fromS: 0, rooms: [0], limits: { errorMaxUs: 100 } },
    ],
  },
]);
