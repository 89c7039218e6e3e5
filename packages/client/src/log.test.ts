import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { DeferredLog, readable } from "./log.ts";
import { Terminal } from "./terminal.ts";

function page() {
  const written: string[] = [];
  const stream = new Writable({
    write(text, _, done) {
      written.push(String(text));
      done();
    },
  });
  return {
    terminal: new Terminal(stream, stream),
    lines: () => written.join("").split("\n").slice(0, -1),
  };
}

test("what is said before the writer is there is written later, in order, with its time", async () => {
  const { terminal, lines } = page();
  const log = new DeferredLog("info", terminal);
  const before = Date.now();
  log.info({ host: "den" }, "connected");
  log.debug({}, "not wanted");
  expect(lines()).toEqual([]);
  await log.begin();
  log.warn({ lostMs: 3 }, "stalled");
  const [first, second, ...more] = lines().map((line) => JSON.parse(line));
  expect(first).toMatchObject({ level: "info", host: "den", msg: "connected" });
  expect(first.time).toBeGreaterThanOrEqual(before);
  expect(second).toMatchObject({ level: "warn", lostMs: 3, msg: "stalled" });
  expect(more).toEqual([]);
});

test("a terminal gets a line for people", () => {
  const time = new Date(2026, 0, 2, 3, 4, 5).getTime();
  const line = JSON.stringify({
    level: "info",
    time,
    host: "den",
    name: "Living room",
    msg: "connected",
  });
  expect(readable(line)).toBe('03:04:05 info  connected host=den name="Living room"');
});
