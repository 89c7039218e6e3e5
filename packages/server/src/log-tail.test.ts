import { LOG_LINES_MAX, LogQuery } from "@tutti/protocol/control";
import { expect, test } from "vitest";
import { LogTail } from "./log-tail.ts";

function tailOf(count: number): LogTail {
  let now = 0;
  const tail = new LogTail(() => ++now);
  for (let at = 1; at <= count; at++) {
    const level = at % 10 === 0 ? "warn" : "debug";
    tail.add({ level, part: at % 2 ? "client" : "stream", event: `event ${at}`, fields: { at } });
  }
  return tail;
}
const numbers = (tail: LogTail, query: object) =>
  tail.query(LogQuery.parse(query)).lines.map(({ number }) => number);

test("the newest lines, the oldest of them first", () => {
  expect(numbers(tailOf(200), { lines: 3 })).toEqual([198, 199, 200]);
  expect(numbers(tailOf(200), {})).toHaveLength(100);
});

test("by level and by part", () => {
  expect(numbers(tailOf(30), { level: "info" })).toEqual([10, 20, 30]);
  expect(numbers(tailOf(6), { part: "client" })).toEqual([1, 3, 5]);
});

test("what came after a line, so that a log can be followed", () => {
  const tail = tailOf(5);
  const { last } = tail.query(LogQuery.parse({ level: "error" }));
  expect(last).toBe(5);
  tail.add({ level: "error", part: "state", event: "new", fields: {} });
  expect(numbers(tail, { after: last })).toEqual([6]);
  expect(numbers(tail, { after: 6 })).toEqual([]);
});

test("no more is kept than is said, however long lines are", () => {
  const tail = tailOf(LOG_LINES_MAX + 50);
  expect(numbers(tail, { lines: LOG_LINES_MAX })[0]).toBe(51);
  tail.add({ level: "warn", part: "client", event: "long", fields: { name: "x".repeat(5_000) } });
  expect(tail.query(LogQuery.parse({ lines: 1 })).lines[0]?.fields).toEqual({ chars: 5_011 });
});
