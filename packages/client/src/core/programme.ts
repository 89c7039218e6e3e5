/**
 * From the connection's chunks to what plays: which decoder, which buffer, and how one buffer follows
 * another.
 *
 * A codec header begins a connection or, later on, another stream. The same one at the beginning of a
 * connection means that the programme goes on, so decoder and buffer stay, and what the server sends
 * again is left out by its stamps. Another stream gets a buffer of its own and is faded to. While the clock of
 * a new connection is on trial its chunks are kept apart, as their stamps may not be comparable.
 */
import type { Chunk, CodecHeader, LocalInstant, SampleFormat } from "@tutti/protocol";
import { conceal } from "./concealment.ts";
import type { PlayerEvent } from "./events.ts";
import { JitterBuffer } from "./jitter-buffer.ts";
import type { Playout } from "./playout.ts";
import type { Decoder, PlayerPorts } from "./ports.ts";

/** What the jitter buffer holds beyond the time between recording and hearing. (ms) */
const CAPACITY_MS = 2_000;
/** A stamp further than this from what can be heard or recorded now belongs to another clock. (us) */
const STAMP_ERROR_MAX = 1_000_000;
/** Chunks of a backlog may be late without anything being wrong. (us) */
const LATE_GRACE = 2_000_000;
/** How far beyond what was rendered the resampler has looked. (us) */
const RENDER_REACH = 2_000;
/** Stamps are rounded and follow the source: a hole of whole chunks may be off by so much. (us) */
const WHOLE_CHUNKS_TOLERANCE = 1_000;
/** Least time between two reports of late chunks. (us) */
const LATE_REPORT_EVERY = 1_000_000;

/** Server times that bound what a chunk's stamp can be, as far as the clock is known. (us) */
export interface Plausible {
  /** Heard just now. */
  readonly due: number;
  /** Recorded just now. */
  readonly recordable: number;
}

export class Programme {
  receivedChunks = 0;
  lateChunks = 0;
  duplicateChunks = 0;
  /** Left out between two that came, by their stamps. */
  lostChunks = 0;
  /** Of those, made up for, at least in part. */
  concealedChunks = 0;
  /** End of the newest chunk of this stream and connection. NaN before there is one. (us of server time) */
  #endOfNewest = Number.NaN;
  /** How long a chunk lasts. (us) */
  #chunkLength = 0;
  readonly #ports: PlayerPorts;
  readonly #playout: Playout;
  #bufferMs = 1_000;
  #decoder: Decoder | undefined;
  #codec: CodecHeader | undefined;
  /** Where decoded chunks go: what plays, or what will. */
  #buffer: JitterBuffer | undefined;
  /**
   * Chunks of this connection whose stamps fit no moment of the clock known. Mostly it is the clock that is
   * wrong: after a sleep the backlog comes before the exchanges that say so.
   */
  #foreign: JitterBuffer | undefined;
  /** Whether `#buffer` continues what plays, so that both can be joined. */
  #continues = false;
  #firstHeader = true;
  /** The stream that codec headers are of, as far as the server says. */
  #stream: string | undefined;
  #streamOfCodec: string | undefined;
  /** Another coding of the same stream has begun and not taken over yet. */
  #turning = false;
  #graceUntil = 0;
  #lateReported = 0;
  #lateReportedAt = 0;

  constructor(ports: PlayerPorts, playout: Playout) {
    this.#ports = ports;
    this.#playout = playout;
  }

  /** Since the start. */
  get counts() {
    const { receivedChunks, lateChunks, duplicateChunks, lostChunks, concealedChunks } = this;
    return { receivedChunks, lateChunks, duplicateChunks, lostChunks, concealedChunks };
  }

  /** Of the stream, once one is known. */
  get format(): SampleFormat | undefined {
    return this.#decoder?.format;
  }

  set bufferMs(value: number) {
    this.#bufferMs = value;
    if (this.#buffer) this.#buffer.capacityMs = value + CAPACITY_MS;
  }

  /** Which stream the next codec headers are of. */
  set stream(value: string | undefined) {
    this.#stream = value;
  }

  /** A new connection: the next codec header is its first. */
  connected(): void {
    this.#foreign = undefined;
    this.#endOfNewest = Number.NaN;
    this.#firstHeader = true;
    this.#turning = false;
    this.#continues = false;
  }

  /** Returns the format when the stream is another than before. Throws ProtocolError. */
  setStream(
    { codec, header }: CodecHeader,
    clockOnTrial: boolean,
    now: LocalInstant,
  ): SampleFormat | undefined {
    const same = this.#codec?.codec === codec && sameBytes(this.#codec.header, header);
    const first = this.#firstHeader;
    const sameStream = this.#stream !== undefined && this.#stream === this.#streamOfCodec;
    this.#streamOfCodec = this.#stream;
    this.#graceUntil = now + LATE_GRACE;
    this.#firstHeader = false;
    if (!first && sameStream && this.#turnTo(codec, header.slice())) return undefined;
    if (first && same && this.#decoder) {
      this.#continues = true;
      if (clockOnTrial) this.#buffer = this.#newBuffer(this.#decoder.format);
      else this.join();
      return undefined;
    }
    this.#foreign = undefined;
    this.#endOfNewest = Number.NaN;
    const kept = header.slice();
    const decoder = this.#ports.makeDecoder(codec, kept);
    this.#decoder?.close();
    this.#decoder = decoder;
    this.#codec = { codec, header: kept };
    this.#continues = false;
    this.#buffer = this.#newBuffer(decoder.format);
    if (!clockOnTrial) this.#playout.cue(this.#buffer);
    return decoder.format;
  }

  /** Goes on with another coding of what plays. Returns false when it has another format. Throws ProtocolError. */
  #turnTo(codec: string, header: Uint8Array): boolean {
    const before = this.#decoder;
    const decoder = this.#ports.makeDecoder(codec, header);
    const { rateHz, channels } = decoder.format;
    if (before?.format.rateHz !== rateHz || before.format.channels !== channels) {
      decoder.close();
      return false;
    }
    before.close();
    this.#decoder = decoder;
    this.#codec = { codec, header };
    this.#turning = true;
    return true;
  }

  /** What is sent again in another coding: its decoder warms up on it, the last of it is faded over to. */
  #overlaps(buffer: JitterBuffer, begun: number, samples: Float32Array, rendered: number): boolean {
    const ended = begun + (samples.length / buffer.channels / buffer.rateHz) * 1_000_000;
    const end = buffer.endStamp;
    if (ended < end - WHOLE_CHUNKS_TOLERANCE) return true;
    this.#turning = false;
    if (begun < end)
      buffer.blend(begun, samples, Math.max(begun, (rendered || begun) + RENDER_REACH));
    return Math.abs(ended - end) < WHOLE_CHUNKS_TOLERANCE;
  }

  /**
   * Decodes and keeps a chunk. Returns false when its stamp is of another clock than the one known.
   * `rendered`: what has been given to the card, up to that moment of the programme. Throws ProtocolError.
   */
  store(
    { recordedAt, payload }: Chunk,
    now: LocalInstant,
    plausible: Plausible | undefined,
    rendered: number,
  ): boolean {
    const buffer = this.#buffer;
    // A chunk before its connection's codec header could be of anything.
    if (!this.#decoder || !buffer || this.#firstHeader) return true;
    this.#bridge(this.#decoder, buffer, recordedAt);
    const samples = this.#decoder.decode(payload);
    if (this.#turning && this.#overlaps(buffer, recordedAt, samples, rendered)) return true;
    const ended = recordedAt + (samples.length / buffer.channels / buffer.rateHz) * 1_000_000;
    this.#count(recordedAt, ended);
    if (plausible) {
      const early = recordedAt > plausible.recordable + STAMP_ERROR_MAX;
      if (early || ended < plausible.due - STAMP_ERROR_MAX) {
        this.lateChunks++;
        this.#foreign ??= this.#newBuffer(this.#decoder.format);
        this.#foreign.insert(recordedAt, samples);
        return false;
      }
      if (ended <= rendered && now > this.#graceUntil) this.lateChunks++;
    }
    if (buffer.insert(recordedAt, samples) === "duplicate") this.duplicateChunks++;
    return true;
  }

  /**
   * Counts what is missing before a chunk, and makes up for it as far as the decoder can. A hole longer than the
   * buffer is a pause of the source: nothing that was sent is missing.
   */
  #bridge(decoder: Decoder, buffer: JitterBuffer, begun: number): void {
    const hole = begun - this.#endOfNewest;
    const length = this.#chunkLength;
    if (!(hole > length / 2 && hole < this.#bufferMs * 1_000)) return;
    const lost = Math.round(hole / length);
    this.lostChunks += lost;
    const whole = Math.abs(hole - lost * length) < WHOLE_CHUNKS_TOLERANCE;
    if (!whole || this.#foreign) return;
    const { rateHz, channels } = buffer;
    const made = conceal(decoder, Math.round((lost * length * rateHz) / 1_000_000));
    if (!made || buffer.insert(this.#endOfNewest, made) === "duplicate") return;
    const seconds = made.length / channels / rateHz;
    this.concealedChunks += Math.round((seconds * 1_000_000) / length);
  }

  #count(begun: number, ended: number): void {
    this.receivedChunks++;
    this.#chunkLength = ended - begun;
    if (!(ended < this.#endOfNewest)) this.#endOfNewest = ended;
  }

  /** The new connection's clock is the old one: its chunks continue what is buffered, or follow it. */
  join(): void {
    const buffer = this.#buffer;
    const playing = this.#playout.buffer;
    if (!buffer || buffer === playing) return;
    if (!this.#continues || !playing) {
      this.#playout.cue(buffer);
      return;
    }
    playing.merge(buffer);
    this.#buffer = playing;
  }

  /**
   * The new connection's clock is another, ahead of the one before by `apart`. What is left of the old
   * connection plays out, stamped anew; what comes over this one follows it.
   */
  replace(apart: number): void {
    this.#playout.buffer?.restamp(apart);
    this.join();
  }

  /** After a step of the clock only what was stamped by the new one can be placed. */
  discardForeign({ due, recordable }: Plausible): void {
    if (!this.#buffer || !this.#decoder) return;
    const kept = this.#newBuffer(this.#decoder.format);
    for (const buffer of [this.#buffer, this.#foreign]) {
      if (buffer) kept.merge(buffer, due - STAMP_ERROR_MAX, recordable + STAMP_ERROR_MAX);
    }
    this.#foreign = undefined;
    this.#buffer = kept;
    this.#playout.cut(kept);
  }

  /** Late chunks not told of yet, at most once a second. */
  takeReport(now: LocalInstant): PlayerEvent | undefined {
    const count = this.lateChunks - this.#lateReported;
    if (count === 0 || now - this.#lateReportedAt < LATE_REPORT_EVERY) return undefined;
    this.#lateReported = this.lateChunks;
    this.#lateReportedAt = now;
    return { kind: "late chunks", count };
  }

  #newBuffer({ rateHz, channels }: SampleFormat): JitterBuffer {
    return new JitterBuffer({ rateHz, channels, capacityMs: this.#bufferMs + CAPACITY_MS });
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
