import type { AudioStream } from "naudiodon";
import { watchDevice } from "./device-watch.ts";
import type { AudioFormat, AudioOutput, OutputCounters } from "./port.ts";
import { type CardOptions, openStream } from "./portaudio-stream.ts";

/** 32 bits, of which a card of 16 takes the upper half unchanged. */
const SAMPLE_BITS = 32;

/** Opens a sound card for playing; it plays silence from then on. Rejects as `openStream` does. */
export async function openPortAudioOutput(options: CardOptions): Promise<AudioOutput> {
  const stream = await openStream("output", SAMPLE_BITS, options);
  return new PortAudioOutput(stream, options.format, watchDevice(stream, options.events));
}

class PortAudioOutput implements AudioOutput {
  readonly format: AudioFormat;
  readonly latencyMs: number;
  readonly capacityFrames: number;
  readonly #stream: AudioStream;
  readonly #unwatch: () => void;
  #written = 0;

  constructor(stream: AudioStream, format: AudioFormat, unwatch: () => void) {
    this.#stream = stream;
    this.#unwatch = unwatch;
    this.format = format;
    this.latencyMs = stream.latencyMs;
    this.capacityFrames = stream.capacity;
  }

  get realtime(): boolean {
    return this.#stream.counters().realtime;
  }

  write(samples: Float32Array): number {
    const taken = this.#stream.push(samples);
    this.#written += taken;
    return taken;
  }

  takeTiming(into: Float64Array): number {
    return this.#stream.timing(into);
  }

  counters(): OutputCounters {
    const { frames, cleared, silent, shorts, flows } = this.#stream.counters();
    return {
      writtenFrames: this.#written,
      playedFrames: frames,
      clearedFrames: cleared,
      silentFrames: silent,
      shortCallbacks: shorts,
      underruns: flows,
    };
  }

  clear(): void {
    this.#stream.clear();
  }

  close(): Promise<void> {
    this.#unwatch();
    return this.#stream.close();
  }
}
