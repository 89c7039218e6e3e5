import { expect, test } from "vitest";
import { parseMixer } from "./mixer-choice.ts";

test.each([
  ["software", { kind: "software" }],
  ["software:poly", { kind: "software", curve: "cubic" }],
  ["software:poly:3", { kind: "software", curve: "cubic" }],
  ["software:exp", { kind: "software", curve: "exponential" }],
  ["hardware", { kind: "hardware", control: "PCM" }],
  ["hardware:Digital", { kind: "hardware", control: "Digital" }],
  ["hardware:Line Out", { kind: "hardware", control: "Line Out" }],
  ["script:/usr/local/bin/vol.sh", { kind: "script", path: "/usr/local/bin/vol.sh" }],
  ["none", { kind: "none" }],
])("%s", (text, choice) => {
  expect(parseMixer(text)).toEqual(choice);
});

test.each(["", "hard", "software:loud", "software:poly:2.5", "script:", "script:vol.sh", "none:x"])(
  "%j is no mixer",
  (text) => {
    expect(() => parseMixer(text)).toThrow(/allowed: software\[:poly/);
  },
);
