import {
  assert,
  type Micros,
  micros,
  millis,
  type SampleFormat,
  type ServerInstant,
} from "@tutti/protocol";
import { type CodecChoice, formatCodecChoice, type StreamConfig } from "@tutti/protocol/config";
import type { ServerPorts } from "./ports.ts";
import { type AudioMessage, Rendition, type TimedChunk } from "./rendition.ts";
import { Timeline } from "./timeline.ts";
import type { CodingTally, CodingTraffic } from "./traffic.ts";

/** A message, and in which of a stream's codings it is. */
export interface Rendered {
  readonly rendition: Rendition;
  readonly message: AudioMessage;
}

/** A stream in every coding that somebody plays, and as it was in the last while for those who join. */
export class Renditions {
  readonly #makeEncoder: ServerPorts["makeEncoder"];
  readonly #format: SampleFormat;
  readonly #chunkMs: number;
  #buffer: Micros;
  readonly #bufferMax: Micros;
  readonly #recent: Timeline<TimedChunk>;
  /** By codec, also of those that nobody plays any more: counters only grow. */
  readonly #tallies = new Map<CodecChoice["name"], CodingTally>();
  readonly #played = new Map<string, { rendition: Rendition; codec: string; players: number }>();

  constructor(config: StreamConfig, makeEncoder: ServerPorts["makeEncoder"]) {
    this.#makeEncoder = makeEncoder;
    this.#format = config.sampleFormat;
    this.#chunkMs = config.chunkMs;
    this.#buffer = millis(config.bufferMs);
    this.#bufferMax = millis(config.bufferMaxMs ?? 0);
    this.#recent = new Timeline(this.#buffer);
  }

  /** How far back it remembers: what the one who plays latest has still to hear. */
  get length(): Micros {
    return this.#buffer;
  }

  set length(value: Micros) {
    this.#buffer = value;
    this.#recent.length = value;
    for (const { rendition } of this.#played.values()) rendition.length = this.#kept;
  }

  /** What is coded is kept for those, too, who will play later because they missed it. */
  get #kept(): Micros {
    return micros(Math.max(this.#buffer, this.#bufferMax));
  }

  get traffic(): Omit<CodingTraffic, "stream">[] {
    return [...this.#tallies].map(([codec, tally]) => {
      const played = [...this.#played.values()].filter((each) => each.codec === codec);
      const clients = played.reduce((sum, { players }) => sum + players, 0);
      return { codec, clients, ...tally };
    });
  }

  /** Somebody plays it so coded: what it was in the last while is encoded if nobody did before. */
  attach(choice: CodecChoice, now: ServerInstant): Rendition {
    const key = JSON.stringify(choice);
    const known = this.#played.get(key);
    if (known) {
      known.players++;
      return known.rendition;
    }
    const encoder = this.#makeEncoder(choice, this.#format, this.#chunkMs);
    const rendition = new Rendition(encoder, {
      rateHz: this.#format.rateHz,
      buffer: this.#kept,
      tally: this.#tally(choice.name),
      coding: formatCodecChoice(choice),
    });
    for (const chunk of this.#recent.current(now)) rendition.encode(chunk, now);
    this.#played.set(key, { rendition, codec: choice.name, players: 1 });
    return rendition;
  }

  has(rendition: Rendition): boolean {
    return [...this.#played.values()].some((each) => each.rendition === rendition);
  }

  /** One player less; with the last one the encoder goes. What is not of this stream is left alone. */
  detach(rendition: Rendition): void {
    for (const [key, entry] of this.#played) {
      if (entry.rendition !== rendition || --entry.players > 0) continue;
      rendition.close();
      this.#played.delete(key);
    }
  }

  /** The clock was set: what it was in the last while is stamped anew. Nobody may play it just now. */
  move(by: Micros): void {
    assert(this.#played.size === 0, "nobody plays what is stamped anew");
    this.#recent.move(by);
  }

  encode(chunk: TimedChunk, now: ServerInstant): Rendered[] {
    this.#recent.push(chunk, now);
    return [...this.#played.values()].flatMap(({ rendition }) =>
      rendition.encode(chunk, now).map((message) => ({ rendition, message })),
    );
  }

  #tally(codec: CodecChoice["name"]): CodingTally {
    const tally = this.#tallies.get(codec) ?? { encodedBytes: 0, sentBytes: 0 };
    this.#tallies.set(codec, tally);
    return tally;
  }
}
