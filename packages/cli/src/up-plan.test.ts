import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { clientArguments, planHouse, serverArguments, type UpOptions } from "./up-plan.ts";

const flags: UpOptions = {
  streamPort: 1704,
  controlPort: 1705,
  httpPort: 1780,
  mdns: true,
};
const session = mkdtempSync(join(tmpdir(), "tutti-session-"));

function plan(options: Partial<UpOptions>, environment: Record<string, string> = {}) {
  const surroundings = { environment: { HOME: "/home/ada", ...environment }, userId: 1000 };
  return planHouse({ ...flags, ...options }, surroundings);
}

test.each([
  { environment: {}, stateDir: "/home/ada/.local/state/tutti" },
  { environment: { XDG_STATE_HOME: "/state" }, stateDir: "/state/tutti" },
])("keeps its state where the desktop keeps it: $stateDir", ({ environment, stateDir }) => {
  expect(plan({}, environment as Record<string, string>).stateDir).toBe(stateDir);
  expect(plan({ stateDir: "/mine" }, environment as Record<string, string>).stateDir).toBe("/mine");
});

test.each([
  { what: "the session's folder", environment: { XDG_RUNTIME_DIR: session }, folder: session },
  { what: "a private one without a session", environment: {}, folder: undefined },
  { what: "and when the session's is gone", environment: { XDG_RUNTIME_DIR: "/gone" } },
])("puts the FIFO into $what", ({ environment, folder }) => {
  const { fifo } = plan({}, environment as Record<string, string>);
  const expected = folder ? join(folder, "tutti") : join(tmpdir(), "tutti-1000");
  expect(fifo).toBe(join(expected, "music.fifo"));
});

test("starts the server with a FIFO and the demo, or with the person's own file", () => {
  const house = plan({ httpPort: 8080, mdns: false });
  const words = serverArguments(house, "den").join(" ");
  expect(words).toContain(`--source pipe://${house.fifo}?name=Music&mode=create --fallback demo`);
  expect(words).toContain("--http-port 8080");
  expect(words).toContain("--no-mdns");
  const own = serverArguments(plan({ config: "/etc/tutti/server.yaml" }), "den");
  expect(own).toContain("/etc/tutti/server.yaml");
  expect(own).not.toContain("--source");
});

test("plays into nothing, with a meter, where there is no card", () => {
  const silent = clientArguments(plan({}), { kind: "none", reason: "" }, "den").join(" ");
  expect(silent).toContain("--device null --meter");
  const card = clientArguments(plan({ device: "hw:1" }), { kind: "card" }, "den").join(" ");
  expect(card).toContain("--device hw:1");
  expect(card).not.toContain("--meter");
});
