import { seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { liveLong } from "../src/index.ts";

/** An hour, and a day, are for `./tutti simulate --hours`. */
const HOURS = 20 / 60;
const FAULT_EVERY = seconds(180);

test("twenty minutes with each of the faults of an hour are good throughout", () => {
  const told: string[] = [];
  expect(
    liveLong(1, HOURS, (line) => told.push(line), FAULT_EVERY),
    told.join("\n"),
  ).toBe(0);
  expect(told).toEqual([expect.stringContaining("6 faults so far")]);
});
