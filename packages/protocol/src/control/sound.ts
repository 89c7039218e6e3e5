import { z } from "zod";
import {
  BAND_KINDS,
  BAND_RANGES,
  BANDS_MAX,
  CHANNEL_PICKS,
  VOLUME_CURVES,
} from "../wire/sound-settings.ts";

function within([least, most]: readonly [number, number]) {
  return z.number().min(least).max(most);
}

/** One filter of an equaliser. */
export const Band = z.object({
  kind: z.enum(BAND_KINDS),
  hz: within(BAND_RANGES.hz).describe("its middle, or its corner"),
  gainDb: within(BAND_RANGES.gainDb).describe("of a low or high pass without meaning").default(0),
  q: within(BAND_RANGES.q).describe("how narrow it is; 0.707 when left out").default(Math.SQRT1_2),
});

const fields = {
  balance: within([-100, 100]).describe("-100: left only; 100: right only"),
  channels: z
    .enum(CHANNEL_PICKS)
    .describe("what the speaker plays of stereo; sub: the bass of both"),
  curve: z.enum(VOLUME_CURVES).describe("how a volume becomes an amplitude"),
  equalizer: z.array(Band).max(BANDS_MAX).describe("filters, one after the other"),
  loudness: z.boolean().describe("lifts bass and treble the more, the lower the volume is"),
};

/** How a client makes its sound; what is left out is as without settings. */
export const Sound = z.object(fields).partial();
export type Sound = z.infer<typeof Sound>;

/** What is left out stays; null: as without settings. */
export const SoundChange = z.object({
  balance: fields.balance.nullish(),
  channels: fields.channels.nullish(),
  curve: fields.curve.nullish(),
  equalizer: fields.equalizer.nullish(),
  loudness: fields.loudness.nullish(),
});
