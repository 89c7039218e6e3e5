import {
  type AudioFormat,
  type AudioOutput,
  type ClockBend,
  type OutputCounters,
  reserveMs,
  TIMING_RECORD_NUMBERS,
} from "@tutti/audio/core";
import { type LocalInstant, type Micros, micros, millis, type Ppm } from "@tutti/protocol";
import { Card } from "./card.ts";
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
 * queued before would be heard late and is thrown away. A card that ran dry and plays short silence by itself is told
 * instead with which of its frames the next block begins, as soon as there is sound for that.
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
/** A card that plays silence by itself is left to that for so long while nothing comes, and looked at as often as can be. */
const HOLD_MAX: Micros = millis(250);
/** Behind the first frame that may be named a card goes on so late: rendering takes that on a slow board. (ms) */
const RESUME_MS = 3;
/** A card that must have run dry says so within that. */
const OVERDUE_MAX: Micros = millis(100);
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
 * anyway and `hurry` says that it is worth it.
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
  /** Whether the card ran dry, or must have, and it is not settled where it goes on. */
  #alert = false;
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
    if (this.#alert) return PACE_MS_MIN;
    return this.#paceOf(this.#card?.settled && this.#card.placed ? PACE_MS : QUIET_PACE_MS);
  }

  #paceOf(most: number): number {
    const { waitMs = Infinity } = this.#player;
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
    this.#alert = false;
    this.#player.outputRestarted(output.format);
    this.tick(now);
  }

  /** The device is not touched any more. */
  detach(): void {
    this.#card = undefined;
    this.#alert = false;
  }

  /** What is queued is not to be heard any more, as after a sleep: fades out of it and begins anew. */
  restart(now: LocalInstant): void {
    const card = this.#card;
    if (!card) return;
    if (card.heldSince === undefined) card.output.clear();
    this.#begin(card);
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

  /**
   * There are news from the server. Returns whether they are worth a turn: before anything sounds at once, later when some of
   * the pace has gone by. If not, `paceMs` is no rest any more.
   */
  hurry(now: LocalInstant): boolean {
    const elapsedMs = (now - this.#tickedAt) / 1_000;
    const paceMs = this.#full ? this.paceMs : this.#briskPaceMs;
    if (this.#alert || !this.#card?.sounded || elapsedMs * HURRIES_IN_PACE > paceMs) return true;
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
    if (card.ranShort(counters)) this.#onShort(card, counters, now);
    card.place(counters);
    this.#learn(card);
    for (const bend of card.line.bends.splice(0)) this.#player.clockBent(bend);
    this.#alert = !this.#goesOn(card, counters, now) || card.isOverdue(now, OVERDUE_MAX);
    if (this.#alert) {
      this.#restMs = 0;
      return;
    }
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
    card.settled ||= this.#player.sounding && this.#lastsLong(card, queued, now);
    this.#full = queued + piece > card.framesIn(this.#options.queueMs);
    this.#restMs = card.settled && card.placed ? this.#rest(card, queued, now) : 0;
  }

  #learn({ line, output }: Card): void {
    let count = RECORDS_MAX;
    while (count === RECORDS_MAX) {
      count = output.takeTiming(this.#records);
      line.learn(this.#records, count);
    }
  }

  /** How long there is nothing to write unless something comes: all that has come is queued, or as much as was asked. (ms) */
  #rest(card: Card, queued: number, now: LocalInstant): number {
    if (this.#full) return card.outlastsMs(this.#options.queueMs) - STALL_MS;
    if (!this.#player.sounding) return 0;
    return card.msOf(queued) + card.inCardMs(queued, now) - this.#leastMs(card);
  }

  /** With less in queue and card it would run dry before the turn after next. */
  #leastMs({ output: { latencyMs, periodMs } }: Card, paceMs = this.#briskPaceMs): number {
    return reserveMs(latencyMs) + periodMs + paceMs * (1 + TURN_LATE_MAX);
  }

  /** Whether queue and card last for the turns of music: a card that was just told where to go on has next to nothing. */
  #lastsLong(card: Card, queued: number, now: LocalInstant): boolean {
    const thereMs = card.msOf(queued) + card.inCardMs(queued, now);
    return thereMs >= this.#leastMs(card, this.#paceOf(PACE_MS));
  }

  #onShort(card: Card, counters: OutputCounters, now: LocalInstant): void {
    const { silentFrames, underruns, resumableFrame = -1 } = counters;
    // While nothing sounds, or while it begins anew, silence is what the card would have got anyway.
    if (this.#player.sounding && card.placed) {
      this.#underruns++;
      this.events.push({ kind: "underrun", silentFrames, underruns });
    }
    if (resumableFrame >= 0) card.heldSince ??= now;
    else card.release();
    this.#begin(card);
  }

  /** Tells a card that plays silence by itself where to go on, once sound is there for that or none came. Returns whether that is settled. */
  #goesOn(card: Card, counters: OutputCounters, now: LocalInstant): boolean {
    if (card.heldSince === undefined) return true;
    const { resumableFrame = -1, underruns } = counters;
    if (resumableFrame < 0) {
      card.release();
      return true;
    }
    const cardFrame = resumableFrame + Math.ceil(card.framesIn(RESUME_MS));
    const heardAt = card.line.cardFrameAt(cardFrame);
    // Of more records than fit the newest were lost: the next one says when things are heard now.
    if (heardAt === undefined || card.line.run !== underruns) return false;
    const soundMs = this.#player.receivedMs(now) - (heardAt - now) / 1_000;
    if (soundMs < FADE_MARGIN_MS && now - card.heldSince < HOLD_MAX) return false;
    card.resume(cardFrame);
    return true;
  }

  #begin(card: Card): void {
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
