import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { claimPlace } from "./running-mark.ts";

function folder(): string {
  return mkdtempSync(join(tmpdir(), "tutti-mark-"));
}

test("leaves a mark and takes it away again", () => {
  const stateDir = folder();
  const place = claimPlace(stateDir);
  expect(readFileSync(join(stateDir, "up.pid"), "utf8")).toBe(`${process.pid}\n`);
  if (place.kind === "ours") place.release();
  expect(place.kind).toBe("ours");
  expect(existsSync(join(stateDir, "up.pid"))).toBe(false);
});

test.each(["", "nonsense", "-1", "4194305", `${process.ppid}`])("a mark of %o is stale", (mark) => {
  const stateDir = folder();
  writeFileSync(join(stateDir, "up.pid"), mark);
  expect(claimPlace(stateDir).kind).toBe("ours");
});

test("a living one keeps its place", async () => {
  const stateDir = folder();
  const script = join(stateDir, "main.cjs");
  writeFileSync(script, "process.stdout.write('.'); setInterval(() => {}, 1000)");
  const other = spawn(process.execPath, [script, "up"]);
  await new Promise((resolve) => other.stdout.once("data", resolve));
  writeFileSync(join(stateDir, "up.pid"), `${other.pid}\n`);
  const place = claimPlace(stateDir);
  other.kill();
  expect(place.kind === "taken" && place.reason).toContain(`process ${other.pid}`);
});
