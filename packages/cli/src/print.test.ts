import { afterEach, expect, test, vi } from "vitest";
import { remark, say, sayJson } from "./print.ts";

afterEach(() => vi.restoreAllMocks());

function written(stream: "stdout" | "stderr", act: () => void): string {
  const write = vi.spyOn(process[stream], "write").mockReturnValue(true);
  act();
  return write.mock.calls.map(([text]) => text).join("");
}

test("nothing that is said commands a terminal", () => {
  const name = "a\u001b[2J\u009b2J\u202eb";
  const shown = "a\ufffd[2J\ufffd2J\ufffdb\n";
  expect(written("stdout", () => say(name))).toBe(shown);
  expect(written("stderr", () => remark(`${name}\n${name}`))).toBe(shown + shown);
});

test("JSON stays what it was for who parses it", () => {
  const content = { name: "a\u001b[2J\u009b2J\u202eb\u007f" };
  const dense = written("stdout", () => sayJson(content, "dense"));
  expect(dense).toBe('{"name":"a\\u001b[2J\\u009b2J\\u202eb\\u007f"}\n');
  expect(JSON.parse(dense)).toEqual(content);
});
