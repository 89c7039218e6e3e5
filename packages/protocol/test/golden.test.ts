import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import {
  decodeFlacHeader,
  decodeMessage,
  decodeOpusHeader,
  decodePcmHeader,
  decodeTimeAnswer,
  decodeTimeQuestion,
  encodeMessage,
  encodeOpusHeader,
  encodePcmHeader,
  encodeTimeAnswer,
  encodeTimeQuestion,
  HEADER_BYTES,
  type Header,
  type KnownMessage,
  type Message,
  MessageSplitter,
  ProtocolError,
} from "../src/index.ts";
import { captureGolden } from "./capture-golden.ts";
import { readHexFile } from "./hex-file.ts";

const TRUNCATED = ["codec-header-ogg"];
const DATAGRAMS = ["time-question", "time-answer"];
const NAMES = readdirSync(new URL("./golden/", import.meta.url)).map((file) =>
  file.replace(".hex", ""),
);
const MESSAGES = NAMES.filter((name) => ![...TRUNCATED, ...DATAGRAMS].includes(name));

const STOCK_HELLO = {
  kind: "hello",
  id: "golden-client",
  instance: 1,
  mac: "00:00:00:00:00:00",
  hostName: "kitchen",
  clientName: "Snapclient",
  version: "0.26.0",
  os: "Debian GNU/Linux 12 (bookworm)",
  arch: "x86_64",
  protocolVersion: 2,
};
const STOCK_SETTINGS = { kind: "server settings", bufferMs: 1_000, latencyMs: 0 };

const GOLDEN_STATS = {
  playing: true,
  synchronised: true,
  syncErrorUs: -3.5,
  syncErrorBoundUs: 41.2,
  offsetUs: -81_234_567.5,
  offsetBoundUs: 24.1,
  driftPpm: 12.25,
  roundTripUs: 410.5,
  timeWay: "datagram",
  bufferedMs: 958.1,
  queuedMs: 200,
  deviceDelayMs: 21.3,
  cardPpm: -24.5,
  realtime: true,
  correctionPpm: 0.25,
  receivedChunks: 1_500,
  lateChunks: 0,
  duplicateChunks: 2,
  lostChunks: 1,
  underruns: 0,
  cardUnderruns: 0,
  jumps: 0,
  rssMb: 71.5,
  cpuPercent: 2.4,
  uptimeSeconds: 3_600,
};

/** What each golden message says, beyond stamps, which differ from capture to capture. */
const MEANINGS: Readonly<Record<string, object>> = {
  hello: STOCK_HELLO,
  "server-settings": { ...STOCK_SETTINGS, muted: false, volumePercent: 100 },
  "server-settings-volume": { ...STOCK_SETTINGS, muted: true, volumePercent: 42 },
  "time-request": { kind: "time" },
  "time-reply": { kind: "time" },
  "codec-header-pcm": { kind: "codec header", codec: "pcm" },
  "codec-header-flac": { kind: "codec header", codec: "flac" },
  "codec-header-opus": { kind: "codec header", codec: "opus" },
  "chunk-pcm": { kind: "chunk" },
  "chunk-flac": { kind: "chunk" },
  "chunk-opus": { kind: "chunk" },
  "chunk-ogg": { kind: "chunk" },
  "client-info": { kind: "client info", volumePercent: 74, muted: false },
  error: { kind: "error", code: 401, error: "Unauthorized", detail: "no user for this room" },
  "stream-tags": { kind: "stream tags", tags: { TITLE: "Für Elise" } },
  "hello-tutti": {
    kind: "hello",
    id: "c0ffee",
    instance: 2,
    mac: "00:00:00:00:00:00",
    hostName: "kitchen",
    clientName: "Tutti",
    version: "0.1.0",
    os: "Debian GNU/Linux 13",
    arch: "arm64",
    protocolVersion: 2,
    tutti: { version: "0.1.0", codecs: ["opus", "flac", "pcm"], udpTime: true },
  },
  bundles: { kind: "bundles", spanMs: 200 },
  "audio-limit": { kind: "audio limit", kbitMax: 256 },
  "client-stats": { kind: "client stats", stats: GOLDEN_STATS },
  "client-command": { kind: "client command", command: "identify" },
  "hello-commands": {
    kind: "hello",
    id: "c0ffee",
    hostName: "den",
    tutti: { version: "0.2.0", codecs: ["opus"], udpTime: true, commands: ["identify", "restart"] },
  },
  "server-settings-sound": {
    kind: "server settings",
    bufferMs: 1_000,
    volumePercent: 40,
    tutti: {
      version: "0.2.0",
      sound: {
        balance: -12.5,
        channels: "swap",
        curve: "linear",
        equalizer: [{ kind: "lowShelf", hz: 120, gainDb: -4.5, q: 0.75 }],
        loudness: true,
      },
    },
  },
  "server-settings-tutti": {
    kind: "server settings",
    bufferMs: 1_000,
    latencyMs: 12.5,
    muted: false,
    volumePercent: 100,
    tutti: {
      version: "0.1.0",
      epoch: "5be1d9c2a70f4e13",
      udpTime: { port: 1_704, token: "0123456789abcdef" },
    },
  },
};

// No test at all otherwise: one that every run skips hides those that should not be.
if (process.env.CAPTURE_GOLDEN) {
  test("capture the golden files anew", captureGolden, 60_000);
}

test("every golden file has its meaning here", () => {
  expect(Object.keys(MEANINGS).toSorted()).toEqual(MESSAGES.toSorted());
});

test.each(MESSAGES)("%s decodes to what it means", (name) => {
  const { message } = decoded(name);
  expect(message).toMatchObject(MEANINGS[name] ?? {});
});

test.each(MESSAGES)("%s is encoded to the very bytes that were captured", (name) => {
  const { header, message } = decoded(name);
  expect(message.kind).not.toBe("unknown");
  expect(hex(encodeMessage(message as KnownMessage, header))).toBe(hex(bytesOf(name)));
});

test.each(TRUNCATED)("%s ends early, which is the peer's fault", (name) => {
  const bytes = bytesOf(name);
  const { header } = rawOf(bytes.slice(0, HEADER_BYTES), 0);
  expect(header.type).toBe(1);
  expect(header.size).toBeGreaterThan(bytes.length);
  expect(() => decodeMessage({ header, body: bytes.subarray(HEADER_BYTES) })).toThrow(
    ProtocolError,
  );
});

test("a Time reply tells how long its request was under way", () => {
  const request = decoded("time-request");
  const reply = decoded("time-reply");
  expect(reply.header).toMatchObject({ refersTo: request.header.id });
  expect(reply.header.sentAt).toBeGreaterThanOrEqual(reply.header.receivedAt);
  expect(reply.message).toEqual({
    kind: "time",
    latency: reply.header.receivedAt - request.header.sentAt,
  });
});

test("Server Settings refer to the Hello they answer, and to nothing when they change", () => {
  expect(decoded("server-settings").header.refersTo).toBe(decoded("hello").header.id);
  expect(decoded("server-settings-volume").header.refersTo).toBe(0);
});

test("codec headers name the format, and ours have the same bytes", () => {
  const pcm = codecHeader("codec-header-pcm");
  const opus = codecHeader("codec-header-opus");
  expect(decodePcmHeader(pcm)).toEqual({ rateHz: 8_000, bits: 16, channels: 1 });
  expect(hex(encodePcmHeader(decodePcmHeader(pcm)))).toBe(hex(pcm));
  expect(decodeOpusHeader(opus)).toEqual({ rateHz: 48_000, bits: 16, channels: 2 });
  expect(hex(encodeOpusHeader(decodeOpusHeader(opus)))).toBe(hex(opus));
  expect(decodeFlacHeader(codecHeader("codec-header-flac"))).toEqual({
    rateHz: 48_000,
    bits: 16,
    channels: 2,
  });
});

test("chunks carry audio as their codec frames it, recorded before they were sent", () => {
  const starts: Record<string, RegExp> = { "chunk-flac": /^fff8/, "chunk-ogg": /^4f676753/ };
  for (const name of ["chunk-pcm", "chunk-flac", "chunk-opus", "chunk-ogg"]) {
    const { header, message } = decoded(name);
    if (message.kind !== "chunk") throw new Error(`${name} is no chunk`);
    expect(message.payload.length).toBe(header.size - 12);
    expect(message.recordedAt).toBeLessThan(header.sentAt);
    expect(hex(message.payload)).toMatch(starts[name] ?? /./);
  }
});

test("time datagrams have these bytes", () => {
  const question = bytesOf("time-question");
  const asked = { token: "0123456789abcdef", sequence: 513, clientSent: 100_250_000.125 };
  expect(decodeTimeQuestion(question)).toEqual(asked);
  expect(hex(encodeTimeQuestion(decodeTimeQuestion(question)))).toBe(hex(question));

  const answer = bytesOf("time-answer");
  expect(decodeTimeAnswer(answer)).toEqual({
    ...asked,
    serverReceived: -5_000_000.25,
    serverSent: 7_000_000.5,
  });
  expect(hex(encodeTimeAnswer(decodeTimeAnswer(answer)))).toBe(hex(answer));
});

function bytesOf(name: string): Uint8Array {
  return readHexFile(name).bytes;
}

function decoded(name: string): { readonly header: Header; readonly message: Message } {
  const bytes = bytesOf(name);
  const raw = rawOf(bytes, bytes.length - HEADER_BYTES);
  return { header: raw.header, message: decodeMessage(raw) };
}

/** The one message in `bytes`, of which only `size` bytes of body are there. */
function rawOf(bytes: Uint8Array, size: number): { header: Header; body: Uint8Array } {
  const whole = bytes.slice();
  const announced = new DataView(whole.buffer).getUint32(22, true);
  new DataView(whole.buffer).setUint32(22, size, true);
  const messages: { header: Header; body: Uint8Array }[] = [];
  new MessageSplitter().push(whole, (message) => messages.push(message));
  const [only] = messages;
  if (!only || messages.length > 1) throw new Error(`${messages.length} messages`);
  return { header: { ...only.header, size: announced }, body: only.body };
}

function codecHeader(name: string): Uint8Array {
  const { message } = decoded(name);
  if (message.kind !== "codec header") throw new Error(`${name} is no codec header`);
  return message.header;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
