import { expect, test } from "vitest";
import { type BoardFacts, hintsOf } from "./board-hints.ts";

/** A Raspberry Pi 4 on a cable. */
const STRONG: BoardFacts = {
  memoryMb: 3_800,
  cores: 4,
  governor: "ondemand",
  governorDriver: "cpufreq-dt",
  sleepyInterfaces: [],
  usbSound: false,
};
const whats = (facts: Partial<BoardFacts>) =>
  hintsOf({ ...STRONG, ...facts }).map(({ what }) => what);

test("a board that does has nothing said of it", () => {
  expect(whats({})).toEqual([]);
  expect(whats({ memoryMb: undefined, governor: undefined, governorDriver: undefined })).toEqual(
    [],
  );
});

test("a Raspberry Pi Zero W as it is delivered", () => {
  const zero = { memoryMb: 430, cores: 1, governor: "powersave", sleepyInterfaces: ["wlan0"] };
  expect(whats(zero)).toEqual(["little memory", "one core", "slow clock", "sleeping Wi-Fi"]);
});

test("a laptop whose powersave follows the load", () => {
  expect(whats({ governor: "powersave", governorDriver: "intel_pstate" })).toEqual([]);
});

test("each says what to do, and of which interface", () => {
  const hints = hintsOf({ ...STRONG, sleepyInterfaces: ["wlan0", "wlx1"], usbSound: true });
  expect(hints.map(({ advice }) => advice.split(": ")[1])).toEqual([
    "sudo iw dev wlan0 set power_save off",
    "sudo iw dev wlx1 set power_save off",
  ]);
  expect(hints[0]?.advice).toContain("USB");
});
