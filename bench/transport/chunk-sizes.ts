import { createRequire } from "node:module";
import { join } from "node:path";
import { CHANNELS, music, RATE_HZ, toPcm16 } from "../../test/e2e/harness/music.ts";
import { projectRoot } from "../harness/card.ts";

export const CHUNK_MS = 20;
export const BITRATE_KBIT = 128;
const SECONDS = 30;
/** libopus' OPUS_SET_APPLICATION with OPUS_APPLICATION_RESTRICTED_LOWDELAY, as our encoder has it. */
const LOW_DELAY = [4_000, 2_051] as const;

/** What of @discordjs/opus is used here. */
interface Opus {
  readonly OpusEncoder: new (
    rateHz: number,
    channels: number,
  ) => {
    applyEncoderCTL(request: number, value: number): void;
    setBitrate(bits: number): void;
    encode(pcm: Buffer): Buffer;
  };
}

/** Bytes of each chunk of half a minute of music, as the server's own binding of Opus makes them. */
export function chunkSizes(): number[] {
  const require = createRequire(join(projectRoot(), "packages/server/package.json"));
  const { OpusEncoder } = require("@discordjs/opus") as Opus;
  const encoder = new OpusEncoder(RATE_HZ, CHANNELS);
  encoder.applyEncoderCTL(...LOW_DELAY);
  encoder.setBitrate(BITRATE_KBIT * 1_000);
  const pcm = toPcm16(music(SECONDS));
  const chunkBytes = ((RATE_HZ * CHUNK_MS) / 1_000) * CHANNELS * 2;
  return Array.from(
    { length: pcm.length / chunkBytes },
    (_, at) => encoder.encode(pcm.subarray(at * chunkBytes, (at + 1) * chunkBytes)).length,
  );
}
