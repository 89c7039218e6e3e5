/*
 * Another coding of the same stream takes over in the middle of a connection: real Opus of two bitrates through
 * programme, jitter buffer and playout, as a server sends it, and as it would sound without the overlap.
 */
import { OpusEncoder } from "@discordjs/opus";
import { encodeOpusHeader, localInstant, serverInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { Playout } from "../core/playout.ts";
import { Programme } from "../core/programme.ts";
import { makeOpusDecoder } from "./opus.ts";

const RATE_HZ = 48_000;
const PACKET_FRAMES = 960;
const PACKETS = 70;
const TURN = 30;
/** As the server sends again: 120 ms. */
const OVERLAP = 6;
const HEADER = encodeOpusHeader({ rateHz: RATE_HZ, bits: 16, channels: 2 });
const NOW = localInstant(0);

type Signal = (frame: number) => number;
const tone: Signal = (frame) => 0.5 * Math.sin((2 * Math.PI * 440 * frame) / RATE_HZ);
const chord: Signal = (frame) =>
  [220, 277.2, 329.6, 440, 1_318].reduce(
    (sum, hz) => sum + 0.12 * Math.sin((2 * Math.PI * hz * frame) / RATE_HZ),
    0,
  );

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

/** The left channel of what plays: one coding up to TURN, the other from `overlap` packets before it on. */
function played(signal: Signal, [before, after]: readonly [number, number], overlap: number) {
  const playout = new Playout({ rateHz: RATE_HZ, channels: 2 });
  const ports = { makeDecoder: () => makeOpusDecoder(HEADER), random: () => 0 };
  const programme = new Programme(ports, playout);
  programme.connected();
  programme.stream = "music";
  const begin = () => programme.setStream({ codec: "opus", header: HEADER }, false, NOW);
  const store = (packets: readonly Buffer[], from: number, to: number) => {
    for (let packet = from; packet < to; packet++) {
      const payload = packets[packet] as Buffer;
      programme.store({ recordedAt: stampOf(packet), payload }, NOW, undefined, Number.NaN);
    }
  };
  begin();
  store(packetsOf(signal, before), 0, TURN);
  begin();
  store(packetsOf(signal, after), TURN - overlap, PACKETS);
  const heard: number[] = [];
  for (let packet = 0; packet < PACKETS - 5; packet++) {
    const into = new Float32Array(2 * PACKET_FRAMES);
    playout.render(into, stampOf(packet), 0);
    heard.push(...into.filter((_, at) => at % 2 === 0));
  }
  return { heard, programme };
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

/** What is not as the signal, against it. Opus of this mode delays by 2.5 ms. (dB) */
function errorDb(samples: readonly number[], first: number, signal: Signal): number {
  let [error, power] = [0, 0];
  for (const [at, sample] of samples.entries()) {
    const wanted = signal(first + at - 120);
    error += (sample - wanted) ** 2;
    power += wanted ** 2;
  }
  return 10 * Math.log10(error / power);
}

test.each<[string, Signal, readonly [number, number]]>([
  ["a tone, down", tone, [192, 32]],
  ["a tone, up", tone, [32, 192]],
  ["a chord, down", chord, [192, 64]],
  ["a chord, up", chord, [64, 192]],
])("%s: no click, no hole, no worse than the worse of both", (name, signal, kbits) => {
  const { heard, programme } = played(signal, kbits, OVERLAP);
  const around = partOf(heard, TURN - OVERLAP - 1, TURN + 4);
  const plain = [partOf(heard, 15, 22), partOf(heard, 45, 60)].map(sharpest);
  const error = errorDb(around, (TURN - OVERLAP - 1) * PACKET_FRAMES, signal);
  const apart = errorDb(partOf(heard, 45, 60), 45 * PACKET_FRAMES, signal);
  const early = errorDb(partOf(heard, 15, 22), 15 * PACKET_FRAMES, signal);
  if (process.env.TELL === "1") {
    const hard = played(signal, kbits, 0).heard;
    const cut = partOf(hard, TURN - OVERLAP - 1, TURN + 4);
    const hardError = errorDb(cut, (TURN - OVERLAP - 1) * PACKET_FRAMES, signal);
    process.stdout.write(
      `${name}: bend ${sharpest(around).toFixed(4)}, plain ${plain.map((each) => each.toFixed(4))}, without overlap ${sharpest(cut).toFixed(4)}; error ${error.toFixed(1)} dB, before ${early.toFixed(1)}, after ${apart.toFixed(1)}, without overlap ${hardError.toFixed(1)}\n`,
    );
  }
  expect(programme).toMatchObject({ lostChunks: 0, concealedChunks: 0, lateChunks: 0 });
  expect(sharpest(around)).toBeLessThan(1.1 * Math.max(...plain));
  expect(error).toBeLessThan(Math.max(early, apart) + 3);
});

test("without the overlap the measure finds the seam", () => {
  const { heard } = played(tone, [192, 32], 0);
  const around = partOf(heard, TURN - 1, TURN + 2);
  const error = errorDb(around, (TURN - 1) * PACKET_FRAMES, tone);
  expect(error).toBeGreaterThan(errorDb(partOf(heard, 45, 60), 45 * PACKET_FRAMES, tone) + 6);
});
