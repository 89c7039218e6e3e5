import { millis, serverInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { LateWatch } from "./late-watch.ts";

const at = (ms: number) => serverInstant(millis(ms));

/** When it says so, of things that are late at these moments, on a link that carries something then as far as told. (ms) */
function saidAt(late: readonly number[], carries = (_: number) => true): number[] {
  const watch = new LateWatch();
  return late.filter((ms) => {
    if (carries(ms)) watch.carried(at(ms), HELD);
    watch.late(at(ms));
    return watch.take();
  });
}

test("what is late once, in one go, is an outage, told of by the client a second later", () => {
  expect(saidAt([0, 10, 300, 1_100])).toEqual([]);
});

test("what goes on is more than the buffer outlasts, and is told once in ten minutes", () => {
  expect(saidAt([0, 400, 800, 1_600, 2_400])).toEqual([1_600]);
  expect(saidAt([0, 1_600, 3_200, 600_500, 602_000])).toEqual([1_600, 602_000]);
});

test("now and then is not going on", () => {
  expect(saidAt([0, 3_100, 6_200, 9_300])).toEqual([]);
});

const HELD = millis(1_000);

/** What it says after outages that begin at these moments, of music or, until so late, a pause of it. (ms) */
function saidAfter(
  outages: readonly (readonly [at: number, lasted: number])[],
  { musicFrom = 0, held = HELD } = {},
): string[] {
  const watch = new LateWatch();
  return outages.flatMap(([from, lasted]) => {
    watch.carried(at(from), held);
    for (let ms = 100; from >= musicFrom && ms < lasted; ms += 100)
      watch.waits(at(from + ms), held);
    const said = watch.take()?.reason.replace(/;.*/, "") ?? "";
    watch.carried(at(from + lasted), held);
    expect(watch.take()).toBeUndefined();
    return said;
  });
}

const outages = (lasted: number, ...begin: readonly number[]) =>
  begin.map((from) => [from, lasted] as const);

test("outages that a longer buffer would outlast are an accident once, and then told once in ten minutes", () => {
  const away = "its link carries nothing for a moment again and again";
  const said = saidAfter(outages(2_000, 0, 30_000, 60_000, 629_000, 659_000));
  expect(said).toEqual(["", away, "", "", away]);
  expect(saidAfter(outages(2_000, 0, 610_000))).toEqual(["", ""]);
});

test("what a longer buffer would not outlast counts for nothing, nor what is not heard, nor a pause of the music", () => {
  const nothing = ["", "", ""];
  expect(saidAfter(outages(6_000, 0, 30_000, 60_000))).toEqual(nothing);
  expect(saidAfter(outages(900, 0, 30_000, 60_000))).toEqual(nothing);
  expect(saidAfter(outages(2_000, 0, 30_000, 60_000), { musicFrom: 60_000 })).toEqual(nothing);
  expect(saidAfter(outages(2_000, 0, 30_000, 60_000), { held: millis(2_500) })).toEqual(nothing);
});

test("where little is held, what is carried once a second is no outage", () => {
  const held = millis(60);
  expect(saidAfter(outages(1_100, 0, 30_000, 60_000), { held })).toEqual(["", "", ""]);
  const mixed = [...outages(1_100, 0, 30_000), ...outages(2_000, 60_000)];
  expect(saidAfter(mixed, { held })).toEqual(["", "", ""]);
});

test("a client that was switched off, or a link that is away, is not late", () => {
  const late = Array.from({ length: 40 }, (_, turn) => 250 * turn);
  // What is under way when it goes is late a buffer later.
  expect(saidAt([0, ...late.map((ms) => 3_500 + ms)], (ms) => ms < 1)).toEqual([]);
  expect(saidAt(late, (ms) => ms < 1 || (ms > 2_000 && ms < 2_300))).toEqual([]);
  expect(saidAt(late, (ms) => ms > 5_000)).toEqual([6_500]);
});
