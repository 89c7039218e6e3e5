import type { LocalInstant } from "@tutti/protocol";
import {
  type AudioFormat,
  type AudioOutput,
  type OutputCounters,
  TIMING_RECORD_NUMBERS,
} from "./port.ts";

/** Where frames go when their moment comes, in order, silence included. The samples are lent for the call. */
export interface FrameSink {
  play(samples: Float32Array): void;
  close(): Promise<void>;
}

export interface PacedOptions {
  readonly format: AudioFormat;
  /** Reads this host's monotonic clock. */
  now(): LocalInstant;
}

const PERIOD_MS = 10;
/** Periods between being taken from the queue and being heard: as in a real card's buffer. */
const PERIODS_AHEAD = 3;
const QUEUE_MS = 1_000;
const RECORDS_MAX = 1_024;

/**
 * A card without hardware, whose crystal is the host's clock. It needs no timer: each call first
 * takes from the queue what a card would have taken since the last one.
 */
export class PacedOutput implements AudioOutput {
  readonly format: AudioFormat;
  readonly latencyMs = PERIOD_MS * PERIODS_AHEAD;
  readonly capacityFrames: number;
  readonly #now: () => LocalInstant;
  readonly #sink: FrameSink;
  readonly #start: number;
  readonly #periodFrames: number;
  readonly #queue: Float32Array;
  readonly #period: Float32Array;
  #queued = 0;
  #cardFrames = 0;
  #written = 0;
  #played = 0;
  #cleared = 0;
  #silent = 0;
  #short = 0;
  #records: number[] = [];

  constructor({ format, now }: PacedOptions, sink: FrameSink) {
    this.format = format;
    this.#now = now;
    this.#sink = sink;
    this.#start = now();
    this.#periodFrames = Math.round((format.rateHz * PERIOD_MS) / 1_000);
    this.capacityFrames = Math.round((format.rateHz * QUEUE_MS) / 1_000);
    this.#queue = new Float32Array(this.capacityFrames * format.channels);
    this.#period = new Float32Array(this.#periodFrames * format.channels);
  }

  write(samples: Float32Array): number {
    this.#catchUp();
    const { channels } = this.format;
    const taken = Math.min(
      Math.floor(samples.length / channels),
      this.capacityFrames - this.#queued,
    );
    this.#queue.set(samples.subarray(0, taken * channels), this.#queued * channels);
    this.#queued += taken;
    this.#written += taken;
    return taken;
  }

  takeTiming(into: Float64Array): number {
    this.#catchUp();
    const taken = this.#records.splice(0, into.length - (into.length % TIMING_RECORD_NUMBERS));
    into.set(taken);
    return taken.length / TIMING_RECORD_NUMBERS;
  }

  counters(): OutputCounters {
    this.#catchUp();
    return {
      writtenFrames: this.#written,
      playedFrames: this.#played,
      clearedFrames: this.#cleared,
      silentFrames: this.#silent,
      shortCallbacks: this.#short,
      underruns: 0,
    };
  }

  clear(): void {
    this.#catchUp();
    this.#cleared += this.#queued;
    this.#queued = 0;
  }

  async close(): Promise<void> {
    this.#catchUp();
    await this.#sink.close();
  }

  #catchUp(): void {
    const elapsed = ((this.#now() - this.#start) * this.format.rateHz) / 1e6;
    while (this.#cardFrames + this.#periodFrames <= elapsed) this.#playPeriod();
  }

  #playPeriod(): void {
    const { channels, rateHz } = this.format;
    const heardAt = this.#start + (this.#cardFrames * 1e6) / rateHz + this.latencyMs * 1e3;
    if (this.#records.length < RECORDS_MAX * TIMING_RECORD_NUMBERS) {
      this.#records.push(this.#played + this.#cleared, heardAt, this.#cardFrames, 0);
    }
    const count = Math.min(this.#periodFrames, this.#queued);
    this.#period.set(this.#queue.subarray(0, count * channels));
    this.#period.fill(0, count * channels);
    this.#queue.copyWithin(0, count * channels, this.#queued * channels);
    this.#queued -= count;
    this.#played += count;
    this.#cardFrames += this.#periodFrames;
    this.#sink.play(this.#period);
    if (count < this.#periodFrames && this.#written > 0) {
      this.#silent += this.#periodFrames - count;
      this.#short++;
    }
  }
}
