import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const RATE_HZ = 48_000;

/** The project's virtual sound card: what is played at each of its frames stands in a file. */
export interface Card {
  /** For the program that is to play through it, as ALSA's device "default". */
  readonly environment: Readonly<Record<string, string>>;
  /** When its frame 0 passes the converter. (ns of CLOCK_MONOTONIC) */
  readonly startNs: bigint;
  /** The left channel so far, from frame 0 on. */
  recording(): Float32Array;
}

/** Compiles the card's ALSA plugin into `folder`. */
export function buildCard(folder: string): void {
  execFileSync("sh", [join(projectRoot(), "test/virtual-card/build.sh"), folder]);
}

/** A card that starts now. `plugins` is where it was compiled. */
export function makeCard(plugins: string, folder: string, name: string, ppm = 0): Card {
  const startNs = process.hrtime.bigint();
  const out = join(folder, `${name}.raw`);
  const config = join(folder, `${name}.conf`);
  writeFileSync(
    config,
    `</usr/share/alsa/alsa.conf>
pcm_type.virtual { lib "${plugins}/libasound_module_pcm_virtual.so" }
pcm.!default { type plug slave.pcm { type virtual out "${out}" out_format s16 t0 "${startNs}" ppm ${ppm.toFixed(1)} } }
`,
  );
  return {
    startNs,
    environment: { ALSA_CONFIG_PATH: config, JACK_NO_START_SERVER: "1" },
    recording: () => leftChannel(readFileSync(out)),
  };
}

/** Frame of a card without drift that passes the converter at that moment. */
export function frameAt(card: Card, ns: bigint): number {
  return (Number(ns - card.startNs) * RATE_HZ) / 1e9;
}

function leftChannel(bytes: Buffer): Float32Array {
  const samples = new Int16Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4) * 2);
  return Float32Array.from(
    { length: samples.length / 2 },
    (_, at) => (samples[2 * at] ?? 0) / 32_768,
  );
}

/** The checkout: benchmarks are started by the launcher, from anywhere. */
export function projectRoot(): string {
  return join(import.meta.dirname, "../../../..");
}
