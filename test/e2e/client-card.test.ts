import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  makeVirtualCards,
  type VirtualCard,
  type VirtualCards,
} from "../virtual-card/virtual-card.ts";
import { TuttiClient } from "./harness/client.ts";
import { channelOf, firstSound, gaps, locateAll } from "./harness/compare.ts";
import { Feeder } from "./harness/feeder.ts";
import { music, RATE_HZ, toPcm16 } from "./harness/music.ts";
import type { Running } from "./harness/running.ts";
import { fifoIn, startSnapserver } from "./harness/snapserver.ts";

const CARD_PPM = 200;
/** What a client may be wrong by, who learns a stock server's clock: a fifth of a millisecond in the piece judged. */
const PACE_PPM = 50;
/** Short, as the card's time runs away from the music's within a piece. */
const PIECE = RATE_HZ / 20;
const SETTLING = 3 * RATE_HZ;

let directory: string;
let virtual: VirtualCards;
let feeder: Feeder;
let server: { readonly process: Running; readonly port: number };
let client: TuttiClient | undefined;
const original = music(48);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "tutti-card-"));
  virtual = makeVirtualCards(directory, [
    { name: "room", ppm: CARD_PPM },
    { name: "attic" },
    { name: "den" },
    { name: "hall" },
  ]);
  feeder = new Feeder(fifoIn(directory), toPcm16(original));
  server = await startSnapserver({ directory, codec: "flac" });
});
afterEach(async () => {
  await client?.stop();
  client = undefined;
});
afterAll(async () => {
  await server.process.stop("SIGKILL");
  feeder.stop();
  rmSync(directory, { recursive: true });
});

function playOn(card: string): TuttiClient {
  const flags = ["--device", card];
  client = new TuttiClient({ directory, port: server.port, flags, environment: virtual.env });
  return client;
}

function cardNamed(name: string): VirtualCard {
  const card = virtual.cards.find(({ settings }) => settings.name === name);
  if (!card) throw new Error(`there is no card ${name}`);
  return card;
}

function heardOn(card: VirtualCard, first = 0): Float32Array {
  return channelOf(card.played(first), 0);
}

test("through a card that runs fast: every frame once, at the music's pace", async () => {
  const playing = playOn("room");
  await playing.event("started");
  await pause(7_000);
  expect(await playing.stop()).toBe(0);
  const card = cardNamed("room");
  const all = heardOn(card);
  const heard = all.subarray(firstSound(all));
  const ran = playing.process.lines.filter(({ text }) => text.includes('"msg":"underrun"'));
  expect(ran).toEqual([]);
  expect(gaps(heard, 10)).toEqual([]);
  // The last pieces are those of the fade-out and what lies behind it.
  const matches = locateAll(channelOf(original, 0), heard, PIECE)
    .filter(({ frame }) => frame >= SETTLING)
    .slice(0, -2);
  expect(matches.length).toBeGreaterThan(20);
  expect(matches.filter(({ correlation }) => correlation < 0.999)).toEqual([]);
  const [first, last] = [matches[0]!, matches.at(-1)!];
  const pace = (last.position - first.position) / (last.frame - first.frame);
  expect((1 - pace) * 1e6).toBeGreaterThan(CARD_PPM - PACE_PPM);
  expect((1 - pace) * 1e6).toBeLessThan(CARD_PPM + PACE_PPM);
});

/** Longer than queue and card last, and shorter than the server has patience. */
const STOPPED_MS = 1_000;

test("a client that was stopped is heard before a whole buffer of the card is over, and in its place", async () => {
  const playing = playOn("hall");
  await playing.event("started");
  await pause(2_000);
  playing.process.child.kill("SIGSTOP");
  await pause(STOPPED_MS);
  playing.process.child.kill("SIGCONT");
  await playing.event("underrun");
  await pause(1_000);
  expect(await playing.stop()).toBe(0);
  const card = cardNamed("hall");
  const all = heardOn(card);
  const ranDry = card.events().find(({ event }) => event === "underrun")!.frame;
  const sounds = ranDry + STOPPED_MS * 0.4 * (RATE_HZ / 1_000);
  const again = sounds + firstSound(all.subarray(sounds));
  const { frame, buffer } = card
    .events()
    .findLast((event) => event.event === "start" && event.frame < again)!;
  expect(again - frame).toBeLessThan(buffer);
  const place = (first: number) =>
    locateAll(channelOf(original, 0), all.subarray(first, first + PIECE), PIECE)[0]!;
  const [before, after] = [ranDry - 2 * PIECE, again + PIECE].map((first) => {
    const { position, correlation } = place(first);
    expect(correlation).toBeGreaterThan(0.99);
    return position - first;
  });
  expect(Math.abs(after! - before!)).toBeLessThan(RATE_HZ / 1_000);
});

test("a card that is unplugged is waited for, and plays again when it is back", async () => {
  const playing = playOn("attic");
  await playing.event("started");
  const card = cardNamed("attic");
  card.unplug("disconnected");
  await playing.event("output lost");
  await playing.event("output unavailable");
  const seen = playing.process.lines.length;
  const silent = heardOn(card).length;
  card.plug();
  await playing.event("output opened", seen);
  await playing.event("started", seen);
  await pause(1_500);
  const heard = heardOn(card, silent);
  expect(firstSound(heard)).toBeGreaterThanOrEqual(0);
  const sounding = heard.subarray(firstSound(heard));
  const [match] = locateAll(channelOf(original, 0), sounding.subarray(PIECE), PIECE);
  expect(match?.correlation).toBeGreaterThan(0.99);
});

test("without music the amplifier is switched off and the card closed; both are back before the next sound", async () => {
  const told = join(directory, "told");
  const hook = join(directory, "amplifier");
  writeFileSync(hook, `#!/bin/sh\necho "$TUTTI_EVENT $TUTTI_CLIENT" >> ${told}\n`, { mode: 0o755 });
  const config = join(directory, "den.yaml");
  const hooks = `{ play: ${hook}, idle: ${hook}, idleAfterMs: 200 }`;
  const output = "{ prerollMs: 300, releaseAfterMs: 100 }";
  const volume = '{ start: 40, mixer: "hardware:Digital" }';
  writeFileSync(config, `name: Den\nhooks: ${hooks}\noutput: ${output}\nvolume: ${volume}\n`);
  const flags = ["--device", "den", "--config", config];
  client = new TuttiClient({ directory, port: server.port, flags, environment: virtual.env });
  await client.event("started");
  feeder.stop();
  await client.event("idle");
  await client.event("output released");
  const card = cardNamed("den");
  const before = heardOn(card).length;
  const seen = client.process.lines.length;
  feeder = new Feeder(fifoIn(directory), toPcm16(original));
  await client.event("started", seen);
  await pause(700);
  expect(await client.stop()).toBe(0);
  expect(readFileSync(told, "utf8")).toBe("play Den\nidle Den\nplay Den\nidle Den\n");
  // A buffer lies between the first chunk and its sound: neither the card nor the pre-roll cost any music.
  const heard = heardOn(card, before);
  const sounding = heard.subarray(firstSound(heard));
  // Its first pieces are those of a source, a clock and a card that have just begun.
  const begun = 6 * PIECE;
  const piece = sounding.subarray(begun, begun + PIECE);
  const [match = { position: 0, correlation: 0 }] = locateAll(channelOf(original, 0), piece, PIECE);
  expect(match.correlation).toBeGreaterThan(0.99);
  expect(match.position - begun).toBeLessThan(RATE_HZ / 5);
  // The level was made by the card's control, none of it in the samples.
  expect(readFileSync(virtual.mixer, "utf8")).toBe("80 1\n");
  const peak = (samples: Float32Array) => samples.reduce((most, each) => Math.max(most, each), 0);
  expect(peak(sounding)).toBeGreaterThan(0.5 * peak(channelOf(original, 0)));
});

test("cards are listed by number and name", async () => {
  const lister = new TuttiClient({
    directory,
    flags: ["--list-devices"],
    environment: virtual.env,
  });
  expect(await lister.process.ended).toBe(0);
  expect(lister.process.text).toMatch(/^\*? +\d+ +room +\(2 channels/m);
  expect(lister.process.text).toMatch(/^\*? +\d+ +attic/m);
});
