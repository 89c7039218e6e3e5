import { expect, test } from "vitest";
import type { ServerEvent } from "./events.ts";
import { Occasions } from "./occasions.ts";

const S = 1_000_000;
const NAMES = ["play", "idle", "connect", "disconnect", "volume", "stream"];

function house(): Occasions {
  const commands = Object.fromEntries(NAMES.map((name) => [name, [`/bin/${name}`]]));
  const nameOf = (client: string) => `name of ${client}`;
  return new Occasions({ commands, idleAfterMs: 10_000, streams: ["Music", "TV"], nameOf }, 0);
}

function told(occasions: Occasions, event: ServerEvent, seconds = 0): string[] {
  return occasions.on(event, seconds * S).map(({ hook, lane }) => `${hook}: ${lane}`);
}

test("a stream plays at once and is idle after a while, each for itself", () => {
  const occasions = house();
  expect(told(occasions, { kind: "stream playing", stream: "Music" }, 1)).toEqual([
    "play: power Music",
  ]);
  expect(occasions.deadline).toBe(10 * S);
  expect(occasions.pass(10 * S).map(({ variables }) => variables)).toEqual([
    { TUTTI_EVENT: "idle", TUTTI_STREAM: "TV" },
  ]);
  expect(occasions.deadline).toBeUndefined();
  expect(told(occasions, { kind: "stream idle", stream: "Music" }, 100)).toEqual([]);
  expect(occasions.deadline).toBe(110 * S);
  expect(told(occasions, { kind: "stream playing", stream: "Music" }, 105)).toEqual([]);
  expect(occasions.pass(200 * S)).toEqual([]);
  expect(occasions.end().map(({ lane }) => lane)).toEqual(["power Music"]);
});

test("a stream that is removed while it plays is idle at once, and no more is told of it", () => {
  const occasions = house();
  told(occasions, { kind: "stream playing", stream: "Guest" });
  expect(told(occasions, { kind: "stream removed", stream: "Guest" })).toEqual([
    "idle: power Guest",
  ]);
  told(occasions, { kind: "stream removed", stream: "TV" });
  expect(occasions.pass(60 * S).map(({ lane }) => lane)).toEqual(["power Music"]);
});

test("a volume is told once, whatever else of a client was set", () => {
  const occasions = house();
  const volume = { kind: "client volume", client: "a", volumePercent: 40, muted: false } as const;
  const call = { TUTTI_CLIENT: "name of a", TUTTI_CLIENT_ID: "a", TUTTI_EVENT: "volume" };
  expect(occasions.on(volume, 0)).toMatchObject([
    { lane: "volume a", variables: { ...call, TUTTI_VOLUME: "40", TUTTI_MUTED: "false" } },
  ]);
  expect(told(occasions, volume)).toEqual([]);
  expect(told(occasions, { ...volume, muted: true })).toEqual(["volume: volume a"]);
  expect(told(occasions, { ...volume, client: "b" })).toEqual(["volume: volume b"]);
});

test("clients that come, go and change streams", () => {
  const occasions = house();
  const met = { client: "a", address: "::1", program: "Tutti", stream: "Music" };
  expect(told(occasions, { kind: "client connected", ...met })).toEqual(["connect: connection a"]);
  expect(told(occasions, { kind: "client stream", client: "a", stream: "TV" })).toEqual([
    "stream: stream a",
  ]);
  const gone = { kind: "client disconnected", client: "a", address: "::1" } as const;
  expect(told(occasions, gone)).toEqual(["disconnect: connection a"]);
});
