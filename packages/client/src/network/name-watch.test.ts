import { afterEach, expect, test, vi } from "vitest";
import { watchName } from "./name-watch.ts";

afterEach(() => vi.useRealTimers());

/** A name whose answers are taken from the list, the last one for ever; undefined: nobody knows it. */
function name(...answers: (string | undefined)[]) {
  let asked = 0;
  const resolve = async () => {
    const answer = answers[Math.min(asked++, answers.length - 1)];
    if (answer === undefined) throw new Error("not found");
    return [answer];
  };
  return { resolve, asked: () => asked };
}

test("a name is asked for each half second until stopped, though nobody knew it for a while", async () => {
  vi.useFakeTimers();
  const { resolve, asked } = name("10.0.0.1", undefined, "10.0.0.2");
  const told: (readonly string[])[] = [];
  const stop = watchName("kitchen.local", resolve, (addresses) => told.push(addresses));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual([["10.0.0.1"], [], ["10.0.0.2"]]);
  stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked()).toBe(3);
});

test("an answer that comes after the stop is not told", async () => {
  vi.useFakeTimers();
  const told: (readonly string[])[] = [];
  watchName("kitchen.local", name("10.0.0.1").resolve, (addresses) => told.push(addresses))();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told).toEqual([]);
});
