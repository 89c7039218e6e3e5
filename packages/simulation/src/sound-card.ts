import {
  type AudioFormat,
  type AudioOutput,
  type OutputCounters,
  reserveMs,
  TIMING_RECORD_NUMBERS,
} from "@tutti/audio/core";
import { assert, framesIn, type Micros, millis, seconds } from "@tutti/protocol";
import type { HostClock } from "./host-clock.ts";
import type { Random } from "./random.ts";
import {
  type Happening,
  later,
  type Simulation,
  type TrueInstant,
  trueTime,
} from "./simulation.ts";

/** A card as it is built in, and as it behaves. */
export interface CardOptions {
  /** How much faster than nominal its crystal runs, against true time. */
  readonly driftPpm?: number;
  /** Standard deviation of what its rate changes in an hour, as a random walk. (ppm) */
  readonly wanderPpm?: number;
  readonly periodMs?: number;
  /** Periods the card's own buffer holds. */
  readonly periods?: number;
  /** Steps in which its pointer moves: less than one means a card that counts finer than the music. (frames) */
  readonly granularityFrames?: number;
  /**
   * On USB: pointer and interrupts move with the bus, whose clock is not the card's. `packetsMs`: what the
   * driver hands over at once; the pointer stands still in between. The host controller runs at `busPpm`.
   */
  readonly usb?: { readonly packetsMs: number; readonly busPpm: number };
  /** Mean of what a timing record is late, exponentially distributed; never early. (us) */
  readonly recordLateUs?: number;
  /** What the converter adds behind the buffer, known to the driver and not. */
  readonly reportedDelayMs?: number;
  readonly unreportedDelayMs?: number;
  /** The callback's thread is held up now and then; longer than the card's buffer is an underrun. */
  readonly stalls?: { readonly everyMs: number; readonly upToMs: number };
  /** Room of the queue between JavaScript and callback. */
  readonly queueMs?: number;
}

/** Frames that leave the converter one after the other, the first at `at`. `samples` is lent until the call returns. */
export interface Heard {
  readonly samples: Float32Array;
  readonly at: TrueInstant;
  /** True time from one frame to the next. (us) */
  readonly frameUs: number;
}

/** As the client asks for them, on a card that counts the frames of 48 kHz, of which six are one here. */
const DEFAULTS = {
  driftPpm: 0,
  wanderPpm: 0,
  periodMs: 25,
  periods: 4,
  granularityFrames: 1 / 6,
  recordLateUs: 5,
  reportedDelayMs: 0.5,
  unreportedDelayMs: 0,
  queueMs: 500,
};

/** What the driver needs from an underrun to the first frame that sounds again. */
const RESTART = millis(2);
const CALLBACK_LATE_US = 30;
const WANDER_STEP = seconds(10);
const RECORDS_MAX = 1_024;

/**
 * A card that pulls a period whenever its buffer has room for one. What it was handed leaves the
 * converter evenly at its crystal's rate until it runs dry; then it starts over with a buffer of silence.
 */
export class SoundCard implements AudioOutput {
  readonly format: AudioFormat;
  readonly latencyMs: number;
  readonly periodMs: number;
  readonly capacityFrames: number;
  /** What it did to those who rely on it. `staleRecords`: told of a pointer that stood still for a frame or more. */
  readonly counts = { heldUp: 0, records: 0, recordsLateUs: 0, staleRecords: 0, rateChanges: 0 };
  readonly #simulation: Simulation;
  readonly #random: Random;
  readonly #clock: HostClock;
  readonly #options: CardOptions & typeof DEFAULTS;
  readonly #onHeard: (heard: Heard) => void;
  readonly #period: number;
  /** A ring: its oldest frame is number `written - queued`. */
  readonly #queue: Float32Array;
  #queued = 0;
  #written = 0;
  #cleared = 0;
  #silent = 0;
  #short = 0;
  #underruns = 0;
  #clearAt = -1;
  /** The callback's thread waits for more in the queue. */
  #awaits = false;
  /** The queue ended, by a clear or because nothing came: nothing is waited for. */
  #ended = true;
  /** Queue or card ran dry: what comes is thrown away until `clear` says that this was noticed. */
  #holding = false;
  /** Frames handed to the card, silence included, and when one of them leaves. */
  #handed = 0;
  #anchorFrame = 0;
  #anchorAt: TrueInstant;
  #rateHz: number;
  #wandered: TrueInstant;
  #records: number[] = [];
  /** Handed over and not heard yet: a suspend takes them away. */
  #pending: Heard[] = [];
  #next: Happening | undefined;
  #closed = false;

  constructor(
    machine: { simulation: Simulation; clock: HostClock; name: string },
    format: AudioFormat,
    options: CardOptions,
    onHeard: (heard: Heard) => void,
  ) {
    this.#simulation = machine.simulation;
    this.#clock = machine.clock;
    this.#random = machine.simulation.random(`card of ${machine.name}`);
    this.#options = { ...DEFAULTS, ...options };
    this.#onHeard = onHeard;
    this.format = format;
    this.#period = Math.round(framesIn(millis(this.#options.periodMs), format.rateHz));
    this.periodMs = this.#options.periodMs;
    this.latencyMs = this.periodMs * (this.#options.periods - 1);
    this.capacityFrames = Math.round(framesIn(millis(this.#options.queueMs), format.rateHz));
    this.#queue = new Float32Array(this.capacityFrames * format.channels);
    this.#rateHz = format.rateHz * (1 + this.#options.driftPpm * 1e-6);
    this.#anchorAt = this.#wandered = machine.simulation.now;
    this.#start();
  }

  write(samples: Float32Array): number {
    const { channels } = this.format;
    const wanted = samples.length / channels;
    assert(Number.isInteger(wanted), "whole frames are written");
    const count = Math.min(wanted, this.capacityFrames - this.#queued);
    const at = this.#written % this.capacityFrames;
    const whole = Math.min(count, this.capacityFrames - at);
    this.#queue.set(samples.subarray(0, whole * channels), at * channels);
    this.#queue.set(samples.subarray(whole * channels, count * channels));
    this.#queued += count;
    this.#written += count;
    if (this.#awaits) this.#expect(this.#simulation.now);
    return count;
  }

  takeTiming(into: Float64Array): number {
    const room = into.length - (into.length % TIMING_RECORD_NUMBERS);
    const taken = this.#records.splice(0, room);
    into.set(taken);
    return taken.length / TIMING_RECORD_NUMBERS;
  }

  counters(): OutputCounters {
    return {
      writtenFrames: this.#written,
      playedFrames: this.#written - this.#queued - this.#cleared,
      clearedFrames: this.#cleared,
      silentFrames: this.#silent,
      shortCallbacks: this.#short,
      underruns: this.#underruns,
    };
  }

  clear(): void {
    this.#clearAt = this.#written;
  }

  close(): Promise<void> {
    this.#closed = true;
    if (this.#next) this.#next.cancelled = true;
    this.#hush();
    return Promise.resolve();
  }

  /** The host falls asleep: the card stops where it is and forgets what it holds. */
  suspend(): void {
    if (this.#next) this.#next.cancelled = true;
    this.#hush();
  }

  resume(): void {
    this.#ranDry();
  }

  /** Holds the callback's thread up once. */
  stall(span: Micros): void {
    this.#awaits = false;
    this.#expect(later(this.#simulation.now, span));
  }

  #ranDry(): void {
    this.#underruns++;
    this.#holding = true;
    this.#start();
  }

  #start(): void {
    this.#awaits = false;
    this.#anchorFrame = this.#handed;
    this.#anchorAt = later(this.#simulation.now, RESTART);
    this.#handed += this.#period * (this.#options.periods - 1);
    this.#expect(this.#anchorAt);
  }

  #leaves(frame: number): TrueInstant {
    return later(this.#anchorAt, ((frame - this.#anchorFrame) * 1e6) / this.#rateHz);
  }

  #expect(when: TrueInstant): void {
    if (this.#next) this.#next.cancelled = true;
    // Interrupts know nothing of frames: the pointer is found anywhere within one.
    const within = this.#random.between(0, 1e6 / this.#rateHz);
    const interrupt = this.#busTick(later(when, within), Math.ceil);
    const late = this.#random.exponential(CALLBACK_LATE_US) + this.#heldUp();
    this.#next = this.#simulation.at(later(interrupt, late), () => this.#callback());
  }

  /** The moment at which the driver hears of the bus next, or heard last. Without a bus, any moment is one. */
  #busTick(when: TrueInstant, round: (ticks: number) => number): TrueInstant {
    const { usb } = this.#options;
    if (!usb) return when;
    const period = millis(usb.packetsMs) / (1 + usb.busPpm * 1e-6);
    return trueTime(round(when / period) * period);
  }

  #heldUp(): number {
    const { stalls, periodMs } = this.#options;
    if (!stalls || !this.#random.chance(periodMs / stalls.everyMs)) return 0;
    this.counts.heldUp++;
    return this.#random.between(0, millis(stalls.upToMs));
  }

  #callback(): void {
    if (this.#closed) return;
    this.#emit();
    if (this.#simulation.now > this.#leaves(this.#handed)) {
      this.#ranDry();
      return;
    }
    if (!this.#awaits) {
      this.#wander();
      this.#applyClear();
      this.#record();
    }
    this.#awaits = this.#mayAwait();
    if (this.#awaits) {
      this.#expect(this.#waitsUntil());
      return;
    }
    this.#hand();
    const { periods } = this.#options;
    this.#expect(this.#leaves(this.#handed - (periods - 1) * this.#period));
  }

  /** Whether there is too little in the queue and sound for a while in the card: then it need not be silence. */
  #mayAwait(): boolean {
    if (this.#ended || this.#holding || this.#queued >= this.#period) return false;
    return this.#simulation.now < this.#waitsUntil();
  }

  #waitsUntil(): TrueInstant {
    return later(this.#leaves(this.#handed), -millis(reserveMs(this.latencyMs)));
  }

  /** Moves a period from queue to card, filled up with silence. */
  #hand(): void {
    const { channels } = this.format;
    const count = Math.min(this.#period, this.#queued);
    const samples = new Float32Array(this.#period * channels);
    let from = ((this.#written - this.#queued) % this.capacityFrames) * channels;
    for (let at = 0; at < count * channels; at++) {
      samples[at] = this.#queue[from] as number;
      if (++from === this.#queue.length) from = 0;
    }
    this.#queued -= count;
    this.#ended = count < this.#period;
    if (this.#ended) {
      this.#short++;
      this.#holding ||= this.#written > 0;
      if (this.#written > 0) this.#silent += this.#period - count;
    }
    const delay = millis(this.#options.reportedDelayMs + this.#options.unreportedDelayMs);
    const at = later(this.#leaves(this.#handed), delay);
    this.#pending.push({ samples, at, frameUs: 1e6 / this.#rateHz });
    this.#handed += this.#period;
  }

  /** The pointer is read a little before the clock, and has passed what it says: both make `at` late. */
  #record(): void {
    const { now } = this.#simulation;
    const { granularityFrames, recordLateUs, reportedDelayMs } = this.#options;
    const seen = this.#busTick(now, Math.floor);
    const pointer = Math.floor(this.#passed(seen) / granularityFrames) * granularityFrames;
    if (this.#passed(now) - pointer > 1) this.counts.staleRecords++;
    const delayUs = ((this.#handed - pointer) * 1e6) / this.format.rateHz + millis(reportedDelayMs);
    const late = this.#random.exponential(recordLateUs);
    this.counts.records++;
    this.counts.recordsLateUs += late;
    const at = this.#clock.now + delayUs + late;
    const first = this.#written - this.#queued;
    if (this.#records.length >= RECORDS_MAX) this.#records.splice(0, TIMING_RECORD_NUMBERS);
    this.#records.push(first, at, this.#handed, this.#underruns);
  }

  /** Frames that have left the converter, silence included, to a part of one. */
  get heardFrames(): number {
    return this.#passed(this.#simulation.now);
  }

  /** Frames that have left by `when`, silence included. */
  #passed(when: TrueInstant): number {
    return this.#anchorFrame + ((when - this.#anchorAt) * this.#rateHz) / 1e6;
  }

  #applyClear(): void {
    const asked = this.#clearAt >= 0;
    if (!asked && !this.#holding) return;
    const oldest = this.#written - this.#queued;
    const to = Math.max(oldest, asked ? this.#clearAt : this.#written);
    const faded = this.#holding ? 0 : Math.min(to - oldest, this.#period >> 1);
    this.#fade(oldest, to - faded, faded);
    this.#queued -= to - faded - oldest;
    this.#cleared += to - faded - oldest;
    this.#clearAt = -1;
    this.#ended = true;
    if (asked) this.#holding = false;
  }

  /** Puts `count` frames from number `from` on, fading, in the place of those from `to` on, which are later. */
  #fade(from: number, to: number, count: number): void {
    const { channels } = this.format;
    for (let index = count - 1; index >= 0; index--) {
      const gain = 0.5 - 0.5 * Math.cos(Math.PI * (1 - index / count));
      const source = ((from + index) % this.capacityFrames) * channels;
      const target = ((to + index) % this.capacityFrames) * channels;
      for (let channel = 0; channel < channels; channel++) {
        this.#queue[target + channel] = gain * (this.#queue[source + channel] as number);
      }
    }
  }

  #emit(): void {
    const { now } = this.#simulation;
    while (this.#pending[0] && this.#pending[0].at + millis(this.#options.periodMs) <= now) {
      const heard = this.#pending.shift();
      if (heard) this.#onHeard(heard);
    }
  }

  #hush(): void {
    for (const heard of this.#pending) if (heard.at <= this.#simulation.now) this.#onHeard(heard);
    this.#pending = [];
  }

  #wander(): void {
    const { now } = this.#simulation;
    const { wanderPpm } = this.#options;
    if (wanderPpm === 0 || now < later(this.#wandered, WANDER_STEP)) return;
    this.#wandered = now;
    this.#anchorAt = this.#leaves(this.#handed);
    this.#anchorFrame = this.#handed;
    const stepPpm = wanderPpm * Math.sqrt(WANDER_STEP / seconds(3_600));
    this.counts.rateChanges++;
    this.#rateHz += this.format.rateHz * this.#random.normal(stepPpm) * 1e-6;
  }
}
