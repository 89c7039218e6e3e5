import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findSound } from "./sound-cards.ts";

function folderWith(...names: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "tutti-snd-"));
  for (const name of names) writeFileSync(join(folder, name), "");
  return folder;
}

test.each([
  { what: "a playback device", names: ["controlC0", "pcmC0D0p"], kind: "card" },
  { what: "capture devices only", names: ["controlC0", "pcmC0D0c"], kind: "none" },
  { what: "nothing but the sequencer", names: ["seq", "timer"], kind: "none" },
])("with $what there is: $kind", ({ names, kind }) => {
  expect(findSound(undefined, {}, folderWith(...names)).kind).toBe(kind);
});

test("without the folder there is no card", () => {
  expect(findSound(undefined, {}, "/no/such/folder").kind).toBe("none");
});

test.each([
  { what: "a device asked for", device: "hw:9", environment: {}, kind: "card" },
  { what: "null asked for", device: "null", environment: {}, kind: "none" },
  {
    what: "a PulseAudio server",
    device: undefined,
    environment: { PULSE_SERVER: "x" },
    kind: "card",
  },
  { what: "an ALSA file", device: undefined, environment: { ALSA_CONFIG_PATH: "x" }, kind: "card" },
])("$what counts more than the folder", ({ device, environment, kind }) => {
  expect(findSound(device, environment, "/no/such/folder").kind).toBe(kind);
});
