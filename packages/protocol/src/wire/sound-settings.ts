import { optionalObject } from "./json-fields.ts";

/** How a volume in percent becomes an amplitude. */
export const VOLUME_CURVES = ["cubic", "linear", "exponential"] as const;

/** Which of a stereo programme's channels a speaker plays; `sub`: what a subwoofer takes of both. */
export const CHANNEL_PICKS = ["stereo", "left", "right", "mono", "swap", "sub"] as const;

export const BAND_KINDS = ["peak", "lowShelf", "highShelf", "lowPass", "highPass"] as const;

/** More bands than any parametric equaliser offers. */
export const BANDS_MAX = 10;

/** What a band may be: what is outside would be unstable, or nothing that is heard. */
export const BAND_RANGES = { hz: [10, 22_000], gainDb: [-24, 24], q: [0.1, 20] } as const;

/** One filter of an equaliser. */
export interface Band {
  readonly kind: (typeof BAND_KINDS)[number];
  /** Its middle, or its corner. */
  readonly hz: number;
  /** Of a low or high pass without meaning. */
  readonly gainDb: number;
  /** How narrow it is. */
  readonly q: number;
}

/** How one client makes its sound. What is left out is as without settings. */
export interface SoundSettings {
  /** -100: left only; 100: right only. */
  readonly balance?: number | undefined;
  readonly channels?: (typeof CHANNEL_PICKS)[number] | undefined;
  readonly curve?: (typeof VOLUME_CURVES)[number] | undefined;
  readonly equalizer?: readonly Band[] | undefined;
  /** Whether bass and treble are lifted the more, the lower the volume is. */
  readonly loudness?: boolean | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** Passes over what is not understood, and brings numbers into their ranges: sound goes on whatever a server says. */
export function readSoundSettings(value: unknown): SoundSettings | undefined {
  const json = optionalObject(value);
  if (!json) return undefined;
  const balance = within(json.balance, -100, 100);
  const channels = oneOf(CHANNEL_PICKS, json.channels);
  const curve = oneOf(VOLUME_CURVES, json.curve);
  return {
    ...(balance !== undefined && { balance }),
    ...(channels && { channels }),
    ...(curve && { curve }),
    ...(Array.isArray(json.equalizer) && {
      equalizer: json.equalizer.slice(0, BANDS_MAX).flatMap(readBand),
    }),
    ...(typeof json.loudness === "boolean" && { loudness: json.loudness }),
  };
}

function readBand(value: unknown): Band[] {
  const json: Json = optionalObject(value) ?? {};
  const kind = oneOf(BAND_KINDS, json.kind);
  const hz = within(json.hz, ...BAND_RANGES.hz);
  const q = within(json.q, ...BAND_RANGES.q);
  const gainDb = within(json.gainDb, ...BAND_RANGES.gainDb);
  if (!kind || hz === undefined) return [];
  return [{ kind, hz, gainDb: gainDb ?? 0, q: q ?? Math.SQRT1_2 }];
}

function oneOf<Name extends string>(names: readonly Name[], value: unknown): Name | undefined {
  return names.find((name) => name === value);
}

function within(value: unknown, least: number, most: number): number | undefined {
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  return Math.max(least, Math.min(most, value));
}
