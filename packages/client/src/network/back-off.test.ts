import { expect, test } from "vitest";
import { BackOff } from "./back-off.ts";

test("pauses double from 25 to 50 ms while a restart is likely, then they are 500 ms", () => {
  const backOff = new BackOff(() => 1);
  const pauses = Array.from({ length: 250 }, () => backOff.nextMs());
  expect(pauses.slice(0, 4)).toEqual([25, 50, 50, 50]);
  expect(pauses.slice(238, 242)).toEqual([50, 50, 500, 500]);
  expect(pauses.at(-1)).toBe(500);
});

test("chance takes away at most half", () => {
  const backOff = new BackOff(() => 0);
  expect([backOff.nextMs(), backOff.nextMs()]).toEqual([12.5, 25]);
});

test("an answer starts it over", () => {
  const backOff = new BackOff(() => 1);
  for (let attempt = 0; attempt < 5; attempt++) backOff.nextMs();
  backOff.succeeded();
  expect(backOff.nextMs()).toBe(25);
});

test("a year of failures still gives a finite pause", () => {
  const backOff = new BackOff(() => 1);
  for (let attempt = 0; attempt < 20_000; attempt++) backOff.nextMs();
  expect(backOff.nextMs()).toBe(500);
});
