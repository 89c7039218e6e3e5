import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Feeder } from "./harness/feeder.ts";
import { music, toPcm16 } from "./harness/music.ts";
import { freePort } from "./harness/ports.ts";
import { Running } from "./harness/running.ts";

const CLI = join(import.meta.dirname, "../../packages/cli/dist/bundle/main.cjs");

const folder = mkdtempSync(join(tmpdir(), "tutti-up-"));
const ports: string[] = [];
let controlPort = 0;
let house: Running;

function tutti(...words: string[]): Running {
  return new Running(process.execPath, [CLI, ...words], { XDG_RUNTIME_DIR: folder });
}

function up(stateDir: string): Running {
  return tutti(
    "up",
    "--state-dir",
    join(folder, stateDir),
    "--device",
    "null",
    "--no-mdns",
    ...ports,
  );
}

beforeAll(async () => {
  for (const flag of ["--stream-port", "--control-port", "--http-port"]) {
    ports.push(flag, `${await freePort()}`);
  }
  controlPort = Number(ports[3]);
  mkdirSync(join(folder, "tutti"));
  house = up("one");
  await house.line(/Sound/);
});

afterAll(async () => {
  await house.stop("SIGINT");
  rmSync(folder, { recursive: true });
});

/** Peak of the left channel in a line of the meter. (dB) */
const METER = /^\W*L .* (-?\d+\.\d) dB {2}R/;

test("says where everything is, and the demo plays at once", async () => {
  expect(house.text).toContain(join(folder, "tutti/music.fifo"));
  const { text } = await house.line(/L .*█/);
  expect(Number(METER.exec(text)?.[1])).toBeGreaterThan(-40);
});

test("a second one with the same state says that the first is there", async () => {
  const second = up("one");
  expect(await second.ended).toBe(1);
  expect(second.text).toContain(`already up here, as process ${house.pid}`);
});

test("a second one with the same ports says who has them and which flag helps", async () => {
  const second = up("two");
  expect(await second.ended).toBe(1);
  expect(second.text).toMatch(
    /port \d+ is taken by another Tutti server \(process \d+\); --stream-port/,
  );
});

test("status shows the room and its stream", async () => {
  const status = tutti("status", "--server", `:${controlPort}`);
  expect(await status.ended).toBe(0);
  // The source is silent, and this is what is heard.
  expect(status.text).toMatch(/Music +demo/);
  // "connected" until the client's first report.
  expect(status.text).toMatch(/100 % +(in sync|connected)/);
});

test("what is written into the FIFO takes the demo's place", async () => {
  const from = house.lines.length;
  const quiet = music(6).map((sample) => sample * 0.01);
  const feeder = new Feeder(join(folder, "tutti/music.fifo"), toPcm16(quiet));
  const { text } = await house.line(/ -(4|5)\d\.\d dB {2}R/, from);
  feeder.stop();
  expect(Number(METER.exec(text)?.[1])).toBeLessThan(-40);
});

test("Ctrl-C ends both, and their ports are free again", async () => {
  house.child.kill("SIGINT");
  expect(await house.ended).toBe(0);
  expect(house.text).toContain("Stopped.");
  const again = up("two");
  await again.line(/Sound/);
  expect(await again.stop("SIGTERM")).toBe(0);
});
