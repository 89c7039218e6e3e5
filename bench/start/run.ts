/**
 * From the start of a client's process to the first correct sound, while music plays: each client on
 * each server. Correct is what lies where the sound three seconds later says it must, within 2 ms.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { channelOf, locate } from "../../test/e2e/harness/compare.ts";
import { Feeder } from "../../test/e2e/harness/feeder.ts";
import { music, RATE_HZ, toPcm16 } from "../../test/e2e/harness/music.ts";
import { fifoIn } from "../../test/e2e/harness/snapserver.ts";
import { begin } from "../harness/begin.ts";
import { buildCard, frameAt, makeCard } from "../harness/card.ts";
import { amount, choice, readOptions } from "../harness/options.ts";
import { markdownTable, median, publish } from "../harness/results.ts";
import { CODECS, SYSTEMS, type SystemName, startClient, startServer } from "../harness/systems.ts";

const LISTEN_SECONDS = 4;
const PIECE_FRAMES = RATE_HZ / 50;
const STEP_FRAMES = PIECE_FRAMES / 4;
const OFF_FRAMES_MAX = (2 * RATE_HZ) / 1000;
/** How much is compared, and how far around the expected place, so that a wrong place is found too. */
const NARROW = { length: PIECE_FRAMES, margin: RATE_HZ / 10 };
const WIDE = { length: RATE_HZ / 4, margin: 3 * RATE_HZ };
const CORRELATION_MIN = 0.9;

const { runs, codec } = readOptions(
  "start",
  "From a client's start to its first correct sound, each client on each server.",
  {
    runs: amount(7, "how often each client is started on each server"),
    codec: choice(CODECS, "opus", "what is sent"),
  },
);
const { folder, machine } = begin("start");
buildCard(folder);

const original = music(2 * runs * (LISTEN_SECONDS + 2) + 20);
const left = channelOf(original, 0);
const rows: string[][] = [];
for (const server of SYSTEMS) rows.push(...(await measureServer(server)));
publish("start", report());

async function measureServer(serverName: SystemName): Promise<string[][]> {
  const directory = join(folder, serverName);
  mkdirSync(directory);
  const feeder = new Feeder(fifoIn(directory), toPcm16(original));
  const startedAt = process.hrtime.bigint();
  const server = await startServer(serverName, directory, codec);
  await pause(4_000);
  const results = new Map<SystemName, number[]>(SYSTEMS.map((name) => [name, []]));
  const takes: Take[] = [];
  for (let run = 0; run < runs; run++) {
    for (const clientName of SYSTEMS) {
      takes.push(await listen({ clientName, directory, server, startedAt, run }));
    }
  }
  await server.process.stop();
  feeder.stop();
  // Only now: while this program computes, nobody feeds the server.
  for (const take of takes) {
    const ms = startToSound(take);
    console.log(`${take.clientName} on ${serverName}: ${ms.toFixed(0)} ms`);
    results.get(take.clientName)?.push(ms);
  }
  return [...results].map(([clientName, times]) => [
    ...[clientName, serverName, median(times).toFixed(0)],
    ...[Math.min(...times).toFixed(0), Math.max(...times).toFixed(0)],
  ]);
}

interface Trial {
  readonly clientName: SystemName;
  readonly directory: string;
  readonly server: { readonly port: number };
  readonly startedAt: bigint;
  readonly run: number;
}

interface Take {
  readonly clientName: SystemName;
  readonly recording: Float32Array;
  /** Frame of the recording at which the client's process was started. */
  readonly begun: number;
  /** Where in the original the sound must be at the recording's first frame, roughly. */
  readonly expected: number;
  readonly said: string;
}

/** Runs a client on a card of its own for some seconds. */
async function listen(trial: Trial): Promise<Take> {
  const { clientName, directory, server, startedAt, run } = trial;
  const card = makeCard(folder, directory, `${clientName}-${run}`);
  const begun = frameAt(card, process.hrtime.bigint());
  const id = `bench-${clientName}`;
  const client = startClient(clientName, server, { directory, id, environment: card.environment });
  await pause(LISTEN_SECONDS * 1000);
  await client.stop();
  // What is heard was read from the FIFO one buffer, a second, before.
  const expected = (Number(card.startNs - startedAt) / 1e9 - 1) * RATE_HZ;
  return { clientName, recording: card.recording(), begun, expected, said: client.text };
}

/** How long after its start a client was right for the first time. (ms) */
function startToSound({ recording, begun, expected, said }: Take): number {
  const late = Math.round((LISTEN_SECONDS - 1) * RATE_HZ);
  const position = find(recording, late, { expected: expected + late, ...WIDE });
  if (position === undefined) throw new Error(`no music at the end:\n${said}`);
  const first = firstCorrect(recording, position - late);
  return ((first - begun) / RATE_HZ) * 1000;
}

interface Search {
  readonly expected: number;
  readonly margin: number;
  readonly length: number;
}

/** Where in the original the piece at that frame comes from, if it does. */
function find(recording: Float32Array, frame: number, search: Search): number | undefined {
  const { expected, margin, length } = search;
  const piece = recording.subarray(frame, frame + length);
  if (!piece.some((sample) => Math.abs(sample) > 0.002)) return undefined;
  const from = Math.max(0, Math.round(expected - margin));
  const near = left.subarray(from, from + 2 * margin + length);
  const { position, correlation } = locate(near, piece);
  return correlation > CORRELATION_MIN ? from + position : undefined;
}

/** First frame of the recording that has the right sound, `ahead` frames before its place in the original. */
function firstCorrect(recording: Float32Array, ahead: number): number {
  for (let frame = 0; frame + PIECE_FRAMES < recording.length; frame += STEP_FRAMES) {
    const found = find(recording, frame, { expected: frame + ahead, ...NARROW });
    if (found !== undefined && Math.abs(found - frame - ahead) < OFF_FRAMES_MAX) return frame;
  }
  throw new Error("never correct");
}

function report(): string {
  return `# From start to sound

Time from the start of a client's process to its first correct sound at the converter of a virtual card, while
music plays (${codec}, buffer 1000 ms, loopback); ${runs} runs each, clients by turns. Correct: 20 ms that correlate above
${CORRELATION_MIN} with the original within 2 ms of where the sound three seconds later says that they belong.

${machine}

${markdownTable(["client", "server", "median ms", "min", "max"], rows)}`;
}
