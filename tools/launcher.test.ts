import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/* What the launcher says before it needs anything installed or built. */

const ROOT = fileURLToPath(new URL("..", import.meta.url));

test.each([
  ["./tutti", "Usage: ./tutti VERB"],
  ["./tutti --help", "Usage: ./tutti VERB"],
  ["./tutti test --help", "Usage: ./tutti test"],
  ["tools/test.sh unit -h", "Usage: ./tutti test"],
])("%s explains itself", (line, beginning) => {
  const { status, stdout, stderr } = run(line);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain(beginning);
});

test.each([
  ["./tutti bench nonsense", /^tutti bench: nonsense is none of .*\bcost\b.*\n$/],
  ["tools/test.sh unit nonsense", /^tutti test: nonsense is none of .*\n$/],
])("%s is a mistake, said in one line", (line, complaint) => {
  const { status, stdout, stderr } = run(line);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(complaint);
});

function run(line: string) {
  const [program = "", ...words] = line.split(" ");
  return spawnSync(program, words, { cwd: ROOT, encoding: "utf8" });
}
