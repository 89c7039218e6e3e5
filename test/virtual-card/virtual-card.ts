import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** A card as virtual-card.c describes it. */
export interface CardSettings {
  readonly name: string;
  readonly ppm?: number;
  readonly rateHz?: number;
  readonly channels?: number;
  /** Step of the position that the card tells. (frames; 0: a period) */
  readonly granularity?: number;
  /** Delay behind that position that the card tells, and that it keeps to itself. */
  readonly reportedUs?: number;
  readonly hiddenUs?: number;
  /** How far the monotonic clock of whoever opens it is ahead of ours, in a time namespace. (s) */
  readonly clockAheadS?: number;
  /** The one format it takes, in ALSA's words; any when absent. */
  readonly hwFormat?: "S16_LE" | "S24_LE" | "S24_3LE" | "S32_LE" | "FLOAT_LE";
  /** 16-bit samples that it captures: a file or a FIFO. Without, the card only plays. */
  readonly captures?: string;
}

export interface CardEvent {
  readonly event: "start" | "stop" | "drained" | "underrun" | "overrun" | "unplugged" | "late";
  /** The card's own frame at which it happened. */
  readonly frame: number;
  readonly ns: number;
  readonly period: number;
  readonly buffer: number;
  readonly format: string;
}

/** Cards that share one clock, give or take their ppm, and the environment in which programs see only them. */
export interface VirtualCards {
  readonly cards: readonly VirtualCard[];
  readonly env: NodeJS.ProcessEnv;
  /** Where the default mixer keeps its one control, Digital: the volume (0 to 200), and whether it is on (0 or 1). */
  readonly mixer: string;
}

const FLOAT_BYTES = 4;
/** Benchmarks compile this file to another place, where the script is not. */
const BUILD_SCRIPT = join(import.meta.dirname.replace("/bench/dist/", "/"), "build.sh");

/** One card, from outside: what it played, and exactly when. */
export class VirtualCard {
  readonly settings: CardSettings;
  readonly channels: number;
  readonly #dir: string;
  readonly #t0Ns: bigint;

  constructor(dir: string, t0Ns: bigint, settings: CardSettings) {
    this.#dir = dir;
    this.#t0Ns = t0Ns;
    this.settings = settings;
    this.channels = settings.channels ?? 2;
  }

  /** What it played: 32-bit floats of all channels, frame k of the card at place k. */
  get playedPath(): string {
    return join(this.#dir, `${this.settings.name}.f32`);
  }

  get #unpluggedPath(): string {
    return join(this.#dir, `${this.settings.name}.unplugged`);
  }

  /** When the card's frame passes its converter. (us of CLOCK_MONOTONIC) */
  heardAtUs(frame: number): number {
    const { rateHz = 48_000, ppm = 0, reportedUs = 0, hiddenUs = 0 } = this.settings;
    const span = (frame * 1e6) / (rateHz * (1 + ppm * 1e-6));
    return Number(this.#t0Ns) / 1e3 + span + reportedUs + hiddenUs;
  }

  /** When the card captures that frame of its own count. (us of CLOCK_MONOTONIC) */
  capturedAtUs(frame: number): number {
    const { reportedUs = 0, hiddenUs = 0 } = this.settings;
    return this.heardAtUs(frame) - 2 * (reportedUs + hiddenUs);
  }

  /** Interleaved samples from the card's frame `first` on, as many as there are. */
  played(first: number, frames = Infinity): Float32Array {
    const file = openSync(this.playedPath, "r");
    const frameBytes = FLOAT_BYTES * this.channels;
    const there = Math.floor(fstatSync(file).size / frameBytes) - first;
    const samples = new Float32Array(Math.max(0, Math.min(frames, there)) * this.channels);
    const bytes = new Uint8Array(samples.buffer);
    for (let at = 0; at < bytes.length; ) {
      at += readSync(file, bytes, at, bytes.length - at, first * frameBytes + at);
    }
    closeSync(file);
    return samples;
  }

  /** What happened to the card: to what it plays, or to what it captures. */
  events(side: "playback" | "capture" = "playback"): CardEvent[] {
    const path = `${side === "playback" ? this.playedPath : this.settings.captures}.log`;
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, "utf8").trim().split("\n").filter(Boolean);
    return lines.map((line) => JSON.parse(line) as CardEvent);
  }

  /** In the middle of an underrun, or as the kernel tells it. At once: half of one and half of the other is no card's way. */
  unplug(how: "in an underrun" | "disconnected"): void {
    const written = `${this.#unpluggedPath}.new`;
    writeFileSync(written, how === "disconnected" ? how : "");
    renameSync(written, this.#unpluggedPath);
  }

  plug(): void {
    rmSync(this.#unpluggedPath, { force: true });
  }

  /** Its part of asound.conf. */
  config(name = this.settings.name): string {
    const { ppm, rateHz, granularity, reportedUs, hiddenUs, hwFormat, captures } = this.settings;
    const t0Ns = this.#t0Ns + BigInt(this.settings.clockAheadS ?? 0) * 1_000_000_000n;
    const fields: Record<string, string | number | undefined> = {
      out: captures ? undefined : `"${this.playedPath}"`,
      in: captures && `"${captures}"`,
      t0: `"${t0Ns}"`,
      unplugged: `"${this.#unpluggedPath}"`,
      ppm: ppm?.toFixed(6),
      rate: rateHz,
      channels: this.channels,
      granularity,
      reported_us: reportedUs?.toFixed(3),
      hidden_us: hiddenUs?.toFixed(3),
      hw_format: hwFormat && `"${hwFormat}"`,
    };
    const lines = Object.entries(fields).filter(([, value]) => value !== undefined && value !== "");
    return [
      `pcm.${name} {`,
      "  type virtual",
      ...lines.map(([key, value]) => `  ${key} ${value}`),
      `  hint { show on description "virtual card ${name}" }`,
      "}",
      "",
    ].join("\n");
  }
}

/**
 * Builds the plugin into `plugins`, once, and describes the cards in an asound.conf in `dir`. The first
 * card that plays is the default one. Frame 0 of every card is now.
 */
export function makeVirtualCards(
  dir: string,
  settings: readonly CardSettings[],
  plugins = dir,
): VirtualCards {
  mkdirSync(dir, { recursive: true });
  const plugin = join(plugins, "libasound_module_pcm_virtual.so");
  if (!existsSync(plugin)) execFileSync("sh", [BUILD_SCRIPT, plugins]);
  const t0Ns = process.hrtime.bigint();
  const cards = settings.map((each) => new VirtualCard(dir, t0Ns, each));
  // PortAudio aborts unless some name is "default".
  const first = cards.find((card) => !card.settings.captures) ?? cards[0];
  const mixer = join(dir, "mixer");
  const configuration = [
    `pcm_type.virtual { lib "${plugin}" }\n`,
    `ctl_type.virtual { lib "${join(plugins, "libasound_module_ctl_virtual.so")}" }\n`,
    `ctl.default { type virtual state "${mixer}" }\n`,
    ...cards.map((card) => card.config()),
    first?.config("default") ?? "",
  ];
  const path = join(dir, "asound.conf");
  writeFileSync(path, configuration.join("\n"));
  return { cards, mixer, env: { ALSA_CONFIG_PATH: path, JACK_NO_START_SERVER: "1" } };
}
