import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { Terminal } from "./terminal.ts";

/** A stream that counts as a terminal, or not, and what was written to it. */
function stream(isTTY: boolean) {
  const written = Object.assign(new PassThrough(), { isTTY, columns: 40 });
  return { written, text: () => String(written.read() ?? "") };
}

test("a line of the log goes above the line that stays", () => {
  const screen = stream(true);
  const terminal = new Terminal(screen.written, screen.written);
  terminal.status("L ███");
  terminal.print("connected");
  expect(screen.text()).toBe("\r\u001b[2KL ███\r\u001b[2Kconnected\nL ███");
});

test("at the end the line that stayed is gone", () => {
  const screen = stream(true);
  const terminal = new Terminal(screen.written, screen.written);
  terminal.status("L ███");
  terminal.clear();
  terminal.print("stopped");
  expect(screen.text()).toBe("\r\u001b[2KL ███\r\u001b[2Kstopped\n");
});

test("no escape reaches what is no terminal", () => {
  const [log, out] = [stream(false), stream(false)];
  const terminal = new Terminal(log.written, out.written);
  terminal.status("L ███");
  terminal.print("connected");
  expect([log.text(), out.text()]).toEqual(["connected\n", "L ███\n"]);
});

test("a log in a file leaves the drawn line alone", () => {
  const [log, screen] = [stream(false), stream(true)];
  const terminal = new Terminal(log.written, screen.written);
  terminal.status("L ███");
  terminal.print("connected");
  expect([log.text(), screen.text()]).toEqual(["connected\n", "\r\u001b[2KL ███"]);
});
