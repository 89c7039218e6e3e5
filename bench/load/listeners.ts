/**
 * Players that play nothing, in a process of their own: `node listeners.js SETTINGS`, as JSON. They say who they are and
 * ask for the time as stock players do or as ours do, read what comes and note when. Told "begin", they begin to count; told
 * "end", they say what came.
 */
import { createSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import { nowUs } from "../harness/clock.ts";
import { ArrivalLog } from "./arrivals.ts";
import {
  bundlesMessage,
  helloMessage,
  jsonMessage,
  jsonOf,
  MESSAGES,
  MessageReader,
  stampUsOf,
  timeMessage,
} from "./wire.ts";

export interface ListenersSettings {
  readonly port: number;
  readonly players: number;
  /** The last so many of them read too slowly. Nobody counts what comes to these. */
  readonly slow: number;
  readonly own: boolean;
  readonly streams: number;
  readonly bufferMs: number;
}

/** A server may refuse more than a few from one address that have not said who they are. */
const APART_MS = 20;
const READ_BYTES = 64 * 1024;
/** What a stock player does once it plays. */
const TIME_EVERY_MS = 1_000;
const TIMES_AT_FIRST = 50;
/** What ours does: a question each 200 ms, four one after the other each 6 s, a word over the stream each 2 s, a report a second. */
const WATCH_EVERY_MS = 200;
const GROUP_EVERY_MS = 6_000;
const GROUP = 4;
const ALIVE_EVERY_MS = 2_000;
const REPORT_EVERY_MS = 1_000;
const BUNDLE_MS = 100;
const QUESTION_BYTES = 40;
/** A slow one takes 8 KiB a second, a third of what Opus of 192 kbit/s needs. */
const SLOW_READ_BYTES = 2 * 1024;
const SLOW_EVERY_MS = 250;

const settings = JSON.parse(process.argv[2] ?? "") as ListenersSettings;
const log = new ArrivalLog(settings.players - settings.slow, settings.streams);
process.on("message", (word) => {
  if (word === "begin") log.begin(nowUs());
  else process.send?.(log.end(nowUs(), settings.bufferMs));
});
process.once("disconnect", () => process.exit());
for (let at = 0; at < settings.players; at++) {
  const play = at < settings.players - settings.slow ? listen : dawdle;
  setTimeout(() => play(at), at * APART_MS);
}

function listen(player: number): void {
  const reader = new MessageReader();
  const take = (type: number, body: Buffer) => {
    if (type === MESSAGES.chunk) {
      log.note(player, { stampUs: stampUsOf(body), bytes: body.length }, cameUs);
    } else if (type === MESSAGES.settings && settings.own) askInDatagrams(body);
  };
  let cameUs = 0;
  // One place for all that comes, as nobody keeps it: what reading costs here is taken from the server's cores.
  const onread = {
    buffer: Buffer.alloc(READ_BYTES),
    callback: (length: number, buffer: Uint8Array) => {
      cameUs = nowUs();
      reader.push(Buffer.from(buffer.buffer, buffer.byteOffset, length), take);
      return true;
    },
  };
  const socket = connect({ host: "127.0.0.1", port: settings.port, noDelay: true, onread });
  socket.on("error", (error) => fail(`${player}: ${error.message}`));
  socket.on("close", () => fail(`${player}: the server hung up`));
  socket.write(helloMessage(`player-${player}`, settings.own));
  if (settings.own) talkAsOurs(socket);
  else talkAsStock(socket);
}

function fail(why: string): never {
  console.error(`a listener ended: ${why}`);
  process.exit(1);
}

function talkAsStock(socket: Socket): void {
  for (let at = 0; at < TIMES_AT_FIRST; at++) socket.write(timeMessage());
  setInterval(() => socket.write(timeMessage()), TIME_EVERY_MS);
}

function talkAsOurs(socket: Socket): void {
  socket.write(timeMessage());
  socket.write(bundlesMessage(BUNDLE_MS));
  setInterval(() => socket.write(timeMessage()), ALIVE_EVERY_MS);
  setInterval(() => socket.write(jsonMessage(MESSAGES.stats, REPORT)), REPORT_EVERY_MS);
}

let asking = new Set<string>();

function askInDatagrams(body: Buffer): void {
  const { Tutti: extension } = jsonOf(body) as {
    readonly Tutti?: { readonly udpTime?: { readonly port: number; readonly token: string } };
  };
  const offered = extension?.udpTime;
  if (!offered || asking.has(offered.token)) return;
  asking = asking.add(offered.token);
  const question = Buffer.alloc(QUESTION_BYTES);
  question.write("TTIM", 0, "latin1");
  question[4] = 1;
  question[5] = 1;
  question.write(offered.token, 8, "hex");
  const socket = createSocket("udp4");
  let left = 0;
  const ask = () => socket.send(question);
  socket.on("message", () => {
    if (--left > 0) ask();
  });
  socket.on("error", (error) => fail(error.message));
  socket.connect(offered.port, "127.0.0.1", () => {
    setInterval(ask, WATCH_EVERY_MS);
    setInterval(() => {
      left = GROUP;
      ask();
    }, GROUP_EVERY_MS);
  });
}

/** Takes less than it is sent: what it leaves lies in the kernel's queues and in the server's. */
function dawdle(player: number): void {
  const onread = { buffer: Buffer.alloc(SLOW_READ_BYTES), callback: () => false };
  const socket = connect({ host: "127.0.0.1", port: settings.port, onread });
  // A server may lose patience.
  socket.on("error", () => {});
  socket.write(helloMessage(`slow-${player}`, false));
  setInterval(() => socket.write(timeMessage()), TIME_EVERY_MS);
  setInterval(() => socket.resume(), SLOW_EVERY_MS);
}

/** What a client of ours says of itself once a second. */
const REPORT = {
  ...{
    bufferedMs: 912.5,
    cardPpm: 24.97,
    cardUnderruns: 0,
    concealedChunks: 0,
    correctionPpm: 0.4,
  },
  ...{ cpuPercent: 3.1, deviceDelayMs: 12.4, driftPpm: 0.02, duplicateChunks: 0, jumps: 0 },
  ...{ lateChunks: 0, lostChunks: 0, offsetBoundUs: 61.2, offsetUs: 12.5, outputOpen: true },
  ...{ playing: true, queuedMs: 41.3, realtime: true, receivedChunks: 4_711, roundTripUs: 122.4 },
  ...{ rssMb: 62.1, serverRank: 1, syncErrorBoundUs: 61.7, syncErrorUncertaintyUs: 8.2 },
  ...{ syncErrorUs: 3.4, synchronised: true, timeWay: "datagram", underruns: 0, uptimeSeconds: 94 },
};
