import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TuttiClient } from "./harness/client.ts";
import { channelOf, firstSound, gaps, locateAll } from "./harness/compare.ts";
import { music, RATE_HZ, toPcm16 } from "./harness/music.ts";
import { Running } from "./harness/running.ts";
import { fifoIn } from "./harness/snapserver.ts";
import { startTuttiServer, type TuttiServer } from "./harness/tutti-server.ts";

/*
 * A server ends while music plays, and is started again. Of what it had read, the part of a chunk dies with it and, if it is killed,
 * what it held back for the next bundle; nothing else of what was written may be missing.
 */

const WRITER = fileURLToPath(new URL("harness/live-writer.mjs", import.meta.url));
const CHUNK_MS = 25;
const BUNDLE_MS = 100;
/** What ends for want of more decays within so long, and is no music. (ms) */
const DECAY_MS = 15;
/** By then a writer counts as live, and its pipe is large. (ms) */
const STEADY_AFTER_MS = 9_000;
const MS = RATE_HZ / 1_000;
/** From recording to hearing: by then a server is back that was away for a second, on a busy machine, too. */
const LONG_BUFFER_MS = 2_500;
const BUFFER_MS = 1_000;
/** Enough to be found in the original. (frames) */
const PIECE = 125 * MS;
/** Pieces that the one seam may be in. */
const UNSURE_MAX = 3;

let directory: string;
const ends: (() => unknown)[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tutti-live-writer-"));
});
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
  rmSync(directory, { recursive: true });
});

async function serve(bufferMs: number, port?: number): Promise<TuttiServer> {
  const again = port === undefined ? [] : ["--stream-port", `${port}`];
  const flags = ["--codec", "pcm", "--buffer", `${bufferMs}`, ...again];
  const server = await startTuttiServer({ directory, flags });
  ends.push(() => server.process.stop("SIGKILL"));
  return server;
}

/** Music in a file, and one channel of it. */
function record(): { readonly original: Float32Array; readonly file: string } {
  const samples = music(24);
  const file = join(directory, "music.raw");
  writeFileSync(file, toPcm16(samples));
  return { original: channelOf(samples, 0), file };
}

/** How long it was silent once music had begun, and how much of the original is missing from there to the end. (ms) */
function missing(original: Float32Array, recording: Float32Array) {
  const heard = recording.subarray(firstSound(recording));
  const silentMs = gaps(heard, MS).reduce((sum, frames) => sum + frames, 0) / MS;
  const pieces = locateAll(original, heard, PIECE).slice(0, -2);
  const sure = pieces.filter(({ correlation }) => correlation > 0.99);
  const shifts = sure.map(({ position, frame }) => (position - frame) / MS);
  const movedMs = shifts.at(-1)! - shifts[0]!;
  const settled = shifts.filter(
    (shift) => Math.min(Math.abs(shift - shifts[0]!), Math.abs(shift - shifts.at(-1)!)) < 1,
  );
  return { silentMs, movedMs, unsure: pieces.length - settled.length };
}

test.each([
  ["is killed", "SIGKILL", CHUNK_MS + BUNDLE_MS],
  ["is stopped, as for an update", "SIGTERM", CHUNK_MS],
] as const)(
  "a live writer's music goes on in its place when the server %s and nobody reads for longer than a usual pipe holds",
  async (_, signal, lostMsMax) => {
    const { original, file } = record();
    const server = await serve(LONG_BUFFER_MS);
    const writer = new Running(process.execPath, [WRITER, file, fifoIn(directory)]);
    ends.push(() => writer.stop("SIGKILL"));
    const client = new TuttiClient({ directory, port: server.port });
    ends.push(() => client.stop());
    await client.event("started");
    await pause(STEADY_AFTER_MS);
    await server.process.stop(signal);
    await pause(1_000);
    await serve(LONG_BUFFER_MS, server.port);
    await pause(4_000);

    expect(writer.text).not.toContain("no room");
    expect(client.process.text).not.toContain("late chunks");
    const { silentMs, movedMs, unsure } = missing(original, client.heard());
    console.log(
      `a live writer, ${signal}: silent for ${silentMs.toFixed(1)} ms, moved by ${movedMs.toFixed(1)}`,
    );
    expect(silentMs).toBeLessThan(lostMsMax);
    // The time line is the one before, as far as the first arrivals at a server that starts tell.
    expect(Math.abs(movedMs)).toBeLessThan(5);
    expect(unsure).toBeLessThanOrEqual(UNSURE_MAX);
  },
);

test("nothing is lost of one that waits for room, whose pipe stays as it is", async () => {
  const { original, file } = record();
  const server = await serve(BUFFER_MS);
  // Its own end for reading, too: it waits while there is no server.
  const write = 'exec 3<>"$1"; exec cat "$0" >&3';
  const writer = new Running("sh", ["-c", write, file, fifoIn(directory)]);
  ends.push(() => writer.stop("SIGKILL"));
  const client = new TuttiClient({ directory, port: server.port });
  ends.push(() => client.stop());
  await client.event("started");
  await pause(4_000);
  await server.process.stop("SIGKILL");
  await serve(BUFFER_MS, server.port);
  await pause(5_000);

  const { silentMs, movedMs, unsure } = missing(original, client.heard());
  const lostMs = silentMs + movedMs;
  console.log(`one that waits: silent for ${silentMs.toFixed(1)} ms, ${lostMs.toFixed(1)} lost`);
  expect(lostMs).toBeGreaterThan(-DECAY_MS);
  expect(lostMs).toBeLessThan(CHUNK_MS + BUNDLE_MS);
  expect(unsure).toBeLessThanOrEqual(UNSURE_MAX);
});
