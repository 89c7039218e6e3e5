// One scenario with a real PortAudio in a process of its own, for audio.test.ts: its first argument
// names it, and it prints what it saw as one line of JSON.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  listDevices,
  openInput,
  openOutput,
  TIMING_RECORD_NUMBERS,
  TimingLine,
  takeRealTime,
} from "../../packages/audio/dist/index.js";

const RATE_HZ = 48_000;
const format = { rateHz: RATE_HZ, channels: 2 };
/** The card keeps so much for us: a busy machine holds the thread up where real time is not permitted. */
const CAPTURE_LATENCY_MS = 200;
const lost = [];
const SHORT_WITHIN_MS = 5_000;
let onShort = () => {};
const events = { onLost: (reason) => lost.push(reason), onShort: () => onShort() };
/** Resolves when a card says the next time that it ran short. */
const runsShort = () =>
  new Promise((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error("nobody said so")), SHORT_WITHIN_MS);
    onShort = () => resolve(clearTimeout(patience));
  });
const now = () => Number(process.hrtime.bigint()) / 1e3;

const open = (device, options = {}) => openOutput({ device, format, events, now, ...options });

function samplesFrom(path) {
  const bytes = readFileSync(path);
  const shorts = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  return Float32Array.from(shorts, (short) => short / 32_768);
}

const queued = ({ writtenFrames, playedFrames, clearedFrames }) =>
  writtenFrames - playedFrames - clearedFrames;

/** Keeps `queueMs` queued until all is played. `onTick` sees each turn. */
async function play(output, samples, queueMs, onTick = () => {}) {
  const target = (queueMs * RATE_HZ) / 1_000;
  let at = 0;
  while (at < samples.length || queued(output.counters()) > 0) {
    const room = Math.max(0, target - queued(output.counters()));
    at += 2 * output.write(samples.subarray(at, at + 2 * room));
    onTick(at / 2);
    await sleep(5);
  }
  await sleep(output.latencyMs + 50);
}

function takeRecords(source, into) {
  const records = new Float64Array(256 * TIMING_RECORD_NUMBERS);
  const count = source.takeTiming(records);
  for (let index = 0; index < count; index++) {
    into.push([...records.subarray(index * 4, index * 4 + 4)]);
  }
  return { records, count };
}

/** How this process's threads are scheduled: 0 is the usual policy, 1 real time with a priority. */
function schedules() {
  return readdirSync("/proc/self/task").map((thread) =>
    scheduleIn(readFileSync(`/proc/self/task/${thread}/stat`, "utf8")),
  );
}

function scheduleIn(stat) {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { priority: Number(fields[37]), policy: Number(fields[38]) };
}

const scenarios = {
  async list() {
    return { devices: await listDevices() };
  },

  async play(device, path, queueMs = "200", blockMs = "0", framesPerBuffer) {
    const output = await open(device, {
      ...(framesPerBuffer && { framesPerBuffer: Number(framesPerBuffer) }),
    });
    const line = new TimingLine(RATE_HZ, output.latencyMs);
    const all = [];
    const predictions = [];
    let blockAt = RATE_HZ / 2;
    await play(output, samplesFrom(path), Number(queueMs), (written) => {
      const { records, count } = takeRecords(output, all);
      line.learn(records, count);
      const at = line.at(written);
      if (at !== undefined) predictions.push([written, at, line.cardRate, line.error]);
      if (Number(blockMs) > 0 && written > blockAt) {
        blockAt = written + RATE_HZ / 2;
        const until = now() + Number(blockMs) * 1e3;
        while (now() < until);
      }
    });
    const counters = output.counters();
    await output.close();
    return { counters, records: all, predictions, latencyMs: output.latencyMs };
  },

  async clear(device, path) {
    const samples = samplesFrom(path);
    const output = await open(device);
    output.write(samples.subarray(0, 2 * RATE_HZ));
    await sleep(100);
    output.clear();
    const after = samples.subarray(2 * RATE_HZ);
    const taken = output.write(after.subarray(0, 0.5 * RATE_HZ));
    await play(output, after.subarray(2 * taken), 300);
    const counters = output.counters();
    await output.close();
    return { counters };
  },

  /**
   * Lets the card run out of frames, because it is `starved` or because all of this process is `stopped` for 400 ms, and goes on with
   * the rest where it may be heard first, or in vain where that has gone by (`tooLate`).
   */
  async resume(device, path, how, tooLate) {
    const samples = samplesFrom(path);
    const output = await open(device);
    const line = new TimingLine(RATE_HZ, output.latencyMs);
    const learn = () => {
      const { records, count } = takeRecords(output, []);
      line.learn(records, count);
    };
    const first = RATE_HZ / 2;
    let short = runsShort();
    await play(output, samples.subarray(0, 2 * first), 200, learn);
    await short;
    if (how === "stopped") {
      short = runsShort();
      execFileSync("sh", ["-c", `(sleep 0.4; kill -CONT ${process.pid}) >/dev/null 2>&1 &`]);
      process.kill(process.pid, "SIGSTOP");
    }
    const before = output.counters().shortCallbacks;
    if (how === "stopped") await short;
    const { resumableFrame, writtenFrames } = output.counters();
    learn();
    const cardFrame = tooLate ? resumableFrame - RATE_HZ : resumableFrame + RATE_HZ / 200;
    const at = line.cardFrameAt(cardFrame);
    output.resume(cardFrame);
    line.place(writtenFrames, cardFrame);
    const placedAt = line.at(writtenFrames);
    output.write(samples.subarray(2 * first, 3 * first));
    await sleep(100);
    const late = output.counters().shortCallbacks - before;
    await play(output, samples.subarray(3 * first, 6 * first), 300, learn);
    const counters = output.counters();
    await output.close();
    return { counters, at, placedAt, late };
  },

  async capture(device, milliseconds) {
    const input = await openInput({ device, format, events, latencyMs: CAPTURE_LATENCY_MS });
    const records = [];
    const pieces = [];
    const buffer = new Uint8Array(4 * RATE_HZ);
    for (const until = now() + Number(milliseconds) * 1e3; now() < until; await sleep(5)) {
      takeRecords(input, records);
      pieces.push(buffer.slice(0, 4 * input.read(buffer)));
    }
    const counters = input.counters();
    await input.close();
    return { counters, records, captured: Buffer.concat(pieces).toString("base64") };
  },

  async schedule(direction, device) {
    const card = await (direction === "input"
      ? openInput({ device, format, events })
      : open(device));
    await sleep(100);
    const [threads, { realtime }] = [schedules(), card];
    await card.close();
    return { threads, realtime };
  },

  /** Asks for it, waits until it was granted or for so long, and starts a program. */
  async hurry(patienceMs) {
    takeRealTime();
    const until = now() + Number(patienceMs) * 1e3;
    while (schedules().every(({ policy }) => policy === 0) && now() < until) await sleep(10);
    const program = scheduleIn(execFileSync("cat", ["/proc/self/stat"], { encoding: "utf8" }));
    return { threads: schedules(), program };
  },

  async hold(device) {
    const output = await open(device);
    process.stderr.write("playing\n");
    await sleep(60_000);
    await output.close();
  },

  async open(device) {
    const output = await open(device);
    await output.close();
    return {};
  },

  /** Plays silence until the device is gone. */
  async unplug(device) {
    const output = await open(device);
    process.stderr.write("playing\n");
    for (const until = now() + 10e6; lost.length === 0 && now() < until; await sleep(20));
    await output.close();
    return { lost };
  },
};

const [scenario, ...args] = process.argv.slice(2);
scenarios[scenario](...args).then(
  (result) => console.log(JSON.stringify(result)),
  (error) => {
    const { name, message, cause } = error;
    console.log(JSON.stringify({ error: { name, message, cause: cause && String(cause) } }));
  },
);
