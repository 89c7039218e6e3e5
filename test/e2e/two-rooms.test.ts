import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeVirtualCards, type VirtualCard } from "../virtual-card/virtual-card.ts";
import { CLIENT_MAIN } from "./harness/client.ts";
import { channelOf, firstSound, gaps, locateAll } from "./harness/compare.ts";
import { music, RATE_HZ, toPcm16 } from "./harness/music.ts";
import { Running } from "./harness/running.ts";
import { fifoIn } from "./harness/snapserver.ts";
import { startTuttiServer, type TuttiServer } from "./harness/tutti-server.ts";

const PIECE = RATE_HZ / 10;
const SETTLING = 3 * RATE_HZ;
const PLAY_MS = 9_000;
/** What nobody hears as two. The bench measures how much better it is. (us) */
const APART_MAX_US = 1_000;
/** Another boot's worth of uptime for one room. */
const CLOCK_AHEAD_S = 100_000;
const AHEAD = ["unshare", "--time", "--monotonic", `${CLOCK_AHEAD_S}`];
const canShiftTime = spawnSync(AHEAD[0]!, [...AHEAD.slice(1), "true"]).status === 0;

let directory: string;
const running: Running[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tutti-two-rooms-"));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
  rmSync(directory, { recursive: true });
});

/** Speech over music, in files of the kinds that people have. */
function record(): { readonly path: string; readonly pcm: Float32Array } {
  const [speech, tune, whole] = ["speech.wav", "tune.raw", "whole.wav"].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  const text = "The same music in every room, at the same moment. ".repeat(6);
  execFileSync("espeak-ng", ["-w", speech, text]);
  execFileSync("sh", ["-c", 'cat > "$0"', tune], { input: toPcm16(music(25)) });
  const raw = ["-f", "s16le", "-ar", `${RATE_HZ}`, "-ac", "2"];
  const mix = ["-filter_complex", "[0]aresample=48000[s];[1][s]amix=duration=first:weights=2 1"];
  ffmpeg([...["-i", speech], ...raw, "-i", tune, ...mix, "-t", "25", "-ar", `${RATE_HZ}`, whole]);
  const decoded = join(directory, "whole.raw");
  ffmpeg(["-i", whole, ...raw, decoded]);
  const bytes = readFileSync(decoded);
  const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  return { path: whole, pcm: Float32Array.from(samples, (sample) => sample / 32_768) };
}

function ffmpeg(args: readonly string[]): void {
  execFileSync("ffmpeg", ["-nostdin", "-loglevel", "error", "-y", ...args]);
}

function playFile(path: string): void {
  const raw = ["-f", "s16le", "-ar", `${RATE_HZ}`, "-ac", "2"];
  const flags = ["-nostdin", "-loglevel", "error", "-y", "-i", path, ...raw, fifoIn(directory)];
  running.push(new Running("ffmpeg", flags));
}

function playIn(
  card: VirtualCard,
  server: TuttiServer,
  env: NodeJS.ProcessEnv,
  under: readonly string[] = [],
): Running {
  const { name } = card.settings;
  const [command = process.execPath, ...args] = [
    ...under,
    ...[process.execPath, CLIENT_MAIN, "--host", "127.0.0.1", "--port", `${server.port}`],
    ...["--id", name, "--device", name, "--state-dir", join(directory, name)],
  ];
  const client = new Running(command, args, env);
  running.push(client);
  return client;
}

/** Which moment of the recording (s) is heard at which true time (us), and how alike they are. */
function heardBy(card: VirtualCard, original: Float32Array) {
  const all = channelOf(card.played(0), 0);
  const begun = firstSound(all);
  const heard = all.subarray(begun);
  const matches = locateAll(original, heard, PIECE)
    .filter(({ frame }) => frame >= SETTLING)
    .slice(0, -2);
  return {
    gaps: gaps(heard, 10),
    correlations: matches.map(({ correlation }) => correlation),
    points: matches.map(({ frame, position }) => ({
      atUs: card.heardAtUs(begun + frame),
      position: position / RATE_HZ,
    })),
  };
}

/** How far `b` is behind `a`, each time a piece of `b` was heard. (us) */
function apart(a: ReturnType<typeof heardBy>, b: ReturnType<typeof heardBy>): number[] {
  return b.points.flatMap(({ atUs, position }) => {
    const next = a.points.findIndex((point) => point.atUs >= atUs);
    const [before, after] = [a.points[next - 1], a.points[next]];
    if (!before || !after) return [];
    const share = (atUs - before.atUs) / (after.atUs - before.atUs);
    const there = before.position + share * (after.position - before.position);
    return [(there - position) * 1e6];
  });
}

describe.each(["pcm", "flac", "opus:192"])("a real recording through %s", (codec) => {
  test.skipIf(!canShiftTime)(
    "is heard whole and at once in two rooms whose clocks have nothing in common (needs time namespaces)",
    async () => {
      const { path, pcm } = record();
      const { cards, env } = makeVirtualCards(directory, [
        { name: "kitchen", ppm: 25 },
        { name: "attic", ppm: -25, clockAheadS: CLOCK_AHEAD_S },
      ]);
      const [kitchen, attic] = cards as [VirtualCard, VirtualCard];
      const server = await startTuttiServer({ directory, flags: ["--codec", codec] });
      running.push(server.process);
      playFile(path);
      const clients = [playIn(kitchen, server, env), playIn(attic, server, env, AHEAD)];
      await Promise.all(clients.map((client) => client.line(/"msg":"started"/)));
      await pause(PLAY_MS);
      await Promise.all(clients.map((client) => client.stop()));

      const original = channelOf(pcm, 0);
      const rooms = [heardBy(kitchen, original), heardBy(attic, original)] as const;
      for (const room of rooms) {
        expect(room.gaps).toEqual([]);
        expect(room.points.length).toBeGreaterThan(40);
        const alike = codec.startsWith("opus") ? 0.95 : 0.999;
        expect(Math.min(...room.correlations)).toBeGreaterThan(alike);
      }
      const errors = apart(...rooms)
        .map(Math.abs)
        .sort((x, y) => x - y);
      const [median, worst] = [errors[errors.length >> 1]!, errors.at(-1)!];
      console.log(`${codec}: rooms apart by ${median.toFixed(0)} us, at worst ${worst.toFixed(0)}`);
      expect(median).toBeLessThan(APART_MAX_US);
    },
  );
});
