import type { LocalInstant } from "@tutti/protocol";
import {
  type AudioFormat,
  type AudioOutput,
  countersAtZero,
  type OutputCounters,
  TIMING_RECORD_NUMBERS,
} from "./core/port.ts";
import { reserveMs } from "./core/reserve.ts";

/** Where frames go when their moment comes, in order, silence included. The samples are lent for the call. */
export interface FrameSink {
  play(samples: Float32Array): void;
  close(): Promise<void>;
}

export interface PacedOptions {
  readonly format: AudioFormat;
  /** What lies between being taken from the queue and being heard, as in a real card's buffer. (default 30 ms) */
  readonly latencyMs?: number;
  /** Reads this host's monotonic clock. */
  now(): LocalInstant;
}

const LATENCY_MS = 30;
const PERIODS_AHEAD = 3;
const QUEUE_MS = 1_000;
/** As a sound card's. */
const FADE_MS = 5;
const RECORDS_MAX = 1_024;

/**
 * A card without hardware, whose crystal is the host's clock. It needs no timer: each call first
 * takes from the queue what a card would have taken since the last one.
 */
export class PacedOutput implements AudioOutput {
  readonly format: AudioFormat;
  readonly latencyMs: number;
  readonly periodMs: number;
  readonly capacityFrames: number;
  readonly #now: () => LocalInstant;
  readonly #sink: FrameSink;
  readonly #start: number;
  readonly #periodFrames: number;
  /** It waits so long for a period that is not there yet, as there is sound before it. (frames) */
  #patienceFrames: number;
  readonly #queue: Float32Array;
  readonly #period: Float32Array;
  readonly #counters = countersAtZero();
  /** The queue ended, by a clear or because nothing came: nothing is waited for. */
  #ended = true;
  #queued = 0;
  #cardFrames = 0;
  readonly #records = new Float64Array(RECORDS_MAX * TIMING_RECORD_NUMBERS);
  #recordNumbers = 0;

  constructor({ format, now, latencyMs = LATENCY_MS }: PacedOptions, sink: FrameSink) {
    this.latencyMs = latencyMs;
    this.format = format;
    this.#now = now;
    this.#sink = sink;
    this.#start = now();
    this.periodMs = latencyMs / PERIODS_AHEAD;
    this.#periodFrames = Math.round((format.rateHz * this.periodMs) / 1_000);
    this.#patienceFrames = (format.rateHz * (latencyMs - reserveMs(latencyMs))) / 1_000;
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
    this.#counters.writtenFrames += taken;
    return taken;
  }

  takeTiming(into: Float64Array): number {
    this.#catchUp();
    const room = into.length - (into.length % TIMING_RECORD_NUMBERS);
    const taken = Math.min(room, this.#recordNumbers);
    into.set(this.#records.subarray(0, taken));
    this.#records.copyWithin(0, taken, this.#recordNumbers);
    this.#recordNumbers -= taken;
    return taken / TIMING_RECORD_NUMBERS;
  }

  counters(): OutputCounters {
    this.#catchUp();
    return this.#counters;
  }

  clear(): void {
    this.#catchUp();
    const { channels, rateHz } = this.format;
    const kept = Math.min(this.#queued, Math.round((rateHz * FADE_MS) / 1_000));
    for (let at = 0; at < kept * channels; at++) {
      const left = 1 - Math.floor(at / channels) / kept;
      this.#queue[at] = (this.#queue[at] as number) * (0.5 - 0.5 * Math.cos(Math.PI * left));
    }
    this.#counters.clearedFrames += this.#queued - kept;
    this.#queued = kept;
    this.#ended = true;
  }

  async close(): Promise<void> {
    this.#patienceFrames = 0;
    this.#catchUp();
    await this.#sink.close();
  }

  #catchUp(): void {
    const elapsed = ((this.#now() - this.#start) * this.format.rateHz) / 1e6;
    for (;;) {
      const late = elapsed - this.#cardFrames - this.#periodFrames;
      if (late < 0 || (this.#awaits && late < this.#patienceFrames)) return;
      this.#playPeriod();
    }
  }

  get #awaits(): boolean {
    return !this.#ended && this.#queued < this.#periodFrames;
  }

  #playPeriod(): void {
    const { channels, rateHz } = this.format;
    const heardAt = this.#start + (this.#cardFrames * 1e6) / rateHz + this.latencyMs * 1e3;
    this.#record(heardAt);
    const counters = this.#counters;
    const count = Math.min(this.#periodFrames, this.#queued);
    this.#ended = count < this.#periodFrames;
    this.#period.set(this.#queue.subarray(0, count * channels));
    this.#period.fill(0, count * channels);
    this.#queue.copyWithin(0, count * channels, this.#queued * channels);
    this.#queued -= count;
    counters.playedFrames += count;
    this.#cardFrames += this.#periodFrames;
    this.#sink.play(this.#period);
    if (this.#ended && counters.writtenFrames > 0) {
      counters.silentFrames += this.#periodFrames - count;
      counters.shortCallbacks++;
    }
  }

  #record(heardAt: number): void {
    const at = this.#recordNumbers;
    if (at === this.#records.length) return;
    const { playedFrames, clearedFrames } = this.#counters;
    this.#records[at] = playedFrames + clearedFrames;
    this.#records[at + 1] = heardAt;
    this.#records[at + 2] = this.#cardFrames;
    this.#records[at + 3] = 0;
    this.#recordNumbers += TIMING_RECORD_NUMBERS;
  }
}
