import { expect, test } from "vitest";
import { ArrivalLog } from "./arrivals.ts";

const STEP_US = 20_000;
const BUFFER_MS = 1_000;

/** Each player gets each chunk of two seconds after `delayUs`; undefined: never. */
function heard(
  players: number,
  streams: number,
  delayUs: (player: number, chunk: number) => number | undefined,
) {
  const log = new ArrivalLog(players, streams);
  log.note(0, { stampUs: -STEP_US, bytes: 100 }, -1);
  log.begin(0);
  for (let chunk = 0; chunk < 100; chunk++) {
    for (let player = 0; player < players; player++) {
      const delay = delayUs(player, chunk);
      const stampUs = chunk * STEP_US;
      if (delay !== undefined) log.note(player, { stampUs, bytes: 100 }, stampUs + delay);
    }
  }
  return log.end(3_000_000, BUFFER_MS);
}

test("all came in time", () => {
  expect(heard(2, 1, () => 5_000)).toEqual({
    ...{ chunks: 200, late: 0, missing: 0, bytes: 20_000 },
    ...{ p99Ms: 5, worstMs: 5 },
  });
});

test("later than a buffer after its recording is late", () => {
  const found = heard(2, 1, (player, chunk) => (player === 1 && chunk === 7 ? 1_000_001 : 5_000));
  expect(found).toMatchObject({ late: 1, missing: 0, p99Ms: 5, worstMs: 1000.001 });
});

test("what others on the same stream got is missing, also at the end", () => {
  expect(
    heard(4, 2, (player, chunk) => (player === 3 && chunk > 89 ? undefined : 1)),
  ).toMatchObject({ missing: 10, chunks: 390 });
});

test("what nobody got is missing for each", () => {
  expect(heard(3, 1, (_, chunk) => (chunk > 10 && chunk < 15 ? undefined : 1))).toMatchObject({
    missing: 12,
  });
});

test("what was recorded less than a buffer before the end may still come", () => {
  const log = new ArrivalLog(2, 1);
  log.begin(0);
  for (let at = 0; at < 10; at++) log.note(0, { stampUs: at * STEP_US, bytes: 1 }, at * STEP_US);
  expect(log.end(500_000, BUFFER_MS).missing).toBe(0);
  expect(log.end(1_200_000, BUFFER_MS).missing).toBe(10);
});
