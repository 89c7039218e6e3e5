/*
 * The seams of an Opus stream, heard: real Opus through programme, jitter buffer and playout. A packet that never came, beside the
 * same without the loss and beside a decoder that cannot conceal, where the edges are faded; and another coding that takes over in
 * the middle of a connection, as a server sends it, and as it would sound without the overlap.
 */
import { OpusEncoder } from "@discordjs/opus";
import { encodeOpusHeader, localInstant, serverInstant } from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import { Playout } from "../core/playout.ts";
import type { Decoder } from "../core/ports.ts";
import { Programme } from "../core/programme.ts";
import { makeOpusDecoder } from "./opus.ts";

const RATE_HZ = 48_000;
const PACKET_FRAMES = 960;
const PACKETS = 70;
const HEADER = encodeOpusHeader({ rateHz: RATE_HZ, bits: 16, channels: 2 });
const NOW = localInstant(0);

type Signal = (frame: number) => number;
const tone: Signal = (frame) => 0.5 * Math.sin((2 * Math.PI * 440 * frame) / RATE_HZ);

function packetsOf(signal: Signal, kbit: number): Buffer[] {
  const encoder = new OpusEncoder(RATE_HZ, 2);
  encoder.applyEncoderCTL(4_000, 2_051);
  encoder.setBitrate(kbit * 1_000);
  return Array.from({ length: PACKETS }, (_, packet) => {
    const pcm = Buffer.alloc(PACKET_FRAMES * 4);
    for (let at = 0; at < 2 * PACKET_FRAMES; at++) {
      const sample = signal(packet * PACKET_FRAMES + (at >> 1));
      pcm.writeInt16LE(Math.round(32_767 * sample), 2 * at);
    }
    return encoder.encode(pcm);
  });
}

function stampOf(packet: number) {
  return serverInstant(packet * 20_000);
}

/** A decoder's way to the ear: a programme that has begun to play. */
function listen(decoder?: Decoder) {
  const playout = new Playout({ rateHz: RATE_HZ, channels: 2 });
  const makeDecoder = () => decoder ?? makeOpusDecoder(HEADER);
  const programme = new Programme({ makeDecoder, random: () => 0 }, playout);
  programme.connected();
  programme.stream = "music";
  const begin = () => programme.setStream({ codec: "opus", header: HEADER }, false, NOW);
  begin();
  const store = (packet: number, payload: Buffer) =>
    programme.store({ recordedAt: stampOf(packet), payload }, NOW, undefined, Number.NaN);
  return { programme, begin, store, hear: () => leftOf(playout) };
}

/** The left channel of what plays. */
function leftOf(playout: Playout): readonly number[] {
  const heard: number[] = [];
  for (let packet = 0; packet < PACKETS - 5; packet++) {
    const into = new Float32Array(2 * PACKET_FRAMES);
    playout.render(into, stampOf(packet), 0);
    heard.push(...into.filter((_, at) => at % 2 === 0));
  }
  return heard;
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

function tell(line: string): void {
  if (process.env.TELL === "1") process.stdout.write(`${line}\n`);
}

describe("a packet that never came", () => {
  const LOST = 30;
  /** A chord whose voices have overtones and swell against each other. */
  const music: Signal = (frame) =>
    [220, 277.2, 329.6, 440].reduce((sum, hz, voice) => {
      const swell = 0.6 + 0.4 * Math.sin((frame / RATE_HZ) * (3 + voice));
      const overtones = [1, 0.5, 0.3, 0.2].map(
        (level, at) => level * Math.sin((2 * Math.PI * hz * (at + 1) * frame) / RATE_HZ + voice),
      );
      return sum + 0.06 * swell * overtones.reduce((all, each) => all + each, 0);
    }, 0);

  /** What plays when `lost` packets are missing. */
  function played(signal: Signal, lost: readonly number[], concealing: boolean) {
    const real = makeOpusDecoder(HEADER);
    const { format, decode, close } = real;
    const { programme, store, hear } = listen(concealing ? real : { format, decode, close });
    for (const [packet, payload] of packetsOf(signal, 192).entries()) {
      if (!lost.includes(packet)) store(packet, payload);
    }
    return { heard: hear(), programme };
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
    const bend = sharpest(partOf(whole.heard, 20, 40));
    tell(`${name}: whole ${bend.toFixed(4)}; concealed ${told[0]}; faded ${told[1]}`);

    expect(faded.programme).toMatchObject({ lostChunks: 1, concealedChunks: 0 });
    expect(dipDb(around(faded))).toBeLessThan(-60);

    expect(concealed.programme).toMatchObject({ lostChunks: 1, concealedChunks: 1 });
    expect(dipDb(around(concealed))).toBeGreaterThan(dipDb(around(whole)) - 6);
    expect(sharpest(around(concealed))).toBeLessThan(1.25 * bend);
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
});

describe("another coding", () => {
  const TURN = 30;
  /** As the server sends again: 120 ms. */
  const OVERLAP = 6;
  const chord: Signal = (frame) =>
    [220, 277.2, 329.6, 440, 1_318].reduce(
      (sum, hz) => sum + 0.12 * Math.sin((2 * Math.PI * hz * frame) / RATE_HZ),
      0,
    );

  /** What plays: one coding up to TURN, the other from `overlap` packets before it on. */
  function played(signal: Signal, [before, after]: readonly [number, number], overlap: number) {
    const { programme, begin, store, hear } = listen();
    const early = packetsOf(signal, before).slice(0, TURN);
    for (const [packet, payload] of early.entries()) store(packet, payload);
    begin();
    const late = packetsOf(signal, after).slice(TURN - overlap);
    for (const [at, payload] of late.entries()) store(TURN - overlap + at, payload);
    return { heard: hear(), programme };
  }

  /** Against the signal that went in, which Opus of this mode delays by 2.5 ms. (dB) */
  function againstSignalDb(
    heard: readonly number[],
    from: number,
    to: number,
    signal: Signal,
  ): number {
    const wanted = Array.from({ length: (to - from) * PACKET_FRAMES }, (_, at) =>
      signal(from * PACKET_FRAMES + at - 120),
    );
    return errorDb(partOf(heard, from, to), wanted);
  }

  test.each<[string, Signal, readonly [number, number]]>([
    ["a tone, down", tone, [192, 32]],
    ["a tone, up", tone, [32, 192]],
    ["a chord, down", chord, [192, 64]],
    ["a chord, up", chord, [64, 192]],
  ])("%s: no click, no hole, no worse than the worse of both", (name, signal, kbits) => {
    const { heard, programme } = played(signal, kbits, OVERLAP);
    const seam = [TURN - OVERLAP - 1, TURN + 4] as const;
    const bend = sharpest(partOf(heard, ...seam));
    const plain = Math.max(sharpest(partOf(heard, 15, 22)), sharpest(partOf(heard, 45, 60)));
    const error = againstSignalDb(heard, ...seam, signal);
    const early = againstSignalDb(heard, 15, 22, signal);
    const late = againstSignalDb(heard, 45, 60, signal);
    const errors = [error, early, late].map((each) => each.toFixed(1));
    tell(
      `${name}: bend ${bend.toFixed(4)}, plain ${plain.toFixed(4)}; error, before, after ${errors} dB`,
    );
    expect(programme).toMatchObject({ lostChunks: 0, concealedChunks: 0, lateChunks: 0 });
    expect(bend).toBeLessThan(1.1 * plain);
    expect(error).toBeLessThan(Math.max(early, late) + 3);
  });

  test("without the overlap the measure finds the seam", () => {
    const { heard } = played(tone, [192, 32], 0);
    const error = againstSignalDb(heard, TURN - 1, TURN + 2, tone);
    expect(error).toBeGreaterThan(againstSignalDb(heard, 45, 60, tone) + 6);
  });
});
