import type { AudioStream } from "naudiodon";
import type { AudioFormat, AudioInput, InputCounters } from "./core/port.ts";
import { watchDevice } from "./device-watch.ts";
import { type CardOptions, openStream, StreamCounters } from "./portaudio-stream.ts";

const SAMPLE_BITS = 16;

/** Opens a sound card for capture; it captures from then on. Rejects as `openStream` does. */
export async function openPortAudioInput(options: CardOptions): Promise<AudioInput> {
  const stream = await openStream("input", SAMPLE_BITS, options);
  return new PortAudioInput(stream, options.format, watchDevice(stream, options.events));
}

class PortAudioInput implements AudioInput {
  readonly format: AudioFormat;
  readonly #stream: AudioStream;
  readonly #native: StreamCounters;
  readonly #unwatch: () => void;

  constructor(stream: AudioStream, format: AudioFormat, unwatch: () => void) {
    this.#stream = stream;
    this.#native = new StreamCounters(stream);
    this.#unwatch = unwatch;
    this.format = format;
  }

  get realtime(): boolean {
    return this.#native.read().realtime;
  }

  read(into: Uint8Array): number {
    return this.#stream.pull(into);
  }

  takeTiming(into: Float64Array): number {
    return this.#stream.timing(into);
  }

  counters(): InputCounters {
    const { frames, lost, flows } = this.#native.read();
    return { capturedFrames: frames, lostFrames: lost, overruns: flows };
  }

  close(): Promise<void> {
    this.#unwatch();
    return this.#stream.close();
  }
}
