import {
  after,
  type CodecHeader,
  durationOf,
  encodeMessage,
  type Frames,
  frames,
  type Micros,
  micros,
  type ServerInstant,
} from "@tutti/protocol";
import type { PcmChunk } from "./chunker.ts";
import type { Encoder, Packet } from "./ports.ts";
import { Timeline } from "./timeline.ts";
import type { CodingTally } from "./traffic.ts";

/** A message with audio, made once and sent to everybody who plays this rendition: never written to. */
export interface AudioMessage {
  readonly recordedAt: ServerInstant;
  readonly bytes: Uint8Array;
}

/** A chunk and the server time of its first frame. */
export interface TimedChunk extends PcmChunk {
  readonly recordedAt: ServerInstant;
}

/** One stream in one coding: an encoder and the messages it made in the last while. */
export class Rendition {
  /** Shared with other renditions of the stream in this codec. */
  readonly tally: CodingTally;
  /** As a configuration names it. */
  readonly coding: string;
  readonly #encoder: Encoder;
  readonly #rateHz: number;
  readonly #timeline: Timeline<AudioMessage>;
  /** Frames the encoder got and has not given back in a packet, and those its codec delays. */
  #held: Frames;

  constructor(
    encoder: Encoder,
    options: { rateHz: number; buffer: Micros; tally: CodingTally; coding: string },
  ) {
    this.tally = options.tally;
    this.coding = options.coding;
    this.#encoder = encoder;
    this.#held = frames(encoder.delayFrames ?? 0);
    this.#rateHz = options.rateHz;
    this.#timeline = new Timeline(options.buffer);
  }

  get codecHeader(): CodecHeader {
    return { codec: this.#encoder.codec, header: this.#encoder.header };
  }

  /** The messages a chunk completes. Each is stamped with its own first frame, be it of an earlier chunk. */
  encode(chunk: TimedChunk, now: ServerInstant): AudioMessage[] {
    let first = frames(-this.#held);
    const messages = this.#encoder.encode(chunk.pcm).map((packet) => {
      const offset = durationOf(first, this.#rateHz);
      first = frames(first + packet.frames);
      return this.#message(packet, after(chunk.recordedAt, micros(Math.round(offset))), now);
    });
    this.#held = frames(chunk.frames - first);
    for (const message of messages) {
      this.tally.encodedBytes += message.bytes.length;
      this.#timeline.push(message, now);
    }
    return messages;
  }

  /** What is still to be heard, oldest first. */
  current(now: ServerInstant): readonly AudioMessage[] {
    return this.#timeline.current(now);
  }

  /** How far back it remembers. */
  set length(value: Micros) {
    this.#timeline.length = value;
  }

  close(): void {
    this.#encoder.close();
  }

  #message(packet: Packet, recordedAt: ServerInstant, now: ServerInstant): AudioMessage {
    const chunk = { kind: "chunk", recordedAt, payload: packet.payload } as const;
    return { recordedAt, bytes: encodeMessage(chunk, { sentAt: now }) };
  }
}
