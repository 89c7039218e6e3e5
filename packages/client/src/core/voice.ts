import { raisedCosine } from "./fade.ts";
import type { JitterBuffer } from "./jitter-buffer.ts";
import type { Resampler } from "./resampler.ts";

/** What is not louder is silence, also when a codec made something of it: -80 dB. */
const SILENCE_MAX = 1e-4;

/** What a voice renders with: shared by voices whose sources have the same rate and channels. */
export interface VoiceTools {
  /** Source frames for each output frame, nominally. */
  readonly ratio: number;
  readonly resampler: Resampler;
  /** Room for the source of one block. */
  readonly source: Float32Array;
  /** Room for one block of the source's channels. */
  readonly block: Float32Array;
  /** Length of a fade. (output frames) */
  readonly fadeFrames: number;
}

/**
 * One reader of a jitter buffer: a position that moves at some speed, under an envelope that is closed
 * wherever the programme has an edge. An edge that is known before it is reached (data that ends, a
 * hole) is faded ahead of, so no sample is ever cut.
 */
export class Voice {
  buffer: JitterBuffer | undefined;
  tools: VoiceTools | undefined;
  /** Of the next output frame, in frames of the buffer. */
  position = 0;
  /** Whether the last block met the end of what is there while more was wanted. */
  ranDry = false;
  /** What it has rendered since it last sounded. (output frames) */
  quietFrames = 0;
  /** How far the envelope is open, 0 to 1: the progress of a fade. */
  #open = 0;

  get silent(): boolean {
    return this.#open === 0;
  }

  place(buffer: JitterBuffer, position: number, tools: VoiceTools): void {
    this.buffer = buffer;
    this.tools = tools;
    this.position = position;
    this.quietFrames = 0;
    this.#open = 0;
  }

  /** Falls silent at once, for when nothing of it can be heard any more. */
  stop(): void {
    this.buffer = undefined;
    this.#open = 0;
  }

  /**
   * Adds the next `frames` to `into` from sample `offset` on. `speed`: 1 is nominal. `wanted`: whether it
   * shall sound; else it fades out and stays closed.
   */
  render(
    into: Float32Array,
    offset: number,
    frames: number,
    channels: number,
    speed: number,
    wanted: boolean,
  ): void {
    const { buffer, tools } = this;
    if (!buffer || !tools) return;
    const step = tools.ratio * speed;
    buffer.seek(this.position);
    const opens = Math.max(0, Math.ceil((buffer.runFrom - this.position) / step));
    const ends = Math.floor((buffer.runTo - tools.resampler.reach - this.position) / step);
    const closes = wanted ? ends - tools.fadeFrames : 0;
    this.ranDry = wanted && this.#open > 0 && closes < frames;
    if (this.#open > 0 || (opens < frames && closes > opens)) {
      this.#resample(buffer, frames, step, tools);
      const quiet = isQuiet(tools.block, frames * buffer.channels);
      this.quietFrames = quiet ? this.quietFrames + frames : 0;
      const fall = 1 / Math.max(1, Math.min(tools.fadeFrames, ends));
      const steady = this.#open === 1 && opens === 0 && closes >= frames;
      if (!steady) this.#envelope(tools, buffer.channels, frames, opens, closes, fall);
      mix(tools.block, buffer.channels, into, offset, channels, frames);
    }
    this.position += frames * step;
  }

  #resample(buffer: JitterBuffer, frames: number, step: number, tools: VoiceTools): void {
    const { reach } = tools.resampler;
    const first = Math.floor(this.position) - reach;
    const count = Math.ceil(frames * step) + 2 * reach + 2;
    buffer.copy(first, count, tools.source);
    const { source, block } = tools;
    tools.resampler.run(source, buffer.channels, this.position - first, step, block, frames);
  }

  /** Opens from frame `opens` on, closes from frame `closes` on by `fall` a frame. */
  #envelope(
    tools: VoiceTools,
    channels: number,
    frames: number,
    opens: number,
    closes: number,
    fall: number,
  ): void {
    const rise = 1 / tools.fadeFrames;
    const { block } = tools;
    for (let frame = 0; frame < frames; frame++) {
      if (frame >= opens && frame < closes) this.#open = Math.min(1, this.#open + rise);
      else this.#open = Math.max(0, this.#open - fall);
      const gain = raisedCosine(this.#open);
      const end = (frame + 1) * channels;
      for (let at = end - channels; at < end; at++) block[at] = (block[at] as number) * gain;
    }
  }
}

function isQuiet(block: Float32Array, samples: number): boolean {
  for (let at = 0; at < samples; at++) {
    if (Math.abs(block[at] as number) > SILENCE_MAX) return false;
  }
  return true;
}

/** Adds a block to the output; one channel goes to all, surplus channels are left out, missing ones stay silent. */
function mix(
  block: Float32Array,
  channels: number,
  into: Float32Array,
  offset: number,
  outputChannels: number,
  frames: number,
): void {
  if (channels === outputChannels) {
    for (let at = 0; at < frames * channels; at++) {
      into[offset + at] = (into[offset + at] as number) + (block[at] as number);
    }
    return;
  }
  for (let frame = 0; frame < frames; frame++) {
    for (let channel = 0; channel < outputChannels; channel++) {
      const at = offset + frame * outputChannels + channel;
      const source = channels === 1 ? 0 : channel;
      if (source >= channels) continue;
      into[at] = (into[at] as number) + (block[frame * channels + source] as number);
    }
  }
}
