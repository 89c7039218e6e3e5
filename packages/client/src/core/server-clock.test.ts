import { type LocalInstant, localInstant, serverInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import type { TimeExchange } from "./clock-filter.ts";
import { ServerClock } from "./server-clock.ts";

/** Of the two servers' clocks to ours, and how fast they run by ours. */
const HOUSE = { offset: 5_000_000, drift: 40e-6 };
const SPARE = { offset: 900_000_000, drift: -25e-6 };

const at = (seconds: number): LocalInstant => localInstant(seconds * 1_000_000);

/** Answered after 400 us there and back. */
function exchange({ offset, drift }: typeof HOUSE, seconds: number): TimeExchange {
  const clientSent = at(seconds);
  const server = serverInstant(clientSent * (1 + drift) + offset + 200);
  const clientReceived = localInstant(clientSent + 400);
  return { clientSent, serverReceived: server, serverSent: server, clientReceived };
}

/** Asks each 100 ms; returns what became of the clock. */
function ask(clock: ServerClock, server: typeof HOUSE, from: number, until: number) {
  const news = [];
  for (let second = from; second < until; second += 0.1) {
    news.push(clock.learn(exchange(server, second)));
  }
  return news.filter((each) => each !== undefined);
}

/** An hour with the house's server, then some time with the spare one. */
function movedOver(seconds: number): ServerClock {
  const clock = new ServerClock();
  clock.doubt();
  clock.meet("house");
  ask(clock, HOUSE, 0, 300);
  clock.doubt();
  clock.meet("spare");
  expect(ask(clock, SPARE, 301, 301 + seconds)).toEqual(["replaced"]);
  return clock;
}

function errorAt(clock: ServerClock, { offset, drift }: typeof HOUSE, second: number): number {
  return Math.abs(clock.filter.serverAt(at(second)) - (at(second) * (1 + drift) + offset));
}

test("a server that is gone back to is known from its first answer on, its drift too", () => {
  const clock = movedOver(60);
  clock.doubt();
  clock.meet("house");
  expect(clock.learn(exchange(HOUSE, 362))).toBe("replaced");
  expect(errorAt(clock, HOUSE, 372)).toBeLessThan(20);
  expect(clock.filter.drift).toBeCloseTo(40, 0);
});

test("so is the spare one, the next time; settings that come again change nothing", () => {
  const clock = movedOver(60);
  clock.doubt();
  clock.meet("house");
  ask(clock, HOUSE, 362, 400);
  clock.meet("house");
  clock.doubt();
  clock.meet("spare");
  clock.meet("spare");
  expect(clock.learn(exchange(SPARE, 401))).toBe("replaced");
  expect(errorAt(clock, SPARE, 402)).toBeLessThan(20);
});

test("one that was restarted is measured anew", () => {
  const clock = movedOver(60);
  clock.doubt();
  clock.meet("house, started again");
  const moved = { ...HOUSE, offset: 77_000_000 };
  expect(ask(clock, moved, 362, 365)).toEqual(["replaced"]);
  expect(errorAt(clock, moved, 365)).toBeLessThan(100);
});

test("once this host's clock has jumped, none is known", () => {
  const clock = movedOver(60);
  clock.reset();
  clock.doubt();
  clock.meet("house");
  expect(clock.learn(exchange(HOUSE, 362))).toBeUndefined();
});

test("an answer is recognised by the clock to play by, and teaches nothing", () => {
  const clock = new ServerClock();
  expect(clock.recognises(exchange(HOUSE, 0))).toBe(false);
  ask(clock, HOUSE, 0, 20);
  const { exchanges } = clock.filter;
  expect(clock.recognises(exchange(HOUSE, 21))).toBe(true);
  expect(clock.recognises(exchange(SPARE, 21))).toBe(false);
  expect(clock.recognises(exchange({ ...HOUSE, offset: HOUSE.offset + 5_000 }, 21))).toBe(false);
  expect(clock.filter.exchanges).toBe(exchanges);
});
