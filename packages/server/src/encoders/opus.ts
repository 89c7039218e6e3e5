import { createRequire } from "node:module";
import type discord from "@discordjs/opus";
import { loadOpus } from "@tutti/audio";
import { assert, encodeOpusHeader, frameBytes, type SampleFormat } from "@tutti/protocol";
import type { CodecChoice } from "@tutti/protocol/config";
import type { Encoder, Packet } from "../core/index.ts";

/** The sample rates that libopus takes; it resamples nothing by itself. */
const RATES_HZ: readonly number[] = [8_000, 12_000, 16_000, 24_000, 48_000];
/** Packet lengths of libopus that divide usual chunks; the longest that fits is the cheapest. (ms) */
const PACKETS_MS = [60, 40, 20, 10, 5] as const;
const BITRATE_KBIT = 192;

/** Requests of libopus' opus_encoder_ctl. Only settings: a getter writes through a pointer we have not got. */
const SET_APPLICATION = 4_000;
const SET_COMPLEXITY = 4_010;
const RESTRICTED_LOW_DELAY = 2_051;
/** What the low-delay application delays: 2.5 ms. */
const DELAY_SHARE_OF_SECOND = 1 / 400;

type Opus = typeof import("@discordjs/opus");

let native: Opus | undefined;

/** Loads libopus, if that has not been done: 4 ms, which who starts again has for the sources first. */
export function nativeOpus(): Opus {
  native ??= loadOpus(createRequire(import.meta.url)) as Opus;
  return native;
}

/** Whether Opus can carry this format as it is. */
export function opusTakes({ rateHz, bits, channels }: SampleFormat): boolean {
  return RATES_HZ.includes(rateHz) && bits === 16 && (channels === 1 || channels === 2);
}

/**
 * libopus through @discordjs/opus, which aborts the process when it gets a length it does not expect: it
 * is only ever handed whole packets of one length.
 */
export class OpusEncoder implements Encoder {
  readonly codec = "opus";
  readonly header: Uint8Array;
  readonly delayFrames: number;
  readonly #encoder: discord.OpusEncoder;
  readonly #frameBytes: number;
  readonly #packet: Buffer;
  #filled = 0;

  /** Only for formats that `opusTakes`. */
  constructor(choice: CodecChoice, format: SampleFormat, chunkMs: number) {
    assert(opusTakes(format), "opus gets only formats it takes");
    this.header = encodeOpusHeader(format);
    this.delayFrames = format.rateHz * DELAY_SHARE_OF_SECOND;
    this.#frameBytes = frameBytes(format);
    const packetMs = PACKETS_MS.find((ms) => chunkMs % ms === 0) ?? 10;
    this.#packet = Buffer.alloc(((format.rateHz * packetMs) / 1_000) * this.#frameBytes);
    this.#encoder = new (nativeOpus().OpusEncoder)(format.rateHz, format.channels);
    this.#encoder.applyEncoderCTL(SET_APPLICATION, RESTRICTED_LOW_DELAY);
    this.#encoder.setBitrate((choice.bitrateKbit ?? BITRATE_KBIT) * 1_000);
    if (choice.complexity !== undefined) {
      this.#encoder.applyEncoderCTL(SET_COMPLEXITY, choice.complexity);
    }
  }

  encode(pcm: Uint8Array): Packet[] {
    const packets: Packet[] = [];
    for (let at = 0; at < pcm.length; ) {
      const part = pcm.subarray(at, at + this.#packet.length - this.#filled);
      this.#packet.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#packet.length) packets.push(this.#encode());
    }
    return packets;
  }

  close(): void {}

  #encode(): Packet {
    this.#filled = 0;
    return {
      payload: this.#encoder.encode(this.#packet),
      frames: this.#packet.length / this.#frameBytes,
    };
  }
}
