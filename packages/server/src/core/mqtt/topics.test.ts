import fc from "fast-check";
import { expect, test } from "vitest";
import { placeOf, propertyTopic, topicKey } from "./topics.ts";

test.each([
  ["dc:a6:32:01:02:03", "dca632010203"],
  ["7f3e6b52-1d2f", "7f3e6b52-1d2f"],
  ["Living room/+#", "Living_20room_2f_2b_23"],
  ["dca632010203", "_64ca632010203"],
  ["a_b", "a_5fb"],
  ["Küche", "K_c3_bcche"],
])("%s becomes %s", (id, key) => {
  expect(topicKey(id)).toBe(key);
});

test("no two ids share a topic, and Home Assistant takes each", () => {
  const piece = fc.constantFrom("dc:a6:32:01:02:03", "dca632010203", "_", "_64", "-", "ä", " ");
  const id = fc.oneof(
    piece,
    fc.array(piece, { minLength: 1, maxLength: 3 }).map((all) => all.join("")),
    fc.string({ unit: "grapheme", minLength: 1 }),
  );
  fc.assert(
    fc.property(id, id, (a, b) => {
      expect(topicKey(a)).toMatch(/^[\w-]+$/);
      expect(topicKey(a) === topicKey(b)).toBe(a === b);
    }),
    { numRuns: 2_000 },
  );
});

test("a topic tells what it is about; what is not ours tells nothing", () => {
  const topic = propertyTopic("a/b", "group", "k", "volume");
  expect(placeOf("a/b", topic)).toEqual({
    ...{ kind: "group", key: "k", property: "volume", set: false },
  });
  expect(placeOf("a/b", `${topic}/set`)).toMatchObject({ set: true });
  for (const other of ["a/b", "a/b/", "x/group/k/volume", `${topic}/get`, `${topic}/set/set`]) {
    expect(placeOf("a/b", other)).toBeUndefined();
  }
  expect(placeOf("a/b", "a/b/room/k/volume")).toBeUndefined();
});
