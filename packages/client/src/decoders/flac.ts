import { decodeFlacHeader, ProtocolError, type SampleFormat } from "@tutti/protocol";
import type { Decoder } from "../core/ports.ts";
import { BitReader } from "./flac/bit-reader.ts";
import { crc16 } from "./flac/crc16.ts";
import { type Decorrelation, readFrameHeader } from "./flac/frame-header.ts";
import { readSubframe } from "./flac/subframe.ts";

const CRC_BYTES = 2;
/** What one chunk may unpack to: silence packs a thousandfold, memory does not. (seconds) */
const CHUNK_SECONDS_MAX = 2;

/** Needs no more of the header than STREAMINFO. A chunk holds one or more whole frames. */
export function makeFlacDecoder(header: Uint8Array): Decoder {
  const format = decodeFlacHeader(header);
  const frameDecoder = new FlacFrames(format);
  return { format, decode: (payload) => frameDecoder.decode(payload), close() {} };
}

/** FLAC in plain code: there is nothing to load before the first sound, and 32 bits work. */
class FlacFrames {
  readonly #format: SampleFormat;
  readonly #reader = new BitReader();
  readonly #channels: Float64Array[];

  constructor(format: SampleFormat) {
    this.#format = format;
    this.#channels = Array.from({ length: format.channels }, () => new Float64Array(0));
  }

  decode(payload: Uint8Array): Float32Array {
    this.#reader.load(payload);
    const parts: Float32Array[] = [];
    let total = 0;
    while (this.#reader.remainingBits > 0) {
      const part = this.#frame();
      total += part.length;
      if (total > CHUNK_SECONDS_MAX * this.#format.rateHz * this.#format.channels) {
        throw new ProtocolError(`flac chunk of ${payload.length} bytes unpacks to too much`);
      }
      parts.push(part);
    }
    return joined(parts, total);
  }

  #frame(): Float32Array {
    const start = this.#reader.byte;
    const { blockFrames, decorrelation } = readFrameHeader(this.#reader, this.#format);
    const channels = this.#channels.map((channel, index) => {
      const samples = sized(channel, blockFrames);
      this.#channels[index] = samples.length > channel.length ? samples : channel;
      readSubframe(this.#reader, this.#format.bits + sideBit(decorrelation, index), samples);
      return samples;
    });
    this.#checkSum(start);
    const [first, second] = channels;
    if (first && second) correlate(decorrelation, first, second);
    return interleaved(channels, blockFrames, this.#format.bits);
  }

  #checkSum(start: number): void {
    this.#reader.alignToByte();
    this.#reader.unsigned(8 * CRC_BYTES);
    const sum = crc16(this.#reader.bytes(start, this.#reader.byte));
    if (sum !== 0) throw new ProtocolError("flac frame with a wrong checksum");
  }
}

/** The first `length` of `array`, or a new one when it is too short. */
function sized(array: Float64Array, length: number): Float64Array {
  return length <= array.length ? array.subarray(0, length) : new Float64Array(length);
}

/** The difference of two channels has a bit more than they. */
function sideBit(decorrelation: Decorrelation, channel: number): number {
  if (decorrelation === "side right") return channel === 0 ? 1 : 0;
  return decorrelation !== "none" && channel === 1 ? 1 : 0;
}

/** Makes left and right, in place, of what they were stored as (RFC 9639, section 4.2). */
function correlate(decorrelation: Decorrelation, first: Float64Array, second: Float64Array): void {
  if (decorrelation === "none") return;
  for (let at = 0; at < first.length; at++) {
    const a = first[at] as number;
    const b = second[at] as number;
    if (decorrelation === "left side") second[at] = a - b;
    else if (decorrelation === "side right") first[at] = a + b;
    else {
      // The mean lost its lowest bit; it is that of the difference.
      const right = a - Math.floor(b / 2);
      first[at] = right + b;
      second[at] = right;
    }
  }
}

function interleaved(channels: Float64Array[], blockFrames: number, bits: number): Float32Array {
  const scale = 2 ** (1 - bits);
  const samples = new Float32Array(blockFrames * channels.length);
  for (const [offset, channel] of channels.entries()) {
    for (let frame = 0, at = offset; frame < blockFrames; frame++, at += channels.length) {
      samples[at] = (channel[frame] as number) * scale;
    }
  }
  return samples;
}

function joined(parts: Float32Array[], total: number): Float32Array {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const samples = new Float32Array(total);
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return samples;
}
