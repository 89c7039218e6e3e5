import { type ServerInstant, seconds, serverInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { SharedWay, type Traveller } from "./shared-way.ts";

class Client implements Traveller {
  fellAt: ServerInstant | undefined;
  roseAt: ServerInstant | undefined;
  waits = 0;

  othersFell(): void {
    this.waits++;
  }
}

const at = (second: number) => serverInstant(seconds(second));

/** Three clients; those that `fell` did so at that second. */
function house(...fell: (number | undefined)[]) {
  const all = [0, 1, 2].map(() => new Client());
  const way = new SharedWay<Client>();
  for (const [index, second] of fell.entries()) {
    const client = all[index];
    if (!client || second === undefined) continue;
    client.fellAt = at(second);
    way.fell(client, all, at(second));
  }
  return { all, way, first: all[0] as Client, second: all[1] as Client, third: all[2] as Client };
}

test("links that are found too slow at the same time are one: all others wait", () => {
  expect(house(10, 12).all.map(({ waits }) => waits)).toEqual([1, 0, 1]);
});

test("links that are found too slow a minute apart are two, and one does not wait for another", () => {
  const { all, way, first, second } = house(10, 70);
  expect(all.map(({ waits }) => waits)).toEqual([0, 0, 0]);
  second.roseAt = at(80);
  expect(way.tried(first, all, at(81))).toBe(false);
  expect(way.blamed(first, all, at(81))).toBeUndefined();
});

test("on one way one tries at a time", () => {
  const { all, way, first, second } = house(10, 12);
  second.roseAt = at(30);
  expect(way.tried(second, all, at(40))).toBe(false);
  expect(way.tried(first, all, at(40))).toBe(true);
  expect(way.tried(first, all, at(50))).toBe(false);
});

test("who falls behind blames who has just risen, but never when it rose itself", () => {
  const { all, way, first, second, third } = house(10, 12);
  second.roseAt = at(30);
  expect(way.blamed(first, all, at(32))).toBe(second);
  expect(way.blamed(first, all, at(40))).toBeUndefined();
  third.roseAt = at(31);
  expect(way.blamed(third, all, at(32))).toBeUndefined();
});

test("what was one way is not for ever", () => {
  const { all, way, first, second } = house(10, 12);
  second.roseAt = at(900);
  expect(way.tried(first, all, at(901))).toBe(false);
});

test("a newcomer is told of several that have just fallen, and of none when it was one", () => {
  const { all, way, first, second } = house(10, 12);
  expect(way.fallen(all, at(20))).toEqual([first, second]);
  expect(way.fallen(all, at(41))).toEqual([]);
  const alone = house(10);
  expect(alone.way.fallen(alone.all, at(11))).toEqual([]);
});
