import { expect, test } from "vitest";
import { VirtualRoom } from "../../test/virtual-room.ts";
import { Power } from "./power.ts";

/** What is told while a room runs, each with the room's true tenth of a second. */
function watched(room: VirtualRoom, power: Power, seconds: number): string[] {
  const told: string[] = [];
  for (let tenth = 0; tenth < seconds * 10; tenth++) {
    room.run(100_000);
    for (const news of power.look(room.player.musicUntil, room.local())) {
      told.push(`${news} ${Math.round(room.now / 100_000) / 10}`);
    }
  }
  return told;
}

test("music is told before it is heard, and idle once it has been over for a while", () => {
  const room = new VirtualRoom({ bufferMs: 1_000, backlog: false });
  const power = new Power({ idleAfterMs: 2_000 }, room.local());
  room.connect();
  const begun = watched(room, power, 3);
  // The room begins after a buffer's time; what comes then is heard a buffer later.
  expect(begun).toEqual(["play 1.1"]);
  expect(room.silenceMs(1.1, 1.9)).toBe(800);
  expect(room.silenceMs(2.1, 3)).toBe(0);
  room.stalled = true;
  expect(watched(room, power, 10)).toEqual(["idle 7.1"]);
  room.stalled = false;
  expect(watched(room, power, 1)).toEqual(["play 14.1"]);
});

test("a mute counts as no music, though it goes on", () => {
  const room = new VirtualRoom({ bufferMs: 400 });
  const power = new Power({ idleAfterMs: 1_000 }, room.local());
  room.connect();
  expect(watched(room, power, 2)).toHaveLength(1);
  room.changeSettings({ muted: true });
  expect(watched(room, power, 3)).toEqual([expect.stringMatching(/^idle 3\.[45]$/)]);
  room.changeSettings({ muted: false });
  expect(watched(room, power, 1)).toEqual([expect.stringMatching(/^play 5\.[45]$/)]);
});

test("the card rests by a time of its own, and is asked for before the hooks are", () => {
  const room = new VirtualRoom({ bufferMs: 1_000, backlog: false });
  const power = new Power({ idleAfterMs: 10_000, releaseAfterMs: 3_000 }, room.local());
  expect(watched(room, power, 4)).toEqual(["release 4"]);
  room.connect();
  expect(watched(room, power, 2)).toEqual(["reopen 5.1", "play 5.1"]);
  room.stalled = true;
  expect(watched(room, power, 6)).toEqual(["release 11.1"]);
  room.stalled = false;
  expect(watched(room, power, 1)).toEqual(["reopen 13.1"]);
});
