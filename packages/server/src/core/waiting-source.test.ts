import { after, millis, type ServerInstant, serverInstant } from "@tutti/protocol";
import type { StreamConfig } from "@tutti/protocol/config";
import { beforeEach, expect, test } from "vitest";
import type { AudioMessage } from "./rendition.ts";
import { Stream, type StreamOutput } from "./stream.ts";

/* What lies in a source when the server opens it: written while there was no server. */

const CONFIG: StreamConfig = {
  name: "music",
  source: { kind: "pipe", path: "/run/music", mode: "create" },
  uri: { scheme: "demo", host: "", path: "", fragment: "", query: {}, raw: "demo://" },
  codec: { name: "pcm" },
  sampleFormat: { rateHz: 48_000, bits: 16, channels: 1 },
  chunkMs: 20,
  bufferMs: 1_000,
  profile: "music",
  idleThresholdMs: 500,
};
const OPENED = serverInstant(10_000_000);

let stream: Stream;
let now: ServerInstant;
let heard: AudioMessage[];
function open(config = CONFIG): void {
  now = OPENED;
  heard = [];
  const encode = (pcm: Uint8Array) => [{ payload: pcm, frames: 960 }];
  const makeEncoder = () => ({ codec: "pcm", header: new Uint8Array(0), encode, close() {} });
  stream = new Stream(config, { makeEncoder });
  stream.attach({ name: "pcm" }, now);
  stream.opened(now);
}
beforeEach(() => open());

function take(outputs: readonly StreamOutput[]): void {
  for (const output of outputs) if (output.kind === "audio") heard.push(output.message);
}

function pass(ms: number): void {
  const until = after(now, millis(ms));
  for (let at = stream.deadline; at !== undefined && at <= until; at = stream.deadline) {
    now = serverInstant(Math.max(at, now));
    take(stream.pass(now));
  }
  now = until;
}

/** So much sound at once, and nothing left behind it. */
function come(ms: number): void {
  const pcm = new Uint8Array(new Int16Array(48 * ms).fill(100).buffer);
  take(stream.pcm(pcm, { kind: "drained" }, now));
}

test("a rest of old music that nobody continues is not heard", () => {
  pass(10);
  come(300);
  pass(5_000);
  expect(heard).toEqual([]);
  expect(stream.status).toBe("idle");
});

test("what is as short and comes later is somebody's chime", () => {
  pass(60);
  come(300);
  pass(1_000);
  expect(heard.length).toBeGreaterThan(14);
});

test("what a connection brings at once was written for this server", () => {
  open({ ...CONFIG, source: { kind: "tcp", mode: "client", host: "desk", port: 4_953 } });
  pass(10);
  come(300);
  pass(1_000);
  expect(heard.length).toBeGreaterThan(14);
});

test("where the writer goes on, what waited is heard as old as it is", () => {
  come(300);
  for (let block = 0; block < 10; block++) {
    pass(20);
    come(20);
  }
  expect(heard[0]?.recordedAt).toBe(after(OPENED, millis(-300)));
  expect(heard).toHaveLength(25);
});
