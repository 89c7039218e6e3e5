import { expect, test } from "vitest";
import { DeviceMissing } from "./device-errors.ts";
import { type Device, findDevice } from "./devices.ts";

function device(index: number, name: string, more: Partial<Device> = {}): Device {
  return {
    index,
    name,
    hostApi: "ALSA",
    outputChannels: 2,
    inputChannels: 0,
    defaultRateHz: 48_000,
    isDefaultOutput: false,
    isDefaultInput: false,
    ...more,
  };
}

const devices = [
  device(0, "snd_rpi_hifiberry_dac: HiFiBerry DAC HiFi (hw:1,0)"),
  device(1, "USB Audio Device: - (hw:2,0)", { inputChannels: 1 }),
  device(2, "USB Microphone: - (hw:3,0)", { outputChannels: 0, inputChannels: 1 }),
  device(4, "kitchen"),
  device(5, "kitchen-left"),
  device(7, "default", { isDefaultOutput: true, isDefaultInput: true, inputChannels: 2 }),
];
const cards = [
  { index: 1, id: "sndrpihifiberry" },
  { index: 2, id: "Device" },
];

test.each([
  ["output", "4", 4],
  ["output", "kitchen", 4],
  ["output", "left", 5],
  ["output", "HIFIBERRY", 0],
  ["output", "hw:CARD=sndrpihifiberry", 0],
  ["output", "hw:CARD=sndrpihifiberry,DEV=0", 0],
  ["output", "hw:2,0", 1],
  ["output", "snd_rpi_hifiberry_dac: HiFiBerry DAC HiFi (hw:1,0)", 0],
  ["output", "snd_rpi_hifiberry_dac: HiFiBerry DAC HiFi (hw:0,0)", 0],
  ["output", "default", 7],
  ["input", "USB Microphone", 2],
  ["input", "default", 7],
  ["input", "1", 1],
] as const)("%s %s", (direction, wanted, index) => {
  expect(findDevice(devices, direction, wanted, cards).index).toBe(index);
});

test.each([
  ["output", "cellar", /no sound output "cellar"; there are 0 "snd_rpi.*4 "kitchen"/],
  ["output", "USB Microphone", /no sound output "USB Microphone"/],
  ["output", "3", /no sound output "3"/],
  ["output", "2", /no sound output "2"/],
  ["output", "kit", /"kit" may be any of 4 "kitchen", 5 "kitchen-left"/],
  ["input", "usb", /"usb" may be any of 1 .*, 2 /],
  ["output", "hw:CARD=sndrpihifiberry,DEV=1", /no sound output/],
] as const)("%s %s is none", (direction, wanted, message) => {
  expect(() => findDevice(devices, direction, wanted, cards)).toThrow(message);
  expect(() => findDevice(devices, direction, wanted, cards)).toThrow(DeviceMissing);
});

test("a machine without any", () => {
  expect(() => findDevice([], "output", "default")).toThrow(/no sound output "default", nor any/);
});
