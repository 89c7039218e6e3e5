import { expect, test } from "vitest";
import { datagramsOf, decode, encode, Gathering, WAYS, type Way } from "./ways.ts";

const SIZES = [100, 200, 300, 400, 500];

function way(name: string): Way {
  return WAYS.find((each) => each.name === name)!;
}

/** When chunks 0 to 11 were there, of which each datagram whose number is in `lost` was none; datagram n comes at n. */
function gathered(name: string, lost: readonly number[]): (number | null)[] {
  const gathering = new Gathering();
  const sent = Array.from({ length: 12 }, (_, at) => datagramsOf(way(name), at, SIZES)).flat();
  for (const [number, datagram] of sent.entries()) {
    if (!lost.includes(number)) gathering.take(decode(encode(datagram)), number);
  }
  return gathering.firstUs(12);
}

test.each([
  ["udp", [4], [4]],
  ["udp-twice", [4], []],
  ["udp-twice", [4, 5], [4]],
  ["udp-thrice", [4, 5], []],
  ["udp-thrice", [4, 5, 6], [4]],
  // Every fifth datagram is a parity: 0 1 2 3 P 5 6 7 8 P
  ["udp-xor", [1], []],
  ["udp-xor", [4], []],
  ["udp-xor", [1, 2], [1, 2]],
  ["udp-xor", [1, 4], [1]],
  ["udp-xor", [3, 5], []],
])("%s without datagrams %j lacks chunks %j", (name, lost, lacking) => {
  const never = gathered(name, lost).flatMap((came, chunk) => (came === null ? [chunk] : []));
  expect(never).toEqual(lacking);
});

test("what is sent again is there when the next datagram is", () => {
  expect(gathered("udp-twice", [4])[4]).toBe(5);
  expect(gathered("udp-xor", [1])[1]).toBe(4);
});

test("a parity is of use as soon as one chunk is missing, in whatever order they come", () => {
  const gathering = new Gathering();
  const chunk = (first: number) => ({ first, count: 1, parity: false, bytes: 12 });
  gathering.take({ first: 0, count: 4, parity: true, bytes: 12 }, 1);
  gathering.take(chunk(3), 2);
  gathering.take(chunk(0), 3);
  gathering.take(chunk(1), 4);
  expect(gathering.firstUs(4)).toEqual([3, 4, 4, 2]);
});

test("a datagram is as long as what it carries", () => {
  const bytes = (name: string, at: number) =>
    datagramsOf(way(name), at, SIZES).map((datagram) => encode(datagram).length);
  expect(bytes("udp", 6)).toEqual([12 + 200]);
  expect(bytes("udp-twice", 0)).toEqual([12 + 2 + 100]);
  expect(bytes("udp-twice", 6)).toEqual([12 + 2 * 2 + 100 + 200]);
  expect(bytes("udp-thrice", 7)).toEqual([12 + 3 * 2 + 100 + 200 + 300]);
  expect(bytes("udp-xor", 6)).toEqual([12 + 200]);
  expect(bytes("udp-xor", 7)).toEqual([12 + 300, 12 + 2 + 500]);
});
