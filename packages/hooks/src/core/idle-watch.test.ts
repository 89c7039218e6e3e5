import { expect, test } from "vitest";
import { IdleWatch } from "./idle-watch.ts";

const S = 1_000_000;

/** What is told, each with its second, when `musicUntil` is looked at in each quarter of a second. */
function watched(seconds: number, musicUntil: (second: number) => number): string[] {
  const watch = new IdleWatch(10_000, 0);
  const told: string[] = [];
  for (let now = 0; now <= seconds * S; now += S / 4) {
    const news = watch.look(musicUntil(now / S) * S, now);
    if (news) told.push(`${news} ${now / S}`);
  }
  return told;
}

test("music is told at once, its end after the hold time", () => {
  expect(watched(60, (now) => (now >= 5 ? 21 : 0))).toEqual(["play 5", "idle 31"]);
});

test("a pause shorter than the hold time is none", () => {
  const told = watched(60, (now) => (now < 10 ? 10 : now < 19 ? 0 : 40));
  expect(told).toEqual(["play 0", "idle 50"]);
});

test("what an earlier run left on is switched off, once", () => {
  expect(watched(60, () => 0)).toEqual(["idle 10"]);
});

test("a mute ends the music before its time", () => {
  expect(watched(60, (now) => (now < 5 ? 1_000 : 0))).toEqual(["play 0", "idle 15"]);
});

test("while nobody can say how long the music lasts, nothing is waited for", () => {
  const watch = new IdleWatch(1_000, 0);
  expect(watch.deadline).toBe(S);
  expect(watch.look(Infinity, 0)).toBe("play");
  expect(watch.deadline).toBeUndefined();
  expect(watch.look(0, 7 * S)).toBeUndefined();
  expect(watch.deadline).toBe(8 * S);
  expect(watch.look(0, 8 * S)).toBe("idle");
  expect(watch.deadline).toBeUndefined();
});
