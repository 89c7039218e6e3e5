import {
  type AudioFormat,
  type OutputCounters,
  TIMING_RECORD_NUMBERS,
  TimingLine,
} from "@tutti/audio";
import { frames, type LocalInstant, type Ppm } from "@tutti/protocol";
import type { SoundCard } from "./sound-card.ts";

/** What fills the blocks: the player. */
export interface Rendering {
  render(into: Float32Array, heardAt: LocalInstant, cardRate: Ppm): void;
  outputRestarted(format: AudioFormat): void;
}

/** How often the pump tops the queue up. (ms) */
export const TICK_MS = 10;
const BLOCK_MS = 10;
/** Held ready until there is something to play. (ms) */
const QUIET_QUEUE_MS = 40;
const QUEUE_MS_MIN = TICK_MS + BLOCK_MS;
const RECORDS_MAX = 128;

/** The client's pump in virtual time, for one opened card: it keeps what the daemon's pump keeps to. */
export class Pump {
  readonly card: SoundCard;
  readonly line: TimingLine;
  /** More than this is never queued: what is to be heard then has not been received yet. (ms) */
  queueMs: number;
  readonly #player: Rendering;
  readonly #isReady: () => boolean;
  readonly #records = new Float64Array(RECORDS_MAX * TIMING_RECORD_NUMBERS);
  readonly #block: Float32Array;
  #written = 0;
  #ready = false;
  /** Whether it is known which of the card's own frames the next one written will be. */
  #placed = false;
  /** The first frame behind the last silence that the card put in by itself. */
  #unplacedFrom = 0;
  #seen: Pick<OutputCounters, "silentFrames" | "underruns"> = { silentFrames: 0, underruns: 0 };

  constructor(card: SoundCard, queueMs: number, player: Rendering, isReady: () => boolean) {
    const { rateHz, channels } = card.format;
    this.card = card;
    this.line = new TimingLine(rateHz);
    this.queueMs = queueMs;
    this.#player = player;
    this.#isReady = isReady;
    this.#block = new Float32Array(Math.round((rateHz * BLOCK_MS) / 1_000) * channels);
    player.outputRestarted(card.format);
  }

  tick(): void {
    const counters = this.card.counters();
    this.#noticeSilence(counters);
    const { playedFrames, clearedFrames } = counters;
    this.#placed ||= playedFrames + clearedFrames > this.#unplacedFrom;
    this.line.learn(this.#records, this.card.takeTiming(this.#records));
    let queued = this.#written - clearedFrames - playedFrames;
    const target = this.#target();
    while (queued + this.#block.length / this.card.format.channels <= target) {
      const taken = this.#write();
      if (taken === 0) return;
      queued += taken;
    }
  }

  #target(): number {
    this.#ready ||= this.#isReady();
    const wantedMs = this.#ready && this.#placed ? this.queueMs : QUIET_QUEUE_MS;
    const queueMs = Math.max(QUEUE_MS_MIN, Math.min(wantedMs, this.queueMs));
    return (queueMs * this.card.format.rateHz) / 1_000;
  }

  #write(): number {
    const heardAt = this.#placed ? this.line.at(frames(this.#written)) : undefined;
    if (heardAt === undefined) this.#block.fill(0);
    else this.#player.render(this.#block, heardAt, this.line.cardRate);
    const taken = this.card.write(this.#block);
    this.#written += taken;
    return taken;
  }

  /** Silence that the card put in moves all that follows, by how much only its next records say. */
  #noticeSilence({ silentFrames, underruns }: OutputCounters): void {
    const before = this.#seen;
    this.#seen = { silentFrames, underruns };
    if (silentFrames === before.silentFrames && underruns === before.underruns) return;
    this.#placed = false;
    this.#unplacedFrom = this.#written;
    this.#player.outputRestarted(this.card.format);
  }
}
