import { LOG_LINES_MAX, LogQuery, NOTIFICATIONS } from "@tutti/protocol/control";
import { beforeEach, expect, test } from "vitest";
import { LogFollowers } from "./log-followers.ts";
import { LogTail } from "./log-tail.ts";
import type { Room } from "./network/controllers.ts";

let followers: LogFollowers;
let rooms: Map<number, Room>;
let told: { readonly controller: number; readonly numbers: number[]; readonly lost: number }[];
let due: (() => void)[];
let onTold: () => void;

beforeEach(() => {
  [rooms, told, due] = [new Map([[1, "room"]]), [], []];
  onTold = () => {};
  followers = new LogFollowers(new LogTail(() => 0), {
    room: (controller) => rooms.get(controller) ?? "gone",
    tell: (controller, text) => {
      const { lines, lost } = NOTIFICATIONS["Server.OnLog"].params.parse(JSON.parse(text).params);
      told.push({ controller, numbers: lines.map(({ number }) => number), lost });
      onTold();
    },
    later: (act) => void due.push(act),
  });
});

function add(count: number, level: "debug" | "warn" = "warn"): void {
  for (let at = 0; at < count; at++) {
    followers.add({ level, part: "client", event: "event", fields: {} });
  }
}
const follow = (query: object, controller = 1) =>
  followers.follow(controller, LogQuery.parse({ follow: true, ...query }));
const pass = () => {
  for (const act of due.splice(0)) act();
};
const numbers = () => told.flatMap((each) => each.numbers);

test("what comes is told, what was there before is not, and lines of one moment together", () => {
  add(3);
  follow({});
  add(2);
  pass();
  add(1);
  pass();
  expect(told).toEqual([
    { controller: 1, numbers: [4, 5], lost: 0 },
    { controller: 1, numbers: [6], lost: 0 },
  ]);
});

test("from the line that was answered last on, so that none is between", () => {
  add(5);
  follow({ after: 3 });
  pass();
  expect(numbers()).toEqual([4, 5]);
});

test("only what fits, and nothing where nothing does", () => {
  follow({ level: "info" });
  follow({ part: "state" }, 2);
  rooms.set(2, "room");
  add(1, "debug");
  add(1, "warn");
  pass();
  expect(told).toEqual([{ controller: 1, numbers: [2], lost: 0 }]);
});

test("who reads slowly is told later, in pieces, and how many lines are lost", () => {
  follow({});
  rooms.set(1, "busy");
  add(LOG_LINES_MAX + 50);
  pass();
  expect(told).toEqual([]);
  rooms.set(1, "room");
  pass();
  expect(told[0]).toMatchObject({ lost: 50 });
  expect(told).toHaveLength(10);
  expect(numbers()).toEqual(Array.from({ length: LOG_LINES_MAX }, (_, at) => at + 51));
  pass();
  expect(due).toEqual([]);
});

test("who is gone, or wants no more, is told nothing and costs nothing", () => {
  follow({}, 7);
  follow({});
  follow({ follow: false });
  pass();
  add(1);
  expect(due).toEqual([]);
  expect(told).toEqual([]);
});

test("a line that telling leads to is told once, and leads to no other", () => {
  follow({});
  add(1);
  onTold = () => add(told.length === 1 ? 1 : 0);
  for (let turn = 0; turn < 5; turn++) pass();
  expect(numbers()).toEqual([1, 2]);
});
