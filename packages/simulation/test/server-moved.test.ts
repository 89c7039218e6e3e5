import { seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House } from "../src/index.ts";

const LINKS = ["lan", "wifi", "busy wifi", "power save"] as const;

test.each(LINKS)("over %s a server that moves is found before the buffer is played", (link) => {
  const rooms = [
    { link, card: { driftPpm: 25 }, clock: { driftPpm: 5 } },
    { link, card: { driftPpm: -25 }, clock: { driftPpm: -20 } },
  ];
  const house = new House({ seed: 8, rooms });
  const times = [20, 40, 60];
  for (const at of times) {
    house.at(seconds(at), () => {
      for (const room of house.rooms) room.moveServer();
    });
  }
  house.run(seconds(80));
  for (const room of house.report().rooms) {
    expect(room.counts).toMatchObject({ connects: 4, "server moved": times.length });
    expect(room).toMatchObject({ silenceMs: 0, jumps: 0, discontinuities: 0 });
  }
});
