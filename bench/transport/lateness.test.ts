import { expect, test } from "vitest";
import { BUFFERS_MS, latenessOf, undisturbed } from "./lateness.ts";

test("what came later than a buffer is missed as what never came is", () => {
  const sentUs = [0, 20_000, 40_000, 60_000];
  const found = latenessOf(sentUs, [5_000, 20_000 + 60_000, null, 60_000 + 301_000]);
  expect(found).toMatchObject({ chunks: 4, lost: 1, medianMs: 60, worstMs: 301 });
  const at = (ms: number) => found.missed[BUFFERS_MS.indexOf(ms)];
  expect([40, 60, 300, 500, 1_000].map(at)).toEqual([3, 2, 2, 1, 1]);
});

test("a chunk that was sent and of which nothing is said never came", () => {
  expect(latenessOf([0, 20_000], [1_000])).toMatchObject({ chunks: 2, lost: 1 });
});

test("what was sent shortly before or after the machine stood still is not judged", () => {
  const sentUs = Array.from({ length: 500 }, (_, chunk) => 20_000 * chunk);
  sentUs[200] = 4_100_000;
  const judged = undisturbed(sentUs, 20_000).flatMap((fine, chunk) => (fine ? [chunk] : []));
  expect([judged.indexOf(150), judged[150], judged[151]]).toEqual([150, 150, 355]);
  expect(undisturbed(sentUs.slice(0, 200), 20_000)).not.toContain(false);
});
