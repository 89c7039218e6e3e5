import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ClientEvent } from "./log-events.ts";
import { checkMixer, Mixer, mixerDevice, type OutsideChoice } from "./mixer.ts";

const PATIENCE = { timeout: 50_000 };

let directory: string;
let events: ClientEvent[];
let turned: [volumePercent: number, muted: boolean][];
let mixers: Mixer[];
/** How often a mixer heard what the card says. */
let levels: number;
beforeEach(() => {
  [turned, mixers, levels] = [[], [], 0];
  directory = mkdtempSync(join(tmpdir(), "tutti-mixer-"));
  events = [];
});
afterEach(async () => {
  for (const each of mixers) await each.end();
  rmSync(directory, { recursive: true });
});

/** A program that notes its arguments, then does as told. Of a card it says what is in `level`, and what comes to `events`. */
function program(...lines: string[]): string {
  const path = join(directory, "program");
  const at = (name: string) => join(directory, name);
  for (const name of ["level", "events"]) appendFileSync(at(name), "");
  const card = [
    'case "$*" in',
    `*sevents) exec tail -n +1 -f ${at("events")};;`,
    `*sget*) cat ${at("level")}; exit;;`,
    "esac",
  ];
  const note = `echo "$@" >> ${at("told")}`;
  writeFileSync(path, ["#!/bin/sh", ...card, note, ...lines, ""].join("\n"));
  chmodSync(path, 0o755);
  return path;
}

function told(): string[] {
  const path = join(directory, "told");
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
}

function mixer(choice: OutsideChoice, amixer = "/none"): Mixer {
  const onEvent = (event: ClientEvent) => {
    if (event.kind === "card level") levels++;
    else events.push(event);
  };
  const device = "plughw:CARD=USB,DEV=0";
  // Nothing here rests on how fast the machine is.
  const setLocally = (volumePercent: number, muted: boolean) => {
    turned.push([volumePercent, muted]);
    // As the player does.
    set.on(settings(volumePercent, muted));
  };
  const options = { choice, device, max: 80, amixer, timeoutMs: 60_000, onEvent, setLocally };
  const set = new Mixer(options);
  mixers.push(set);
  return set;
}

/** The card says so from now on, and that something happened. */
function say(percent: number, on = true): void {
  const line = `  Mono: Playback 7 [${percent}%] [-3.00dB] [${on ? "on" : "off"}]\n`;
  writeFileSync(join(directory, "level"), line);
  appendFileSync(join(directory, "events"), "Poll ok: 0\nevent value: 'PCM',0\n");
}

function settings(volumePercent: number, muted = false): ClientEvent {
  return { kind: "settings", bufferMs: 1_000, latencyMs: 0, volumePercent, muted };
}

test("a script is called as Snapcast calls it, up to the loudest volume", async () => {
  const set = mixer({ kind: "script", path: program() });
  const first = "--volume 0.4 --mute false";
  set.on(settings(40));
  await expect.poll(told, PATIENCE).toEqual([first]);
  set.on(settings(100, true));
  await expect.poll(told, PATIENCE).toEqual([first, "--volume 0.8 --mute true"]);
});

test("a hand that drags it is followed, and the last place counts", async () => {
  const set = mixer({ kind: "script", path: program("sleep 0.05") });
  for (let percent = 1; percent <= 50; percent++) set.on(settings(percent));
  await expect
    .poll(told, PATIENCE)
    .toEqual(["--volume 0.01 --mute false", "--volume 0.5 --mute false"]);
});

test("a control of the card is set in amixer's words, again when the card is back", async () => {
  const set = mixer({ kind: "hardware", control: "Line Out" }, program());
  const opened = { device: "card", latencyMs: 10, rateHz: 48_000, channels: 2 };
  set.on({ kind: "output opened", ...opened });
  set.on(settings(40));
  const line = "-q -M -D hw:USB sset Line Out 40% unmute";
  await expect.poll(told, PATIENCE).toEqual([line]);
  set.on({ kind: "output opened", ...opened });
  await expect.poll(told, PATIENCE).toEqual([line, line]);
  expect(events).toEqual([]);
});

test("what is turned at the card is told, and what we set there is not, whatever it reads back", async () => {
  const set = mixer({ kind: "hardware", control: "PCM" }, program());
  say(43);
  set.on(settings(40));
  await expect.poll(() => levels, PATIENCE).toBeGreaterThan(0);
  const line = (percent: number) => `-q -M -D hw:USB sset PCM ${percent}% unmute`;
  expect([told(), turned]).toEqual([[line(40)], []]);
  const hand = async (percent: number, on: boolean, count: number) => {
    say(percent, on);
    await expect.poll(() => turned.length, PATIENCE).toBe(count);
  };
  await hand(60, true, 1);
  await hand(60, false, 2);
  await hand(60, true, 3);
  expect(turned).toEqual([
    [60, false],
    [60, true],
    [60, false],
  ]);
  // Nothing of that came back to the card; louder than it may be it does not stay.
  expect(told()).toEqual([line(40)]);
  const seen = levels;
  await hand(95, true, 4);
  expect(turned.at(-1)).toEqual([80, false]);
  await expect.poll(told, PATIENCE).toEqual([line(40), line(80)]);
  await expect.poll(() => levels, PATIENCE).toBeGreaterThan(seen + 1);
  expect(turned).toHaveLength(4);
});

test("what a server muted stays muted when the card is turned", async () => {
  const set = mixer({ kind: "hardware", control: "PCM" }, program());
  say(40);
  set.on(settings(40, true));
  await expect.poll(() => levels, PATIENCE).toBeGreaterThan(0);
  say(50);
  await expect.poll(() => turned, PATIENCE).toEqual([[50, true]]);
});

test("a control that is not there is told once, with those that are", async () => {
  const list = "echo \"Simple mixer control 'Master',0\"; echo \"Simple mixer control 'Mic',1\"";
  const amixer = program(
    `if [ "$3" = scontrols ]; then ${list}; else echo no such >&2; exit 1; fi`,
  );
  const set = mixer({ kind: "hardware", control: "PCM" }, amixer);
  set.on(settings(40));
  await set.end();
  await expect.poll(() => events, PATIENCE).toHaveLength(1);
  set.on(settings(41));
  await set.end();
  await expect
    .poll(() => events, PATIENCE)
    .toEqual([
      {
        kind: "mixer failed",
        mixer: "PCM of hw:USB",
        reason: "no such",
        controls: ["Master", "Mic"],
      },
    ]);
});

test("without amixer it says so", async () => {
  const set = mixer({ kind: "hardware", control: "PCM" });
  set.on(settings(40));
  await set.end();
  await expect
    .poll(() => events, PATIENCE)
    .toEqual([{ kind: "mixer failed", mixer: "PCM of hw:USB", reason: "/none: ENOENT" }]);
});

test("a script that is not there is the user's mistake", () => {
  expect(() => checkMixer({ kind: "script", path: "/none" })).toThrow(
    "volume.mixer: /none is not there",
  );
});

test.each([
  ["default", "default"],
  ["pulse", "default"],
  ["hw:0", "hw:0"],
  ["plughw:1,0", "hw:1"],
  ["hw:CARD=sndrpihifiberry", "hw:sndrpihifiberry"],
  ["sysdefault:CARD=USB,DEV=0", "hw:USB"],
  ["USB Audio: - (hw:2,0)", "hw:2"],
])("the mixer of %s is %s", (device, its) => {
  expect(mixerDevice(device)).toBe(its);
});
