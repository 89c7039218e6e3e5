import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readBoard } from "./board.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tutti-board-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

test("reads what Linux tells", async () => {
  put("proc/meminfo", "MemTotal:         443080 kB\nMemFree:           10240 kB\n");
  put("proc/asound/cards", " 0 [D10   ]: USB-Audio - D10\n");
  put("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
  put("sys/devices/system/cpu/cpu0/cpufreq/scaling_driver", "cpufreq-dt\n");
  put("sys/class/net/eth0/operstate", "up\n");
  expect(await readBoard(root)).toMatchObject({
    ...{ memoryMb: 433, governor: "powersave", governorDriver: "cpufreq-dt", usbSound: true },
    sleepyInterfaces: [],
  });
});

test("a machine that tells nothing", async () => {
  expect(await readBoard(root)).toMatchObject({
    ...{ memoryMb: undefined, governor: undefined, usbSound: false, sleepyInterfaces: [] },
  });
});
