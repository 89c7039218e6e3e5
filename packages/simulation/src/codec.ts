import type { Decoder } from "@tutti/client/core";
import { frameBytes, ProtocolError, type SampleFormat } from "@tutti/protocol";
import type { Encoder } from "@tutti/server/core";
import { makePcmDecoder, makePcmEncoder, samplesOf, scaled } from "./pcm-codec.ts";
import type { Random } from "./random.ts";

/** What travels: the music as it is, or packets of the size and the delay that real coders make of it. */
export type CodecName = "pcm" | "flac" | "opus";

interface Coding {
  /** Of music at 48 kHz, as listeners have it. (kbit/s) */
  readonly kbit: number;
  /** How far a packet's size may be from the mean, up and down: codecs know loud and quiet. */
  readonly varies: number;
  /** By how much what comes out lags behind what went in. (s) */
  readonly delaySeconds: number;
  /** Of chunks of the usual length and longer; packets of shorter ones are as short. Absent: all are. (s) */
  readonly blockSeconds?: number;
}

const CODINGS: Readonly<Record<Exclude<CodecName, "pcm">, Coding>> = {
  flac: { kbit: 850, varies: 0.4, delaySeconds: 1 / 48_000, blockSeconds: 1_152 / 48_000 },
  opus: { kbit: 128, varies: 0.3, delaySeconds: 2.5e-3 },
};
const USUAL_CHUNK_SECONDS = 0.02;

/** Packets that anybody may still ask for: minutes of them. */
const KEPT_MAX = 8_192;
const ID_BYTES = 4;

/**
 * Codecs without their arithmetic. A packet has a real one's size and says which piece of PCM it stands
 * for; the pieces stay here. So the numbered signal survives, and the links carry what they would.
 */
export class CodecShelf {
  readonly #random: Random;
  readonly #pieces = new Map<number, Int16Array>();
  /** By packet, the one that the same encoder made after it. */
  readonly #followers = new Map<number, number>();
  #newest = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  makeEncoder(name: CodecName, format: SampleFormat, ofKbit?: number): Encoder {
    if (name === "pcm") return makePcmEncoder(format);
    const { kbit: usualKbit, varies, delaySeconds, blockSeconds } = CODINGS[name];
    const kbit = ofKbit ?? usualKbit;
    const size = frameBytes(format);
    const delayFrames = Math.round(delaySeconds * format.rateHz);
    let held: Uint8Array = new Uint8Array(delayFrames * size);
    let before: number | undefined;
    const pack = (pcm: Uint8Array) => {
      const frames = pcm.length / size;
      const bytes = (kbit * 125 * frames) / format.rateHz;
      const payload = this.#put(pcm, bytes * this.#random.between(1 - varies, 1 + varies));
      if (before !== undefined) this.#followers.set(before, this.#newest);
      before = this.#newest;
      return { payload, frames };
    };
    return {
      codec: name,
      header: headerOf(format),
      delayFrames,
      encode: (pcm) => {
        held = joined(held, pcm);
        const usual = pcm.length >= USUAL_CHUNK_SECONDS * format.rateHz * size;
        const block =
          usual && blockSeconds ? Math.round(blockSeconds * format.rateHz) * size : pcm.length;
        const ready: Uint8Array[] = [];
        for (; held.length >= block + delayFrames * size; held = held.slice(block)) {
          ready.push(held.slice(0, block));
        }
        return ready.map(pack);
      },
      close() {},
    };
  }

  makeDecoder(name: string, header: Uint8Array): Decoder {
    if (name === "pcm") return makePcmDecoder(name, header);
    if (name !== "flac" && name !== "opus") throw new ProtocolError(`no decoder for "${name}"`);
    const [rateHz = 0] = new Uint32Array(header.slice(0, ID_BYTES).buffer);
    const format = { rateHz, bits: 16, channels: header[ID_BYTES] ?? 0 } as const;
    const decode = (payload: Uint8Array) => scaled(this.pcmOf(name, payload));
    if (name === "flac") return { format, decode, close() {} };
    let last: number | undefined;
    return {
      format,
      decode: (payload) => {
        const samples = decode(payload);
        last = idOf(payload);
        return samples;
      },
      // Of a tone, real ones make the tone.
      conceal: (frames) => {
        const samples: number[] = [];
        while (last !== undefined && samples.length < frames * format.channels) {
          last = this.#followers.get(last);
          const piece = last === undefined ? undefined : this.#pieces.get(last);
          if (!piece) break;
          samples.push(...scaled(piece));
        }
        return Float32Array.from(samples);
      },
      close() {},
    };
  }

  /** What a packet stands for. */
  pcmOf(name: string, payload: Uint8Array): Int16Array {
    if (name === "pcm") return samplesOf(payload);
    const id = idOf(payload);
    const piece = this.#pieces.get(id);
    if (!piece) throw new ProtocolError(`packet ${id} is not on the shelf`);
    return piece;
  }

  #put(pcm: Uint8Array, bytes: number): Uint8Array {
    const id = ++this.#newest;
    this.#pieces.set(id, samplesOf(pcm.slice()));
    this.#pieces.delete(id - KEPT_MAX);
    this.#followers.delete(id - KEPT_MAX);
    const payload = new Uint8Array(Math.max(ID_BYTES, Math.round(bytes)));
    payload.set(new Uint8Array(Uint32Array.of(id).buffer));
    return payload;
  }
}

function idOf(payload: Uint8Array): number {
  const [id = 0] = new Uint32Array(payload.slice(0, ID_BYTES).buffer);
  return id;
}

function headerOf({ rateHz, channels }: SampleFormat): Uint8Array {
  return Uint8Array.of(...new Uint8Array(Uint32Array.of(rateHz).buffer), channels);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
