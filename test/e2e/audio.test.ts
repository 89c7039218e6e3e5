import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  makeVirtualCards,
  type VirtualCard,
  type VirtualCards,
} from "../virtual-card/virtual-card.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const audioChild = join(import.meta.dirname, "audio-child.mjs");
const RATE_HZ = 48_000;
/** How long a cleared queue takes to fall silent: 5 ms. */
const FADE_FRAMES = 240;
const REALTIME = { policy: 1, priority: 20 };
/** Words before a program that may not run in real time, and what tells whether one may. */
const ORDINARY = ["setpriv", "--bounding-set=-sys_nice"];
const PROBE = ["chrt", "--fifo", `${REALTIME.priority}`, "true"];

let dir: string;
let virtual: VirtualCards;
let music: string;
let shorts: Int16Array;

beforeAll(() => {
  execFileSync(join(root, "node_modules/.bin/tsc"), ["-b", "packages/audio"], { cwd: root });
  dir = mkdtempSync(join(tmpdir(), "tutti-audio-"));
  music = join(dir, "music.s16");
  shorts = noise(3 * RATE_HZ);
  writeFileSync(music, new Uint8Array(shorts.buffer));
  virtual = makeVirtualCards(dir, [
    { name: "kitchen", ppm: 100 },
    { name: "sixteen", ppm: -60, hwFormat: "S16_LE" },
    { name: "stepping", ppm: 30, granularity: 48 },
    { name: "distant", reportedUs: 5_000 },
    { name: "parlour" },
    { name: "microphone", ppm: 80, captures: music },
  ]);
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Interleaved stereo of all 16 bits, never both channels zero: a linear congruential generator. */
function noise(frames: number): Int16Array {
  let state = 1;
  return Int16Array.from({ length: 2 * frames }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 16) - 32_768 || 1;
  });
}

interface Schedule {
  readonly policy: number;
  readonly priority: number;
}

interface Seen {
  readonly error?: { readonly name: string; readonly message: string };
  readonly counters: Record<string, number>;
  readonly records: readonly [frame: number, at: number, cardFrame: number, run: number][];
  readonly predictions: readonly [frame: number, at: number, ppm: number, error: number][];
  readonly latencyMs: number;
  /** When the card goes on, by the line as it was, and once the next frame has its place. (us) */
  readonly at?: number;
  readonly placedAt?: number;
  readonly late?: number;
  readonly captured: string;
  readonly devices: readonly { readonly name: string; readonly hostApi: string }[];
  readonly lost: readonly string[];
  readonly realtime?: boolean;
  readonly threads: readonly Schedule[];
  readonly program?: Schedule;
}

function child(...args: string[]): Promise<Seen & { readonly stderr: string }> {
  return childUnder([], ...args);
}

/** `under`: words before the program. */
async function childUnder(
  under: readonly string[],
  ...args: string[]
): Promise<Seen & { readonly stderr: string }> {
  const [program = "", ...words] = [...under, process.execPath, audioChild, ...args];
  const { stdout, stderr } = await run(program, words, {
    env: { ...process.env, ...virtual.env },
    maxBuffer: 1 << 26,
  });
  return { ...JSON.parse(stdout), stderr };
}

function card(name: string): VirtualCard {
  return virtual.cards.find(({ settings }) => settings.name === name)!;
}

/** The last stream's samples as 16 bits, and the card's frame at which the first that is not silence played. */
function heard(name: string): { first: number; shorts: Int16Array } {
  const start = card(name)
    .events()
    .findLast(({ event }) => event === "start")!.frame;
  const samples = card(name).played(start);
  const lead = samples.findIndex((sample) => sample !== 0) >> 1;
  const played = Int16Array.from(samples.subarray(2 * lead), (sample) => sample * 32_768);
  return { first: start + lead, shorts: played };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

/** What remains is a measurement, printed for whoever tunes. */
function report(what: string, errors: readonly number[]): void {
  const [low, middle, high] = [0.01, 0.5, 0.99].map((q) => quantile(errors, q).toFixed(1));
  console.log(`${what}: p1 ${low}, median ${middle}, p99 ${high} us`);
}

test.each(["kitchen", "sixteen"])("what is written to %s is heard, bit for bit", async (name) => {
  const { counters } = await child("play", name, music);
  const played = heard(name).shorts;
  expect(counters).toMatchObject({ writtenFrames: 3 * RATE_HZ, silentFrames: expect.any(Number) });
  expect(Buffer.compare(bytesOf(played.subarray(0, shorts.length)), bytesOf(shorts))).toBe(0);
});

function bytesOf(samples: Int16Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

test.each([
  ["kitchen", 50, 15, undefined],
  ["sixteen", 50, 15, "256"],
  ["distant", 50, 15, undefined],
  ["stepping", 1_000, 150, undefined],
])("the timing of %s is true", async (name, recordUs, lineUs, framesPerBuffer) => {
  const args = ["play", name, music, "200", "0", ...(framesPerBuffer ? [framesPerBuffer] : [])];
  const { records, predictions } = await child(...args);
  const { first } = heard(name);
  const truth = (frame: number) => card(name).heardAtUs(first + frame);
  const playing = records.filter(([frame]) => frame > 0 && frame < 3 * RATE_HZ);
  const late = playing.map(([frame, at]) => at - truth(frame));
  const line = predictions.slice(predictions.length / 2).map(([frame, at]) => at - truth(frame));
  report(`${name}: records`, late);
  report(`${name}: line`, line);
  // One of each callback, of which three seconds have 112.
  expect(playing.length).toBeGreaterThan(100);
  expect(Math.abs(quantile(late, 0.5))).toBeLessThan(recordUs);
  expect(Math.abs(quantile(line, 0.5))).toBeLessThan(lineUs);
});

test("JavaScript may stop for 150 ms while 200 ms are queued", async () => {
  const { counters } = await child("play", "kitchen", music, "200", "150");
  const { shorts: played } = heard("kitchen");
  expect(counters.underruns).toBe(0);
  expect(Buffer.compare(bytesOf(played.subarray(0, shorts.length)), bytesOf(shorts))).toBe(0);
});

test("nor is a stop heard that is longer than the queue, as long as the card has sound", async () => {
  const { counters } = await child("play", "kitchen", music, "100", "130");
  const { shorts: played } = heard("kitchen");
  expect(counters.underruns).toBe(0);
  expect(Buffer.compare(bytesOf(played.subarray(0, shorts.length)), bytesOf(shorts))).toBe(0);
});

test("JavaScript that stops for longer than queue and card last is counted", async () => {
  const { counters } = await child("play", "kitchen", music, "100", "250");
  expect(counters.silentFrames).toBeGreaterThan(0.1 * RATE_HZ);
  expect(counters.shortCallbacks).toBeGreaterThan(0);
});

test("clear fades out of what is queued and goes on with what is written next", async () => {
  const { counters } = await child("clear", "kitchen", music);
  const { shorts: played } = heard("kitchen");
  const second = 2 * RATE_HZ;
  expect(counters.clearedFrames).toBeGreaterThan(0.5 * RATE_HZ);
  const cleared = second - 2 * counters.clearedFrames!;
  const before = cleared - 2 * FADE_FRAMES;
  expect(
    Buffer.compare(bytesOf(played.subarray(0, before)), bytesOf(shorts.subarray(0, before))),
  ).toBe(0);
  for (let at = 0; at < FADE_FRAMES; at++) {
    const gain = 0.5 + 0.5 * Math.cos((Math.PI * (at + 1)) / (FADE_FRAMES + 1));
    expect(played[before + 2 * at]).toBeCloseTo(gain * shorts[before + 2 * at]!, -1);
  }
  const after = played.subarray(cleared, cleared + shorts.length - second);
  expect(Buffer.compare(bytesOf(after), bytesOf(shorts.subarray(second)))).toBe(0);
});

test.each(["starved", "stopped"])(
  "a card that was %s goes on with the frame that was named, when that was said",
  async (how) => {
    const { at, placedAt, counters } = await child("resume", "parlour", music, how);
    expect(placedAt).toBe(at);
    const second = RATE_HZ;
    const { frame, buffer } = card("parlour")
      .events()
      .findLast(({ event }) => event === "start")!;
    const before =
      how === "stopped" ? 0 : heard("parlour").first - frame + second / 2 + FADE_FRAMES;
    const played = card("parlour").played(frame + before);
    const silent = played.findIndex((sample) => sample !== 0) >> 1;
    expect(Math.abs(at! - card("parlour").heardAtUs(frame + before + silent))).toBeLessThan(50);
    const rest = Int16Array.from(played.subarray(2 * silent), (sample) => sample * 32_768);
    const wanted = shorts.subarray(second, 3 * second);
    expect(Buffer.compare(bytesOf(rest.subarray(0, wanted.length)), bytesOf(wanted))).toBe(0);
    if (how === "stopped") {
      expect(counters.underruns).toBeGreaterThan(0);
      // Before anything can be heard it used to be handed as much as it holds.
      expect(silent).toBeLessThan(buffer);
    }
  },
);

test("nothing is heard of what was to go on with a frame that had gone by, and that is counted", async () => {
  const { late } = await child("resume", "parlour", music, "starved", "too late");
  expect(late).toBe(1);
  const { first } = heard("parlour");
  const rest = card("parlour").played(first + RATE_HZ / 2 + FADE_FRAMES);
  expect(rest.length).toBeGreaterThan(RATE_HZ / 10);
  expect(rest.findIndex((sample) => sample !== 0)).toBe(-1);
});

test("capture brings what the card delivered, and when", async () => {
  const { captured, records, counters } = await child("capture", "microphone", "1500");
  const bytes = Buffer.from(captured, "base64");
  const start = card("microphone")
    .events("capture")
    .findLast(({ event }) => event === "start")!;
  const late = records.map(
    ([frame, at]) => at - card("microphone").capturedAtUs(start.frame + frame),
  );
  report("microphone: records", late);
  expect(bytes.length).toBeGreaterThan(4 * RATE_HZ);
  expect(Buffer.compare(bytes, bytesOf(shorts).subarray(0, bytes.length))).toBe(0);
  expect(counters).toMatchObject({ lostFrames: 0, overruns: 0 });
  expect(Math.abs(quantile(late, 0.5))).toBeLessThan(50);
});

function succeeds([program = "", ...words]: readonly string[]): boolean {
  return spawnSync(program, words).status === 0;
}

test.for([
  ["output", "kitchen"],
  ["input", "microphone"],
] as const)(
  "the thread of an %s runs in real time, and no other",
  async ([side, name], { skip }) => {
    skip(!succeeds(PROBE), "real-time priority is not permitted here");
    const { threads, realtime } = await child("schedule", side, name);
    expect(realtime).toBe(true);
    expect(threads.filter(({ policy }) => policy !== 0)).toEqual([REALTIME]);
  },
);

test("a thread that may not run in real time plays as it is", async ({ skip }) => {
  skip(!succeeds([...ORDINARY, "true"]), "only root can give up the permission for real time");
  skip(succeeds([...ORDINARY, ...PROBE]), "a resource limit permits real time to everybody");
  const { threads, realtime } = await childUnder(ORDINARY, "schedule", "output", "kitchen");
  expect(realtime).toBe(false);
  expect(threads.filter(({ policy }) => policy !== 0)).toEqual([]);
});

test("JavaScript's thread runs in real time below the card's, and no program started from it", async ({
  skip,
}) => {
  skip(!succeeds(PROBE), "real-time priority is not permitted here");
  const { threads, program } = await childUnder([], "hurry", "10000");
  expect(threads.filter(({ policy }) => policy !== 0)).toEqual([{ policy: 2, priority: 10 }]);
  expect(program).toEqual({ policy: 0, priority: 0 });
});

test("a program that was told to stand back does not hurry", async () => {
  const { threads } = await childUnder(["nice", "-n", "5"], "hurry", "500");
  expect(threads.filter(({ policy }) => policy !== 0)).toEqual([]);
});

test("the list names the cards, and nobody writes to stderr for it", async () => {
  const { devices, stderr } = await child("list");
  expect(devices).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        name: "kitchen",
        hostApi: "ALSA",
        outputChannels: 2,
        inputChannels: 0,
      }),
      expect.objectContaining({ name: "default", isDefaultOutput: true }),
      expect.objectContaining({ name: "microphone", outputChannels: 0, inputChannels: 2 }),
    ]),
  );
  expect(stderr).toBe("");
});

test.each(["cellar", "hw:CARD=Cellar"])("%s is missing", async (device) => {
  const { error, stderr } = await child("open", device);
  expect(error).toMatchObject({
    name: "DeviceMissing",
    message: expect.stringMatching(/there are .*"kitchen"/),
  });
  expect(stderr).toBe("");
});

/** A process that plays on the card until it is gone, or stopped. */
async function playing(scenario: string, device: string): Promise<ChildProcess> {
  const program = spawn(process.execPath, [audioChild, scenario, device], {
    env: { ...process.env, ...virtual.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  await new Promise((resolve) => program.stderr?.once("data", resolve));
  return program;
}

test("a card on which another process plays is busy", async () => {
  const other = await playing("hold", "kitchen");
  const { error, stderr } = await child("open", "kitchen");
  other.kill();
  expect(error).toMatchObject({
    name: "DeviceBusy",
    message: expect.stringMatching(/"kitchen" is in use/),
  });
  expect(stderr).toBe("");
});

test.each([
  ["in an underrun", "the device stopped"],
  ["disconnected", "the device asks for nothing any more"],
] as const)(
  "a card unplugged %s is reported, and opens again when it is back",
  async (how, reason) => {
    const player = await playing("unplug", "parlour");
    let said = "";
    player.stdout?.on("data", (text) => {
      said += text;
    });
    card("parlour").unplug(how);
    await new Promise((resolve) => player.once("close", resolve));
    expect(JSON.parse(said)).toEqual({ lost: [reason] });
    expect((await child("open", "parlour")).error?.name).toBe("DeviceMissing");
    card("parlour").plug();
    expect((await child("open", "parlour")).error).toBeUndefined();
  },
);
