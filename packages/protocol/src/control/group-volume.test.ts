import fc from "fast-check";
import { expect, test } from "vitest";
import { changeTogether, meanVolume } from "./group-volume.ts";

test.each<[number[], number, number[]]>([
  [[20, 60], 10, [30, 70]],
  // What one cannot take, the others share.
  [[20, 95], 10, [35, 100]],
  [[20, 60], -30, [0, 20]],
  [[29, 100, 100, 76, 100], 0, [29, 100, 100, 76, 100]],
])("%j by %d: %j", (volumes, percent, expected) => {
  expect(changeTogether(volumes, { kind: "by", percent })).toEqual(expected);
});

test("whatever is asked for, volumes are whole, from 0 to 100, and their mean is what was asked for", () => {
  const volume = fc.integer({ min: 0, max: 100 });
  const volumes = fc.array(volume, { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(volumes, fc.integer({ min: -100, max: 100 }), (before, percent) => {
      const after = changeTogether(before, { kind: "by", percent });
      for (const each of after)
        expect(each >= 0 && each <= 100 && Number.isInteger(each)).toBe(true);
      expect(after.some((each) => Object.is(each, -0))).toBe(false);
      const wanted = Math.min(100, Math.max(0, meanVolume(before) + percent));
      expect(Math.abs(meanVolume(after) - wanted) * before.length).toBeLessThan(2);
    }),
    { numRuns: 2_000 },
  );
});
