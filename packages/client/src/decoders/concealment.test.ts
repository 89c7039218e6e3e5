/*
 * A packet that never came, heard: real Opus through programme, jitter buffer and playout, beside the same without the
 * loss, and beside a decoder that cannot conceal, where the edges are faded.
 */
import { OpusEncoder } from "@discordjs/opus";
import { encodeOpusHeader, localInstant, serverInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { Playout } from "../core/playout.ts";
import type { Decoder } from "../core/ports.ts";
import { Programme } from "../core/programme.ts";
import { makeOpusDecoder } from "./opus.ts";

const RATE_HZ = 48_000;
const PACKET_FRAMES = 960;
const PACKETS = 60;
const LOST = 30;
const HEADER = encodeOpusHeader({ rateHz: RATE_HZ, bits: 16, channels: 2 });
const NOW = localInstant(0);

type Signal = (frame: number) => number;
const tone: Signal = (frame) => 0.5 * Math.sin((2 * Math.PI * 440 * frame) / RATE_HZ);
/** A chord whose voices have overtones and swell against each other. */
const music: Signal = (frame) =>
  [220, 277.2, 329.6, 440].reduce((sum, hz, voice) => {
    const swell = 0.6 + 0.4 * Math.sin((frame / RATE_HZ) * (3 + voice));
    const overtones = [1, 0.5, 0.3, 0.2].map(
      (level, at) => level * Math.sin((2 * Math.PI * hz * (at + 1) * frame) / RATE_HZ + voice),
    );
    return sum + 0.06 * swell * overtones.reduce((all, each) => all + each, 0);
  }, 0);

function packetsOf(signal: Signal): Buffer[] {
  const encoder = new OpusEncoder(RATE_HZ, 2);
  encoder.applyEncoderCTL(4_000, 2_051);
  encoder.setBitrate(192_000);
  return Array.from({ length: PACKETS }, (_, packet) => {
    const pcm = Buffer.alloc(PACKET_FRAMES * 4);
    for (let at = 0; at < 2 * PACKET_FRAMES; at++) {
      const sample = signal(packet * PACKET_FRAMES + (at >> 1));
      pcm.writeInt16LE(Math.round(32_767 * sample), 2 * at);
    }
    return encoder.encode(pcm);
  });
}

/** The left channel of what plays when `lost` packets are missing. */
function played(signal: Signal, lost: readonly number[], concealing: boolean) {
  const real = makeOpusDecoder(HEADER);
  const { format, decode, close } = real;
  const decoder: Decoder = concealing ? real : { format, decode, close };
  const playout = new Playout({ rateHz: RATE_HZ, channels: 2 });
  const programme = new Programme({ makeDecoder: () => decoder, random: () => 0 }, playout);
  programme.connected();
  programme.setStream({ codec: "opus", header: HEADER }, false, NOW);
  for (const [packet, payload] of packetsOf(signal).entries()) {
    if (lost.includes(packet)) continue;
    programme.store({ recordedAt: stampOf(packet), payload }, NOW, undefined, Number.NaN);
  }
  const heard: number[] = [];
  for (let packet = 0; packet < PACKETS - 5; packet++) {
    const into = new Float32Array(2 * PACKET_FRAMES);
    playout.render(into, stampOf(packet), 0);
    heard.push(...into.filter((_, at) => at % 2 === 0));
  }
  return { heard, programme };
}

function stampOf(packet: number) {
  return serverInstant(packet * 20_000);
}

function partOf(heard: readonly number[], from: number, to: number): readonly number[] {
  return heard.slice(from * PACKET_FRAMES, to * PACKET_FRAMES);
}

/** The sharpest bend between neighbouring samples: what a click is made of. */
function sharpest(samples: readonly number[]): number {
  return samples.reduce((most, sample, at) => {
    const [a = sample, b = sample] = [samples[at - 2], samples[at - 1]];
    return at < 2 ? 0 : Math.max(most, Math.abs(sample - 2 * b + a));
  }, 0);
}

function rms(samples: readonly number[]): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

/** How much is missing or wrong, against the level of the sound. (dB) */
function errorDb(heard: readonly number[], wanted: readonly number[]): number {
  const error = rms(heard.map((sample, at) => sample - (wanted[at] as number)));
  return 20 * Math.log10(error / rms(wanted));
}

/** The level of the quietest 5 ms, against the whole. (dB) */
function dipDb(samples: readonly number[]): number {
  const span = 240;
  const quietest = Array.from({ length: Math.floor(samples.length / span) }, (_, at) =>
    rms(samples.slice(at * span, (at + 1) * span)),
  ).reduce((least, level) => Math.min(least, level));
  return 20 * Math.log10(Math.max(1e-6, quietest) / rms(samples));
}

test.each([
  ["a tone", tone],
  ["music", music],
])("%s with a packet lost has no click, and neither hole nor repetition", (name, signal) => {
  const whole = played(signal, [], true);
  const concealed = played(signal, [LOST], true);
  const faded = played(signal, [LOST], false);
  const around = ({ heard }: typeof whole) => partOf(heard, LOST - 1, LOST + 3);
  const hole = ({ heard }: typeof whole) => partOf(heard, LOST, LOST + 1);
  const told = [concealed, faded].map((each) => {
    const error = errorDb(hole(each), hole(whole)).toFixed(1);
    return `error ${error} dB, dip ${dipDb(around(each)).toFixed(1)} dB, bend ${sharpest(around(each)).toFixed(4)}`;
  });
  if (process.env.TELL === "1") {
    const bend = sharpest(partOf(whole.heard, 20, 40)).toFixed(4);
    process.stdout.write(`${name}: whole ${bend}; concealed ${told[0]}; faded ${told[1]}\n`);
  }

  expect(faded.programme).toMatchObject({ lostChunks: 1, concealedChunks: 0 });
  expect(dipDb(around(faded))).toBeLessThan(-60);

  expect(concealed.programme).toMatchObject({ lostChunks: 1, concealedChunks: 1 });
  expect(dipDb(around(concealed))).toBeGreaterThan(dipDb(around(whole)) - 6);
  expect(sharpest(around(concealed))).toBeLessThan(1.25 * sharpest(partOf(whole.heard, 20, 40)));
  expect(errorDb(hole(concealed), hole(whole))).toBeLessThan(errorDb(hole(faded), hole(whole)));
});

test("many packets lost: three are made up, falling silent, and the edges of the rest are smooth", () => {
  const lost = [30, 31, 32, 33, 34, 35];
  const { heard, programme } = played(tone, lost, true);
  expect(programme).toMatchObject({ lostChunks: 6, concealedChunks: 3 });
  const levels = lost.map((packet) => rms(partOf(heard, packet, packet + 1)));
  expect(levels[0]).toBeGreaterThan(levels[1]!);
  expect(levels[1]).toBeGreaterThan(levels[2]!);
  expect(levels.slice(3, 5)).toEqual([0, 0]);
  const bend = sharpest(partOf(heard, 20, 30));
  expect(sharpest(partOf(heard, 29, 40))).toBeLessThan(1.25 * bend);
});

test("before any packet there is nothing to go on", () => {
  expect(makeOpusDecoder(HEADER).conceal?.(PACKET_FRAMES)).toHaveLength(0);
});
