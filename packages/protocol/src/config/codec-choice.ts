import { ConfigError } from "../errors.ts";
import { type SampleFormat, sameFormat } from "../sample-format.ts";
import { corrected } from "./nearest.ts";

/** How a stream is encoded, as the user chose it. */
export interface CodecChoice {
  readonly name: "opus" | "flac" | "pcm";
  /** Opus only. (kbit/s) */
  readonly bitrateKbit?: number;
  /** FLAC only: 0 is fastest, 8 smallest. */
  readonly level?: number;
  /** Opus only: 0 is fastest, 10 best. */
  readonly complexity?: number;
}

export const OPUS_BITRATE_KBIT = 192;
const FLAC_LEVEL = 2;
const OPUS_BITRATE_KBIT_MAX = 510;
/** The rate and channels that stock players expect of opus, in the samples its encoder takes. */
export const OPUS_FORMAT: SampleFormat = { rateHz: 48_000, bits: 16, channels: 2 };
export const OPUS_CHUNKS_MS: readonly number[] = [5, 10, 20, 40, 60];
const ALLOWED = "allowed: opus[:kbit/s], flac[:level], pcm";

const DEFAULTS: Readonly<Record<CodecChoice["name"], CodecChoice>> = {
  opus: { name: "opus", bitrateKbit: OPUS_BITRATE_KBIT },
  flac: { name: "flac", level: FLAC_LEVEL },
  pcm: { name: "pcm" },
};

/**
 * Parses "opus", "opus:192", "flac:5", "pcm" and Snapcast's "opus:BITRATE:128000,COMPLEXITY:5".
 * Throws ConfigError that says what is allowed.
 */
export function parseCodecChoice(text: string): CodecChoice {
  const [name = "", ...rest] = text.trim().split(":");
  const options = rest.join(":");
  const byDefault = DEFAULTS[name as CodecChoice["name"]];
  if (!Object.hasOwn(DEFAULTS, name)) {
    throw new ConfigError(
      corrected(`"${name}" is not a codec`, name, Object.keys(DEFAULTS), ALLOWED),
    );
  }
  if (options === "") return byDefault;
  if (name === "opus") return { ...byDefault, ...opusOptions(options) };
  if (name === "flac") return { ...byDefault, level: whole(options, "flac level", 0, 8) };
  throw new ConfigError(`pcm takes no options, but has "${options}"`);
}

/** Whether Opus can carry that: the rate and channels that stock players expect, in whole packets. */
export function takesOpus(format: SampleFormat, chunkMs: number): boolean {
  return sameFormat(format, OPUS_FORMAT) && OPUS_CHUNKS_MS.includes(chunkMs);
}

/** The shortest text that parses to the same choice. */
export function formatCodecChoice({ name, bitrateKbit, level, complexity }: CodecChoice): string {
  if (name === "pcm") return name;
  if (name === "flac") return level === undefined || level === FLAC_LEVEL ? name : `flac:${level}`;
  const kbit = bitrateKbit ?? OPUS_BITRATE_KBIT;
  if (complexity !== undefined) return `opus:BITRATE:${kbit * 1_000},COMPLEXITY:${complexity}`;
  return kbit === OPUS_BITRATE_KBIT ? name : `opus:${kbit}`;
}

const BY_QUALITY = ["opus", "flac", "pcm"] as const;

/** Above 0 where `a` loses less of the sound than `b`; levels of FLAC lose nothing and are alike. */
export function compareCodecChoices(a: CodecChoice, b: CodecChoice): number {
  const apart = BY_QUALITY.indexOf(a.name) - BY_QUALITY.indexOf(b.name);
  if (apart !== 0 || a.name !== "opus") return apart;
  return (a.bitrateKbit ?? OPUS_BITRATE_KBIT) - (b.bitrateKbit ?? OPUS_BITRATE_KBIT);
}

function opusOptions(options: string): Partial<CodecChoice> {
  if (/^\d+$/.test(options)) return { bitrateKbit: bitrate(options) };
  return Object.assign({}, ...options.split(",").map(opusOption));
}

function opusOption(option: string): Partial<CodecChoice> {
  const [key = "", value = ""] = option.split(":");
  if (key === "COMPLEXITY") return { complexity: whole(value, "opus complexity", 0, 10) };
  if (key !== "BITRATE") {
    throw new ConfigError(
      `"${option}" is not an option of opus; allowed: a bitrate in kbit/s, or BITRATE:bit/s,COMPLEXITY:0-10`,
    );
  }
  if (value === "MAX") return { bitrateKbit: OPUS_BITRATE_KBIT_MAX };
  if (value === "AUTO") return { bitrateKbit: OPUS_BITRATE_KBIT };
  // Snapcast allows 512,000, libopus stops at 510,000: the former means the latter.
  const bits = whole(value, "opus bitrate in bit/s", 6_000, 512_000);
  return { bitrateKbit: Math.min(bits / 1_000, OPUS_BITRATE_KBIT_MAX) };
}

function bitrate(text: string): number {
  return whole(text, "opus bitrate in kbit/s", 6, OPUS_BITRATE_KBIT_MAX);
}

function whole(text: string, what: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new ConfigError(`${what} is "${text}"; allowed: ${min} to ${max}`);
  }
  return value;
}
