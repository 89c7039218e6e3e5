import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeNewFile } from "./new-file.ts";

test("overwrites only when told to", () => {
  const folder = mkdtempSync(join(tmpdir(), "tutti-new-file-"));
  const path = join(folder, "deep", "server.yaml");
  writeNewFile(path, "one", false);
  expect(() => writeNewFile(path, "two", false)).toThrow(/EEXIST/);
  expect(readFileSync(path, "utf8")).toBe("one");
  writeNewFile(path, "two", true);
  expect(readFileSync(path, "utf8")).toBe("two");
  rmSync(folder, { recursive: true });
});
