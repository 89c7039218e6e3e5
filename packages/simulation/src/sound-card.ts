import {
  type AudioFormat,
  type AudioOutput,
  type OutputCounters,
  reserveMs,
  TIMING_RECORD_NUMBERS,
} from "@tutti/audio/core";
import { framesIn, type Micros, millis, seconds } from "@tutti/protocol";
import { CARD_DEFAULTS, type CardOptions } from "./card-options.ts";
import { CardQueue } from "./card-queue.ts";
import type { HostClock } from "./host-clock.ts";
import type { Random } from "./random.ts";
import {
  type Happening,
  later,
  type Simulation,
  type TrueInstant,
  trueTime,
} from "./simulation.ts";

/** Frames that leave the converter one after the other, the first at `at`. `samples` is lent until the call returns. */
export interface Heard {
  readonly samples: Float32Array;
  readonly at: TrueInstant;
  /** True time from one frame to the next. (us) */
  readonly frameUs: number;
}

export interface CardListener {
  onHeard(heard: Heard): void;
  /** Queue or card ran short, and the counters say so: for a thread that sleeps. */
  onShort?(): void;
}

/** What the driver needs from an underrun to the first frame that sounds again. */
const RESTART = millis(2);
/** While it is not known what comes next, silence goes to the card in pieces of that. */
const PIECE_MS = 2;
/** A card that runs dry in that silence, or again so soon, needs more of it. */
const PROVEN = seconds(1);
const CALLBACK_LATE_US = 30;
const WANDER_STEP = seconds(10);
const RECORDS_MAX = 1_024 * TIMING_RECORD_NUMBERS;

/**
 * A card that pulls a period whenever its buffer has room for one. What it was handed leaves the
 * converter evenly at its crystal's rate until it runs dry; then it starts over with as little silence as it can, and
 * goes on so until it is told what to play.
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
  readonly #options: CardOptions & typeof CARD_DEFAULTS;
  readonly #listener: CardListener;
  readonly #period: number;
  readonly #queue: CardQueue;
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
  /** Times queue or card ran short, and as many of them as `counters` has told. */
  #failures = 0;
  #failuresSeen = 0;
  /** What `resume` asked for, and by which failures. */
  #resumeAt = -1;
  #resumeSeen = 0;
  /** Silence that comes before the queue's first frame. (frames) */
  #lead = 0;
  readonly #pieceFrames: number;
  /** With so much left the card is handed the next piece of silence. (ms) */
  #lingerMs: number;
  #restartedAt = trueTime(-Infinity);
  /** Frames handed to the card, silence included, and when one of them leaves. */
  #handed = 0;
  #anchorFrame = 0;
  /** Of the first frame since it was started last: pointer and periods count from there. */
  #startFrame = 0;
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
    listener: CardListener,
  ) {
    this.#simulation = machine.simulation;
    this.#clock = machine.clock;
    this.#random = machine.simulation.random(`card of ${machine.name}`);
    this.#options = { ...CARD_DEFAULTS, ...options };
    this.#listener = listener;
    this.format = format;
    this.#period = Math.round(framesIn(millis(this.#options.periodMs), format.rateHz));
    this.periodMs = this.#options.periodMs;
    this.latencyMs = this.periodMs * (this.#options.periods - 1);
    this.capacityFrames = Math.round(framesIn(millis(this.#options.queueMs), format.rateHz));
    this.#queue = new CardQueue(this.capacityFrames, format.channels);
    this.#rateHz = format.rateHz * (1 + this.#options.driftPpm * 1e-6);
    this.#anchorAt = this.#wandered = machine.simulation.now;
    this.#pieceFrames = Math.round(framesIn(millis(PIECE_MS), format.rateHz));
    this.#lingerMs = reserveMs(this.latencyMs);
    this.#start(this.#period * (this.#options.periods - 1));
  }

  write(samples: Float32Array): number {
    const count = this.#queue.write(samples);
    if (this.#awaits) this.#wake(this.#simulation.now);
    return count;
  }

  takeTiming(into: Float64Array): number {
    const room = into.length - (into.length % TIMING_RECORD_NUMBERS);
    const taken = this.#records.splice(0, room);
    into.set(taken);
    return taken.length / TIMING_RECORD_NUMBERS;
  }

  counters(): OutputCounters {
    this.#failuresSeen = this.#failures;
    return {
      writtenFrames: this.#queue.written,
      playedFrames: this.#queue.oldest - this.#cleared,
      clearedFrames: this.#cleared,
      silentFrames: this.#silent,
      shortCallbacks: this.#short,
      underruns: this.#underruns,
      resumableFrame: this.#lingers ? this.#handed + this.#pieceFrames : -1,
    };
  }

  clear(): void {
    this.#clearAt = this.#queue.written;
    this.#resumeAt = -1;
    if (this.#awaits) this.#wake(this.#simulation.now);
  }

  resume(cardFrame: number): void {
    this.clear();
    this.#resumeAt = cardFrame;
    this.#resumeSeen = this.#failuresSeen;
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

  wakeUp(): void {
    this.#ranDry();
  }

  /** Holds the callback's thread up once. */
  stall(span: Micros): void {
    this.#awaits = false;
    this.#expect(later(this.#simulation.now, span));
  }

  #ranDry(): void {
    const soon = this.#simulation.now < later(this.#restartedAt, PROVEN);
    if (soon || this.#holding) this.#lingerMs *= 2;
    this.#underruns++;
    this.#failures++;
    this.#holding = true;
    this.#lead = 0;
    this.#restartedAt = this.#simulation.now;
    const silence = Math.round(framesIn(millis(this.#lingerMs + PIECE_MS), this.format.rateHz));
    this.#start(this.#lingers ? silence : this.#period * (this.#options.periods - 1));
    this.#listener.onShort?.();
  }

  #start(silence: number): void {
    this.#awaits = false;
    this.#startFrame = this.#anchorFrame = this.#handed;
    this.#anchorAt = later(this.#simulation.now, RESTART);
    this.#handed += silence;
    this.#expect(this.#anchorAt);
  }

  /** Nobody knows what is to be played, and the card gets its silence in short pieces, each as late as may be. */
  get #lingers(): boolean {
    return this.#holding && this.#lingerMs + PIECE_MS < this.latencyMs;
  }

  #leaves(frame: number): TrueInstant {
    return later(this.#anchorAt, ((frame - this.#anchorFrame) * 1e6) / this.#rateHz);
  }

  /** There will be room in the buffer. */
  #expect(when: TrueInstant): void {
    // Interrupts know nothing of frames: the pointer is found anywhere within one.
    const within = this.#random.between(0, 1e6 / this.#rateHz);
    this.#wake(this.#busTick(later(when, within), Math.ceil));
  }

  /** The thread needs no interrupt for that. */
  #wake(when: TrueInstant): void {
    if (this.#next) this.#next.cancelled = true;
    const late = this.#random.exponential(CALLBACK_LATE_US) + this.#heldUp();
    this.#next = this.#simulation.at(later(when, late), () => this.#callback());
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
    } else if (this.#holding) this.#applyClear();
    this.#awaits = this.#mayAwait();
    if (this.#awaits) {
      this.#wake(this.#waitsUntil());
      return;
    }
    this.#hand(this.#wanted);
    const room = this.#leaves(this.#handed - (this.#options.periods - 1) * this.#period);
    const { now } = this.#simulation;
    if (room > now) this.#expect(room);
    else this.#wake(now);
  }

  /** What it takes next, to the end of a period: silence that precedes the queue's first frame goes by itself. (frames) */
  get #wanted(): number {
    if (this.#lingers) return this.#pieceFrames;
    const whole = this.#period - ((this.#handed - this.#startFrame) % this.#period);
    return this.#lead > 0 ? Math.min(this.#lead, whole) : whole;
  }

  /** Whether there is too little in the queue and sound for a while in the card: then it need not be silence. */
  #mayAwait(): boolean {
    const enough = this.#ended || this.#lead > 0 || this.#queue.queued >= this.#wanted;
    if (this.#holding ? !this.#lingers : enough) return false;
    return this.#simulation.now < this.#waitsUntil();
  }

  #waitsUntil(): TrueInstant {
    const reserve = this.#holding ? this.#lingerMs : reserveMs(this.latencyMs);
    return later(this.#leaves(this.#handed), -millis(reserve));
  }

  /** Moves so many frames from queue to card, filled up with silence. */
  #hand(wanted: number): void {
    const samples = new Float32Array(wanted * this.format.channels);
    const silent = this.#holding || this.#lead > 0;
    const count = silent ? 0 : Math.min(wanted, this.#queue.queued);
    this.#queue.take(count, samples);
    if (this.#lead > 0) this.#lead -= wanted;
    else this.#onTaken(count, wanted);
    const delay = millis(this.#options.reportedDelayMs + this.#options.unreportedDelayMs);
    const at = later(this.#leaves(this.#handed), delay);
    this.#pending.push({ samples, at, frameUs: 1e6 / this.#rateHz });
    this.#handed += wanted;
  }

  #onTaken(count: number, wanted: number): void {
    this.#ended = count < wanted;
    if (!this.#ended || this.#queue.written === 0) return;
    this.#silent += wanted - count;
    if (!this.#holding) this.#fail();
  }

  #fail(): void {
    this.#holding = true;
    this.#short++;
    this.#failures++;
    this.#listener.onShort?.();
  }

  /** The pointer is read a little before the clock, and has passed what it says: both make `at` late. */
  #record(): void {
    const { now } = this.#simulation;
    const { granularityFrames, recordLateUs, reportedDelayMs } = this.#options;
    const seen = this.#busTick(now, Math.floor);
    const steps = Math.floor((this.#passed(seen) - this.#startFrame) / granularityFrames);
    const pointer = this.#startFrame + steps * granularityFrames;
    if (this.#passed(now) - pointer > 1) this.counts.staleRecords++;
    const delayUs = ((this.#handed - pointer) * 1e6) / this.format.rateHz + millis(reportedDelayMs);
    const late = this.#random.exponential(recordLateUs);
    this.counts.records++;
    this.counts.recordsLateUs += late;
    const at = this.#clock.now + delayUs + late;
    const first = this.#holding ? Number.NaN : this.#queue.oldest - this.#lead;
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
    const { oldest, written } = this.#queue;
    const to = Math.max(oldest, asked ? this.#clearAt : written);
    const faded = this.#holding ? 0 : Math.min(to - oldest, this.#period >> 1);
    this.#cleared += this.#queue.skip(to, faded);
    this.#clearAt = -1;
    this.#ended = true;
    if (!asked) return;
    this.#lead = 0;
    if (this.#resumeAt < 0) this.#holding = false;
    else if (this.#resumeSeen === this.#failures) this.#goOn(this.#resumeAt - this.#handed);
  }

  /** The queue's next frame is to follow so many frames of silence, unless its place has gone by. */
  #goOn(lead: number): void {
    if (lead < 0) {
      this.#fail();
      return;
    }
    this.#holding = false;
    this.#ended = false;
    this.#lead = lead;
  }

  #emit(): void {
    const { now } = this.#simulation;
    while (this.#pending[0] && this.#pending[0].at + millis(this.#options.periodMs) <= now) {
      const heard = this.#pending.shift();
      if (heard) this.#listener.onHeard(heard);
    }
  }

  #hush(): void {
    for (const heard of this.#pending)
      if (heard.at <= this.#simulation.now) this.#listener.onHeard(heard);
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
