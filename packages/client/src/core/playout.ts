import type { PlayerEvent } from "./events.ts";
import { FADE, fadeFrames } from "./fade.ts";
import type { JitterBuffer } from "./jitter-buffer.ts";
import { RateController } from "./rate-controller.ts";
import { Resampler } from "./resampler.ts";
import { Voice, type VoiceTools } from "./voice.ts";

/** Longest stretch rendered at one speed. (frames) */
const BLOCK_FRAMES = 1_024;

/** Lateness that speed works off; what is more is jumped. (us) */
const JUMP_LATENESS_MIN = 5_000;
/** Blocks in a row that must say so: one wrong timing record is not a reason to jump. */
const JUMP_BLOCKS = 3;
/** Lateness that no wrong record explains: jumped at once. (us) */
const JUMP_LATENESS_SURE = 20_000;

/**
 * A source that stops is followed by silence, two seconds of it by our server and by Snapcast 0.26: what ends after so
 * much has ended and did not run dry. (s)
 */
const END_SILENCE_SECONDS = 1;

/** How far behind the position data is kept, for jumps backwards. (s) */
const KEPT_SECONDS = 0.25;

/** Rate and channels of the output as it is open. */
export interface OutputFormat {
  readonly rateHz: number;
  readonly channels: number;
}

/**
 * Turns "this moment of the programme is heard by this block" into samples. Two voices: one that plays and
 * one that fades out of what played before. Rendering makes no objects but events; the numbers that the
 * engine boxes on its way are below a kilobyte a block.
 */
export class Playout {
  /** How late the last block was against the programme, positive when behind. (us) */
  lateness = 0;
  /** What happened since someone last emptied this list. */
  readonly events: PlayerEvent[] = [];
  readonly #controller = new RateController();
  #output: OutputFormat;
  #tools: VoiceTools;
  #current = new Voice();
  #leaving = new Voice();
  #next: JitterBuffer | undefined;
  #lateBlocks = 0;
  #sounding = false;

  constructor(output: OutputFormat) {
    this.#output = output;
    this.#tools = toolsFor(output.rateHz, output.channels, output);
  }

  /** How much faster than fed forward it plays. (ppm) */
  get correction(): number {
    return this.#controller.correction;
  }

  /** What sounds, or waits to: the buffer of the voice that plays. */
  get buffer(): JitterBuffer | undefined {
    return this.#current.buffer;
  }

  get sounding(): boolean {
    return this.#sounding;
  }

  /** How much there is of what was recorded from `stamp` on, of what plays or is to play; none when that is NaN. (ms) */
  receivedMs(stamp: number): number {
    const buffer = this.buffer ?? this.#next;
    if (!buffer || Number.isNaN(stamp)) return 0;
    return (buffer.framesFrom(buffer.positionAt(stamp)) * 1_000) / buffer.rateHz;
  }

  /** Plays from `buffer` as soon as it holds what is due; until then goes on with what plays. */
  cue(buffer: JitterBuffer): void {
    this.#next = buffer === this.#current.buffer ? undefined : buffer;
  }

  /** Fades out of what plays, and goes on with `buffer` alone. */
  cut(buffer: JitterBuffer): void {
    this.#take(buffer, NaN, this.#controller.speed);
  }

  /** What plays is gone from the card, which now has that format: the next block begins from silence. */
  restart(output: OutputFormat): void {
    const { rateHz, channels } = output;
    if (rateHz !== this.#output.rateHz) this.#tools = toolsFor(rateHz, channels, output);
    this.#output = output;
    const buffer = this.#next ?? this.#current.buffer;
    this.#leaving.stop();
    this.#current.stop();
    if (buffer) this.cue(buffer);
    this.#sounding = false;
  }

  /**
   * Adds to `into` (whole frames of the output's format). `stamp`: which moment of the programme is heard with the
   * first frame, NaN when that is not known. `advance`: microseconds of programme that pass in one
   * nominal microsecond of output, as far as it is known from elsewhere, less one. (ppm)
   */
  render(into: Float32Array, stamp: number, advance: number): void {
    const { rateHz, channels } = this.#output;
    const total = into.length / channels;
    for (let done = 0; done < total; done += BLOCK_FRAMES) {
      const frames = Math.min(BLOCK_FRAMES, total - done);
      const passed = (done / rateHz) * (1_000_000 + advance);
      this.#block(into, done * channels, frames, stamp + passed, advance);
    }
  }

  #block(into: Float32Array, at: number, frames: number, stamp: number, advance: number): void {
    const known = !Number.isNaN(stamp);
    if (known) {
      this.#chooseBuffer(stamp, frames, advance);
      this.#steer(stamp, frames, advance);
    }
    const speed = 1 + this.#controller.speed / 1_000_000;
    const { channels } = this.#output;
    const current = this.#current;
    const leaving = this.#leaving;
    const wasSilent = current.silent;
    current.render(into, at, frames, channels, speed, known);
    if (!leaving.silent) leaving.render(into, at, frames, channels, speed, false);
    this.#tell(wasSilent);
    this.#dropPlayed();
  }

  /** Goes over to the cued buffer once it can sound, or at once when nothing else does. */
  #chooseBuffer(stamp: number, frames: number, advance: number): void {
    const next = this.#next;
    if (!next || next.empty) return;
    const position = next.positionAt(stamp);
    next.seek(position);
    const ratio = next.rateHz / this.#output.rateHz;
    const margin = (frames + this.#tools.fadeFrames + this.#tools.resampler.reach) * ratio;
    const covered = next.runFrom <= position && next.runTo > position + 2 * margin;
    if (covered || this.#current.silent) this.#take(next, position, advance);
  }

  #take(buffer: JitterBuffer, position: number, advance: number): void {
    this.#next = undefined;
    const { rateHz, channels } = buffer;
    const ratio = rateHz / this.#output.rateHz;
    const fits = ratio === this.#tools.ratio && channels * BLOCK_FRAMES <= this.#tools.block.length;
    if (!fits) this.#tools = toolsFor(rateHz, channels, this.#output);
    if (this.#current.buffer) this.events.push({ kind: "switched" });
    this.#leave(buffer, position);
    this.#controller.forget(advance);
  }

  #dropPlayed(): void {
    const { buffer, position } = this.#current;
    if (!buffer) return;
    const leaving = this.#leaving;
    const shared = leaving.buffer === buffer && !leaving.silent;
    const behind = shared ? Math.min(position, leaving.position) : position;
    buffer.dropBefore(behind - KEPT_SECONDS * buffer.rateHz);
  }

  /** The voice that plays becomes the one that leaves. */
  #leave(buffer: JitterBuffer, position: number): void {
    const fresh = this.#leaving;
    this.#leaving = this.#current;
    this.#current = fresh;
    fresh.place(buffer, position, this.#tools);
    this.#lateBlocks = 0;
  }

  /** Sets the position exactly while nothing is heard, else turns lateness into speed. */
  #steer(stamp: number, frames: number, advance: number): void {
    const current = this.#current;
    const { buffer } = current;
    if (!buffer || buffer.empty) return;
    this.lateness = 0;
    if (current.silent) {
      current.position = buffer.positionAt(stamp);
      this.#controller.restart(advance);
      return;
    }
    const late = stamp - buffer.stampAt(current.position);
    const size = Math.abs(late);
    this.#lateBlocks = size > JUMP_LATENESS_MIN ? this.#lateBlocks + 1 : 0;
    if (size > JUMP_LATENESS_SURE || this.#lateBlocks >= JUMP_BLOCKS) {
      this.#leave(buffer, buffer.positionAt(stamp));
      this.events.push({ kind: "jumped", latenessUs: late });
      this.#controller.restart(advance);
      return;
    }
    this.lateness = late;
    this.#controller.update(late, frames / this.#output.rateHz, advance);
  }

  #tell(wasSilent: boolean): void {
    const current = this.#current;
    if (wasSilent && !current.silent && !this.#sounding) {
      this.#sounding = true;
      this.events.push({ kind: "started" });
    }
    if (this.#sounding && current.silent && this.#leaving.silent) this.#sounding = false;
    if (wasSilent || !current.silent || !current.ranDry) return;
    const ended = current.quietFrames >= END_SILENCE_SECONDS * this.#output.rateHz;
    this.events.push({ kind: ended ? "ended" : "ran dry" });
  }
}

function toolsFor(rateHz: number, channels: number, output: OutputFormat): VoiceTools {
  const ratio = rateHz / output.rateHz;
  const resampler = new Resampler(ratio);
  const sourceFrames = Math.ceil(BLOCK_FRAMES * ratio * 1.01) + 2 * resampler.reach + 4;
  return {
    ratio,
    resampler,
    source: new Float32Array(sourceFrames * channels),
    block: new Float32Array(BLOCK_FRAMES * channels),
    fadeFrames: fadeFrames(FADE, output.rateHz),
  };
}
