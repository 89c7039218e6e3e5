import { type AudioOutput, type OutputCounters, reserveMs, TimingLine } from "@tutti/audio/core";
import { frames, type LocalInstant, type Micros } from "@tutti/protocol";

/** What the pump knows of one opened device. */
export class Card {
  readonly output: AudioOutput;
  readonly line: TimingLine;
  /** Whether anything but silence was written. */
  sounded = false;
  /** Whether there was sound since it was last uncertain what is heard when: until then the queue is short. */
  settled = false;
  /** Since when it plays silence by itself, little at a time, until it is told where to go on. */
  heldSince: LocalInstant | undefined;
  /** The number of the next frame written. */
  writtenFrames = 0;
  /** Whether it is known which of the card's own frames the next one written will be. */
  placed = false;
  /** The first frame behind the last silence that the card put in by itself. */
  #unplacedFrom = 0;
  #shortCallbacks = 0;
  #underruns = 0;
  #overdueSince: LocalInstant | undefined;
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

  /** Whether queue or card ran short since the last call: what follows is heard later than was thought. */
  ranShort({ shortCallbacks, underruns }: OutputCounters): boolean {
    const short = shortCallbacks !== this.#shortCallbacks || underruns !== this.#underruns;
    this.#shortCallbacks = shortCallbacks;
    this.#underruns = underruns;
    return short;
  }

  /** It takes again what is written, and says by itself where that goes. */
  release(): void {
    this.output.clear();
    this.heldSince = undefined;
  }

  /** What is written next begins with that frame of the card's own count. */
  resume(cardFrame: number): void {
    this.output.resume?.(cardFrame);
    this.line.place(frames(this.writtenFrames), cardFrame);
    this.placed = true;
    this.heldSince = undefined;
  }

  /** Whether what is written next should have been heard already, for less than `most`: it ran dry, and has not said so. */
  isOverdue(now: LocalInstant, most: Micros): boolean {
    const heardAt = this.output.resume ? this.nextHeardAt : undefined;
    if (heardAt === undefined || heardAt > now) this.#overdueSince = undefined;
    else this.#overdueSince ??= now;
    return this.#overdueSince !== undefined && now - this.#overdueSince < most;
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
