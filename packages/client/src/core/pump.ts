import {
  type AudioFormat,
  type AudioOutput,
  type ClockBend,
  type OutputCounters,
  reserveMs,
  TIMING_RECORD_NUMBERS,
  TimingLine,
} from "@tutti/audio/core";
import { frames, type LocalInstant, micros, type Ppm } from "@tutti/protocol";
import { cardReport } from "./card-report.ts";
import type { ShellReport } from "./report.ts";

/*
 * The queue between player and card. A block written now is heard behind what is queued and what lies in the
 * card; the timing line says when. So that a stall of ours shorter than the queue is not heard, as much is
 * queued as is asked for, but never what was not received: silence that is queued cannot be replaced by a
 * chunk that comes late.
 *
 * Whenever it is not certain when the next block will be heard (the card ran dry, the host slept, the queue
 * was emptied), silence is written until the card has begun on it and has said when. What was
 * queued before would be heard late and is thrown away.
 */

/** What fills the blocks: the player. */
export interface Rendering {
  /** Fills `into` with what must be heard when its first frame leaves the converter at `heardAt`. */
  render(into: Float32Array, heardAt: LocalInstant, cardRate: Ppm): void;
  /** The host's clock runs at another rate than it did: `heardAt` and `cardRate` are by the new one from now on. */
  clockBent(bend: ClockBend): void;
  /** What was written last is not what is heard last: the next block begins from silence, in this format. */
  outputRestarted(format: AudioFormat): void;
  /** How much of what is heard from now on is there; 0 while it is not known what that is. (ms) */
  receivedMs(now: LocalInstant): number;
  /** Whether it fills blocks with anything but silence. */
  readonly sounding: boolean;
  /** From recording to hearing; undefined before the server has told. (ms) */
  readonly waitMs: number | undefined;
}

/** Hears what is written. The samples are lent for the call. */
export interface Listener {
  hear(samples: Float32Array, channels: number): void;
}

export interface PumpOptions {
  /** Held ready for the card while there is music. (ms) */
  readonly queueMs: number;
  readonly meter?: Listener;
}

/** The card got silence for want of blocks, or ran dry by itself. */
export interface PumpEvent {
  readonly kind: "underrun";
  readonly silentFrames: number;
  readonly underruns: number;
}

/** How often the queue is topped up at least: while music sounds, and before, when it shall begin soon. (ms) */
const PACE_MS = 40;
const QUIET_PACE_MS = 10;
/**
 * A turn wakes the process and costs more than what it does. While all is queued that has come, or as much as was asked, the
 * server's bundles bring turns enough, 100 ms apart; a timer stands by behind them, for what would run dry, and not so far
 * that a stall that begins right before it is heard.
 */
const REST_MS_MAX = 110;
const STALL_MS = 200;
/** Of a short wait from recording to hearing, turns take this part, so that queue and card have room in it. */
const PACES_IN_WAIT = 12;
const PACE_MS_MIN = 2.5;
/** A turn is worth its while when this part of the pace has gone by. */
const HURRIES_IN_PACE = 2;
/** Less than this part of a pace is left to the next turn. */
const PIECES_IN_PACE = 8;
/** While music sounds more than lasts until the next turn is held ready: turns come late. (paces) */
const TURN_LATE_MAX = 0.5;
/** Queue and card take this part of a short wait while it is quiet. */
const QUIET_PARTS_OF_WAIT = 2;
/** Between the last that is queued and the last that was received: the player fades out within that, and resamples. */
const FADE_MARGIN_MS = 6.5;
const MARGIN_FRAMES = 24;
/** Records taken at once: 3.4 s of callbacks every 27 ms. */
const RECORDS_MAX = 128;
/** A card that is emptied falls silent so long after it heard of it. (ms) */
const FADE_OUT_MS = 10;

/**
 * What a card is asked to buffer. Queue and card together outlast our own stalls, as the card waits for the queue while it
 * has sound; the card alone outlasts those of the whole machine, its callback's thread included. (ms)
 */
const CARD_LATENCY_MS = 80;
const CARD_LATENCY_MS_MIN = 5;
/** Of a short wait the card takes this part. */
const CARDS_IN_WAIT = 2;

/** What a sound card shall buffer, for so long a wait from recording to hearing. (ms) */
export function cardLatencyMs(waitMs = Infinity): number {
  const part = Math.round(waitMs / CARDS_IN_WAIT);
  return Math.max(CARD_LATENCY_MS_MIN, Math.min(CARD_LATENCY_MS, part));
}

/**
 * Writes ahead of the card. `tick` is to be called `paceMs` after the last time, or earlier when the process is awake
 * anyway and `due` says that it is worth it.
 */
export class Pump {
  /** What happened since someone last emptied this list. */
  readonly events: PumpEvent[] = [];
  readonly #player: Rendering;
  readonly #options: PumpOptions;
  readonly #records = new Float64Array(RECORDS_MAX * TIMING_RECORD_NUMBERS);
  #card: Card | undefined;
  #tickedAt = -Infinity;
  /** Whether as much is queued as was asked, and for how long there is nothing to write unless something comes. (ms) */
  #full = false;
  #restMs = 0;
  /** Times what sounded broke off, over all cards. */
  #underruns = 0;

  constructor(player: Rendering, options: PumpOptions) {
    this.#player = player;
    this.#options = options;
  }

  /** How often `tick` must be called, at least. (ms) */
  get paceMs(): number {
    return Math.max(this.#briskPaceMs, Math.min(REST_MS_MAX, this.#restMs));
  }

  /** The pace while it may be that a turn finds something to write. (ms) */
  get #briskPaceMs(): number {
    const { waitMs = Infinity } = this.#player;
    const most = this.#card?.settled && this.#card.placed ? PACE_MS : QUIET_PACE_MS;
    return Math.min(most, Math.max(PACE_MS_MIN, waitMs / PACES_IN_WAIT));
  }

  /** What the card does, for the report to the server. */
  report(now: LocalInstant): ShellReport {
    const card = this.#card;
    const underruns = { cardUnderruns: this.#underruns };
    if (!card) return { outputOpen: false, cardErrorMax: micros(Infinity), ...underruns };
    const { realtime, format } = card.output;
    const { playedFrames, clearedFrames } = card.output.counters();
    const { writtenFrames } = card;
    const queue = { writtenFrames, takenFrames: playedFrames + clearedFrames, ...format };
    return { outputOpen: true, ...cardReport(card.line, queue, now), realtime, ...underruns };
  }

  /** Takes over a device that was just opened. It is written to at once, so that it tells its timing. */
  attach(output: AudioOutput, now: LocalInstant): void {
    this.#card = new Card(output);
    this.#player.outputRestarted(output.format);
    this.tick(now);
  }

  /** The device is not touched any more. */
  detach(): void {
    this.#card = undefined;
  }

  /** What is queued is not to be heard any more, as after a sleep: fades out of it and begins anew. */
  restart(now: LocalInstant): void {
    if (!this.#card) return;
    this.#begin(this.#card);
    this.tick(now);
  }

  /** Fades out of what sounds. Returns when that has been heard, from now on; the pump is done then. (ms) */
  end(): number {
    const card = this.#card;
    this.#card = undefined;
    if (!card?.sounded) return 0;
    card.output.clear();
    return card.output.periodMs + FADE_OUT_MS + card.output.latencyMs;
  }

  /** Whether news from the server are worth a turn: before anything sounds at once, later when some of the pace has gone by. */
  due(now: LocalInstant): boolean {
    const elapsedMs = (now - this.#tickedAt) / 1_000;
    const paceMs = this.#full ? this.paceMs : this.#briskPaceMs;
    if (!this.#card?.sounded || elapsedMs * HURRIES_IN_PACE > paceMs) return true;
    // What came so soon after a turn is queued a pace later, not when the rest is over.
    if (!this.#full) this.#restMs = 0;
    return false;
  }

  /** Learns when things are heard, and tops the queue up. */
  tick(now: LocalInstant): void {
    const card = this.#card;
    if (!card) return;
    this.#tickedAt = now;
    const counters = card.output.counters();
    if (card.ranShort(counters)) this.#onShort(card, counters);
    card.place(counters);
    card.line.learn(this.#records, card.output.takeTiming(this.#records));
    for (const bend of card.line.bends.splice(0)) this.#player.clockBent(bend);
    let queued = card.writtenFrames - counters.clearedFrames - counters.playedFrames;
    let target = card.framesIn(this.#targetMs(card, queued, now));
    const paceMs = this.#briskPaceMs;
    const blockFrames = card.framesIn(this.paceMs);
    const piece = card.framesIn(paceMs / PIECES_IN_PACE);
    while (target - queued >= piece) {
      const quiet = !this.#player.sounding;
      const taken = this.#write(card, card.block(Math.min(blockFrames, target - queued)));
      if (taken === 0) return;
      queued += taken;
      // The first sound, or the first again: as much as has come goes behind it at once, before anything can hold us up. Not
      // more: the rest of the backlog may be a moment behind, and must not be queued as silence.
      if (quiet && this.#player.sounding) target = card.framesIn(this.#targetMs(card, queued, now));
    }
    card.settled ||= this.#player.sounding;
    this.#full = queued + piece > card.framesIn(this.#options.queueMs);
    this.#restMs = card.settled && card.placed ? this.#rest(card, queued, now) : 0;
  }

  /** How long there is nothing to write unless something comes: all that has come is queued, or as much as was asked. (ms) */
  #rest(card: Card, queued: number, now: LocalInstant): number {
    if (this.#full) return card.outlastsMs(this.#options.queueMs) - STALL_MS;
    if (!this.#player.sounding) return 0;
    return card.msOf(queued) + card.inCardMs(queued, now) - this.#leastMs(card);
  }

  /** With less in queue and card it would run dry before the turn after next. */
  #leastMs({ output: { latencyMs, periodMs } }: Card): number {
    return reserveMs(latencyMs) + periodMs + this.#briskPaceMs * (1 + TURN_LATE_MAX);
  }

  #onShort(card: Card, { silentFrames, underruns }: OutputCounters): void {
    // While nothing sounds, or while it begins anew, silence is what the card would have got anyway.
    if (card.sounded && card.placed) {
      this.#underruns++;
      this.events.push({ kind: "underrun", silentFrames, underruns });
    }
    this.#begin(card);
  }

  #begin(card: Card): void {
    card.output.clear();
    card.unplace();
    this.#player.outputRestarted(card.output.format);
  }

  /**
   * What shall be queued: little until there is something to play, so that it is heard soon. Then as much as asked, but not
   * beyond what was received. Less than a period may lie in the queue, as the card then waits, and lives on what it has.
   */
  #targetMs(card: Card, queued: number, now: LocalInstant): number {
    const { format, latencyMs, periodMs } = card.output;
    const { waitMs = Infinity } = this.#player;
    const heardAt = card.nextHeardAt;
    if (heardAt === undefined) return this.#briskPaceMs + periodMs;
    const inCard = card.inCardMs(queued, now);
    const least = this.#leastMs(card);
    if (!this.#player.sounding) {
      // More would delay the first sound; with less the card would wait each time.
      const most = latencyMs + least - reserveMs(latencyMs);
      return Math.max(least, Math.min(most, waitMs / QUIET_PARTS_OF_WAIT)) - inCard;
    }
    const margin = FADE_MARGIN_MS + (MARGIN_FRAMES * 1_000) / format.rateHz;
    const aheadMs = (heardAt - now) / 1_000;
    const received = card.msOf(queued) + this.#player.receivedMs(now) - aheadMs - margin;
    return Math.max(least - inCard, Math.min(this.#options.queueMs, received));
  }

  /** Returns how many frames went into the queue. */
  #write(card: Card, block: Float32Array): number {
    const { line, output, nextHeardAt: heardAt } = card;
    if (heardAt === undefined) block.fill(0);
    else this.#player.render(block, heardAt, line.cardRate);
    const taken = output.write(block);
    card.wrote(block, taken);
    this.#options.meter?.hear(block, output.format.channels);
    return taken;
  }
}

/** What the pump knows of one opened device. */
class Card {
  readonly output: AudioOutput;
  readonly line: TimingLine;
  /** Whether anything but silence was written. */
  sounded = false;
  /** Whether there was sound since it was last uncertain what is heard when: until then the queue is short. */
  settled = false;
  /** The number of the next frame written. */
  writtenFrames = 0;
  /** Whether it is known which of the card's own frames the next one written will be. */
  placed = false;
  /** The first frame behind the last silence that the card put in by itself. */
  #unplacedFrom = 0;
  #silentFrames = 0;
  #underruns = 0;
  #block = new Float32Array(0);

  constructor(output: AudioOutput) {
    this.output = output;
    this.line = new TimingLine(output.format.rateHz, output.latencyMs);
  }

  /** Room for whole frames, as many as that, in the same place each time. */
  block(most: number): Float32Array {
    const length = Math.floor(most) * this.output.format.channels;
    if (length > this.#block.length) this.#block = new Float32Array(length);
    return this.#block.subarray(0, length);
  }

  /** How long nothing needs to be written once so much is queued: the card takes whole periods while it has sound. (ms) */
  outlastsMs(queueMs: number): number {
    const { latencyMs, periodMs } = this.output;
    return Math.floor(queueMs / periodMs) * periodMs + latencyMs - reserveMs(latencyMs);
  }

  /** When the next frame written will be heard; undefined while that is uncertain. */
  get nextHeardAt(): LocalInstant | undefined {
    return this.placed ? this.line.at(frames(this.writtenFrames)) : undefined;
  }

  /** What it has sound for. What lies beyond its own buffer, as in a sound server, does not count. (ms) */
  inCardMs(queued: number, now: LocalInstant): number {
    const { latencyMs, periodMs } = this.output;
    const aheadMs = ((this.nextHeardAt ?? now) - now) / 1_000;
    return Math.min(latencyMs + periodMs, aheadMs - this.msOf(queued));
  }

  msOf(frames: number): number {
    return (frames * 1_000) / this.output.format.rateHz;
  }

  framesIn(milliseconds: number): number {
    const wanted = (milliseconds * this.output.format.rateHz) / 1_000;
    return Math.min(wanted, this.output.capacityFrames);
  }

  wrote(block: Float32Array, taken: number): void {
    if (!this.sounded) this.sounded = sounds(block);
    this.writtenFrames += taken;
  }

  /** Whether the card got silence since the last call: what follows is heard later than was thought. */
  ranShort({ silentFrames, underruns }: OutputCounters): boolean {
    const short = silentFrames !== this.#silentFrames || underruns !== this.#underruns;
    this.#silentFrames = silentFrames;
    this.#underruns = underruns;
    return short;
  }

  /** It is not known any more when what is written next will be heard. */
  unplace(): void {
    this.placed = false;
    this.settled = false;
    this.#unplacedFrom = this.writtenFrames;
  }

  /**
   * Records of callbacks that found the queue empty do not say where the next frame goes. Those taken
   * after this call do, once the card has begun on what was written since.
   */
  place({ playedFrames, clearedFrames }: OutputCounters): void {
    if (!this.placed) this.placed = playedFrames + clearedFrames > this.#unplacedFrom;
  }
}

function sounds(block: Float32Array): boolean {
  for (let at = 0; at < block.length; at++) if (block[at] !== 0) return true;
  return false;
}
