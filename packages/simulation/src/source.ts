import { frameBytes, type Micros, millis, type SampleFormat } from "@tutti/protocol";
import type { Random } from "./random.ts";
import { makeSignal, SIGNAL_CHANNELS } from "./signal.ts";
import { type Happening, later, type Simulation, trueTime } from "./simulation.ts";

/** Who writes the music into the server's pipe. */
export interface SourceOptions {
  /** How much faster than true time it plays. */
  readonly driftPpm?: number;
  /** What it writes at once. */
  readonly blockMs?: number;
  /** How late it writes a block, evenly distributed from 0 to this; what it owes comes with it. */
  readonly unevenMs?: number;
}

/** A player that writes the numbered signal at its own pace, whether or not somebody reads. */
export class Source {
  readonly format: SampleFormat;
  readonly counts = { blocks: 0, stalls: 0, gaps: 0 };
  readonly #simulation: Simulation;
  readonly #signal = makeSignal();
  readonly #blockFrames: number;
  readonly #onBlock: (pcm: Uint8Array) => void;
  readonly #random: Random;
  readonly #unevenMs: number;
  #driftPpm: number;
  #written: number;
  #due = trueTime(0);
  #next: Happening;

  /** It begins with frame `first` of the signal. */
  constructor(
    { simulation, rateHz, first }: { simulation: Simulation; rateHz: number; first: number },
    options: SourceOptions,
    onBlock: (pcm: Uint8Array) => void,
  ) {
    this.format = { rateHz, bits: 16, channels: SIGNAL_CHANNELS };
    this.#simulation = simulation;
    this.#written = first;
    this.#driftPpm = options.driftPpm ?? 0;
    this.#blockFrames = Math.round(((options.blockMs ?? 20) * rateHz) / 1_000);
    this.#onBlock = onBlock;
    this.#random = simulation.random("source");
    this.#unevenMs = options.unevenMs ?? 0;
    this.#next = this.#schedule();
  }

  /** Number of the next frame to be written. */
  get written(): number {
    return this.#written;
  }

  /** Is held up for `span`, then writes all it owes at once: nothing is lost. */
  stall(span: Micros): void {
    this.counts.stalls++;
    this.#wait(span);
  }

  /** Pauses for `span`, then goes on where it was. */
  gap(span: Micros): void {
    this.counts.gaps++;
    this.#due = later(this.#simulation.now, span);
    this.#wait(span);
  }

  drift(ppm: number): void {
    this.#driftPpm = ppm;
  }

  #wait(span: Micros): void {
    this.#next.cancelled = true;
    this.#next = this.#simulation.after(span, () => this.#write());
  }

  #schedule(): Happening {
    const late = this.#unevenMs > 0 ? millis(this.#random.between(0, this.#unevenMs)) : 0;
    return this.#simulation.at(later(this.#due, late), () => this.#write());
  }

  #write(): void {
    const spanMs = (this.#blockFrames * 1_000) / this.format.rateHz;
    this.counts.blocks++;
    this.#due = later(this.#due, millis(spanMs) / (1 + this.#driftPpm * 1e-6));
    this.#onBlock(this.#take());
    this.#next = this.#schedule();
  }

  #take(): Uint8Array {
    const size = frameBytes(this.format);
    const from = (this.#written * size) % this.#signal.length;
    this.#written += this.#blockFrames;
    const end = from + this.#blockFrames * size;
    if (end <= this.#signal.length) return this.#signal.subarray(from, end);
    const block = new Uint8Array(end - from);
    block.set(this.#signal.subarray(from));
    block.set(this.#signal.subarray(0, end - this.#signal.length), this.#signal.length - from);
    return block;
  }
}
