import {
  type AudioFormat,
  type AudioOutput,
  type OutputCounters,
  TIMING_RECORD_NUMBERS,
  TimingLine,
} from "@tutti/audio";
import { frames, type LocalInstant, type Ppm } from "@tutti/protocol";
import type { Meter } from "./meter.ts";

/** What fills the blocks: the player. */
export interface Rendering {
  /** Fills `into` with what must be heard when its first frame leaves the converter at `heardAt`. */
  render(into: Float32Array, heardAt: LocalInstant, cardRate: Ppm): void;
  /** What was written last is not what is heard last: the next block begins from silence, in this format. */
  outputRestarted(format: AudioFormat): void;
}

export interface PumpOptions {
  /** Held ready for the card while there is music. (ms) */
  readonly queueMs: number;
  /** Hears each block that is written. */
  readonly meter?: Meter;
  /** How much of what is heard from now on the player has; 0 while it does not know what that is. (ms) */
  receivedMs(): number;
  /** The card got silence for want of blocks. */
  onUnderrun(silentFrames: number, underruns: number): void;
}

/** How often the queue is topped up. (ms) */
const TICK_MS = 10;
const BLOCK_MS = 10;
/** Held ready until there is something to play: what is written now delays the first sound by as much. (ms) */
const QUIET_QUEUE_MS = 40;
/** Less is not worth a name: the card would run dry between two ticks. (ms) */
const QUEUE_MS_MIN = TICK_MS + BLOCK_MS;
/** Between the last that is queued and the last that was received: the player fades out within that. (ms) */
const RECEIVED_MARGIN_MS = 20;
/** With so much more than the queue takes, it is not asked in each tick how much there is. */
const PLENTY_MS = 300;
const PLENTY_TICKS = 10;
/** Records taken at once: 1.28 s of callbacks every 10 ms. */
const RECORDS_MAX = 128;
const FADE_OUT_MS = 10;

/** Writes ahead of the card, so that a stall of ours shorter than the queue is not heard. */
export class Pump {
  readonly #player: Rendering;
  readonly #options: PumpOptions;
  readonly #records = new Float64Array(RECORDS_MAX * TIMING_RECORD_NUMBERS);
  #queueMsMax = Infinity;
  #receivedMs = 0;
  #askAgain = 0;
  #timer: NodeJS.Timeout | undefined;
  #card: Card | undefined;

  constructor(player: Rendering, options: PumpOptions) {
    this.#player = player;
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** Takes over a device that was just opened. It is written to at once, so that it tells its timing. */
  attach(output: AudioOutput): void {
    this.#card = new Card(output);
    this.#player.outputRestarted(output.format);
    this.tick();
  }

  /** The device is not touched any more. */
  detach(): void {
    this.#card = undefined;
  }

  /** More than this is never queued: what is to be heard then has not been received yet. (ms) */
  limitQueue(milliseconds: number): void {
    this.#queueMsMax = milliseconds;
  }

  /** There is news from the server: while nothing sounds, it may be worth not to wait for the next tick. */
  hurry(): void {
    if (this.#card?.sounded === false) this.tick();
  }

  /** Learns when things are heard, and tops the queue up. */
  tick(): void {
    const card = this.#card;
    if (!card) return;
    const counters = card.output.counters();
    if (card.ranShort(counters)) this.#onShort(card, counters);
    card.place(counters);
    card.line.learn(this.#records, card.output.takeTiming(this.#records));
    let queued = card.writtenFrames - counters.clearedFrames - counters.playedFrames;
    const target = card.framesIn(this.#targetMs(card));
    while (queued + card.blockFrames <= target) {
      const quiet = !card.sounded;
      const taken = this.#writeBlock(card);
      if (taken === 0) return;
      queued += taken;
      // The first sound: the rest of the backlog may be a moment behind, and must not be queued as silence.
      if (quiet && card.sounded) return;
    }
  }

  /** Fades out of what sounds and resolves when that has been heard. The pump is done then. */
  async fadeOut(): Promise<void> {
    clearInterval(this.#timer);
    const card = this.#card;
    if (!card?.sounded) return;
    const { clearedFrames } = card.output.counters();
    card.output.clear();
    // Only now is it certain: what had played on since would be heard twice.
    const { playedFrames } = card.output.counters();
    card.output.write(card.fadedFrom(playedFrames + clearedFrames, FADE_OUT_MS));
    await new Promise((resolve) => setTimeout(resolve, 2 * FADE_OUT_MS + card.output.latencyMs));
  }

  #onShort(card: Card, { silentFrames, underruns }: OutputCounters): void {
    // While nothing sounds, silence is what the card would have got anyway.
    if (card.sounded) this.#options.onUnderrun(silentFrames, underruns);
    this.#player.outputRestarted(card.output.format);
  }

  /**
   * Short until there is something to play, so that it is heard soon. Then as long as asked, but not
   * beyond what was received: what is queued as silence cannot be replaced by a chunk that comes late.
   */
  #targetMs(card: Card): number {
    const most = Math.max(QUEUE_MS_MIN, Math.min(this.#options.queueMs, this.#queueMsMax));
    const least = Math.min(QUIET_QUEUE_MS, most);
    if (!card.placed) return least;
    const received = this.#received() - card.output.latencyMs - RECEIVED_MARGIN_MS;
    return Math.max(least, Math.min(most, received));
  }

  #received(): number {
    if (--this.#askAgain < 0) {
      this.#receivedMs = this.#options.receivedMs();
      const plenty = this.#receivedMs > this.#options.queueMs + PLENTY_MS;
      this.#askAgain = plenty ? PLENTY_TICKS : 0;
    }
    return this.#receivedMs;
  }

  /** Returns how many frames went into the queue. */
  #writeBlock(card: Card): number {
    const { block, line, output } = card;
    const heardAt = card.placed ? line.at(frames(card.writtenFrames)) : undefined;
    if (heardAt === undefined) block.fill(0);
    else this.#player.render(block, heardAt, line.cardRate);
    const taken = output.write(block);
    card.wrote(taken);
    this.#options.meter?.hear(block, output.format.channels);
    return taken;
  }
}

/** What the pump knows of one opened device. */
class Card {
  readonly output: AudioOutput;
  readonly line: TimingLine;
  readonly blockFrames: number;
  readonly block: Float32Array;
  /** Whether anything but silence was written. */
  sounded = false;
  /** The number of the next frame written. */
  writtenFrames = 0;
  /** Whether it is known which of the card's own frames the next one written will be. */
  placed = false;
  /** The first frame behind the last silence that the card put in by itself. */
  #unplacedFrom = 0;
  #silentFrames = 0;
  #underruns = 0;
  /** What was written last, as a ring over the whole queue: a fade-out goes on from there. */
  readonly #history: Float32Array;

  constructor(output: AudioOutput) {
    const { rateHz, channels } = output.format;
    this.output = output;
    this.line = new TimingLine(rateHz);
    this.blockFrames = Math.round((rateHz * BLOCK_MS) / 1_000);
    this.block = new Float32Array(this.blockFrames * channels);
    this.#history = new Float32Array(
      Math.ceil(output.capacityFrames / this.blockFrames + 1) * this.block.length,
    );
  }

  framesIn(milliseconds: number): number {
    const wanted = (milliseconds * this.output.format.rateHz) / 1_000;
    return Math.min(wanted, this.output.capacityFrames);
  }

  /** Keeps what was written of the block. */
  wrote(taken: number): void {
    const { channels } = this.output.format;
    this.sounded ||= this.block.some((sample) => sample !== 0);
    const at = (this.writtenFrames * channels) % this.#history.length;
    const room = this.#history.length - at;
    if (room >= this.block.length) this.#history.set(this.block, at);
    else {
      this.#history.set(this.block.subarray(0, room), at);
      this.#history.set(this.block.subarray(room), 0);
    }
    this.writtenFrames += taken;
  }

  /** Whether the card got silence since the last call: what follows is heard later than was thought. */
  ranShort({ silentFrames, underruns }: OutputCounters): boolean {
    const short = silentFrames !== this.#silentFrames || underruns !== this.#underruns;
    this.#silentFrames = silentFrames;
    this.#underruns = underruns;
    if (short) {
      this.placed = false;
      this.#unplacedFrom = this.writtenFrames;
    }
    return short;
  }

  /**
   * Records of callbacks that found the queue empty do not say where the next frame goes. Those taken
   * after this call do, once the card has begun on what was written since.
   */
  place({ playedFrames, clearedFrames }: OutputCounters): void {
    this.placed ||= playedFrames + clearedFrames > this.#unplacedFrom;
  }

  /** What was to be heard from frame `start` on, going down to silence. Quick, as the card plays on. */
  fadedFrom(start: number, milliseconds: number): Float32Array {
    const { rateHz, channels } = this.output.format;
    const length = Math.round((rateHz * milliseconds) / 1_000);
    const faded = new Float32Array(Math.min(length, this.writtenFrames - start) * channels);
    for (let at = 0; at < faded.length; at++) {
      const gain = 0.5 + 0.5 * Math.cos((Math.PI * Math.floor(at / channels)) / length);
      faded[at] = gain * (this.#history[(start * channels + at) % this.#history.length] as number);
    }
    return faded;
  }
}
