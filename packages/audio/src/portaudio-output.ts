import type { AudioStream } from "naudiodon";
import {
  type AudioFormat,
  type AudioOutput,
  countersAtZero,
  type OutputCounters,
} from "./core/port.ts";
import { watchDevice } from "./device-watch.ts";
import {
  type CardOptions,
  callbackFrames,
  openStream,
  StreamCounters,
} from "./portaudio-stream.ts";
import { listenForShort } from "./short-alarm.ts";

/** 32 bits, of which a card of 16 takes the upper half unchanged. */
const SAMPLE_BITS = 32;

/** Opens a sound card for playing; it plays silence from then on. Rejects as `openStream` does. */
export async function openPortAudioOutput(options: CardOptions): Promise<AudioOutput> {
  const stream = await openStream("output", SAMPLE_BITS, options);
  return new PortAudioOutput(stream, options);
}

class PortAudioOutput implements AudioOutput {
  readonly format: AudioFormat;
  readonly latencyMs: number;
  readonly periodMs: number;
  readonly capacityFrames: number;
  readonly #stream: AudioStream;
  readonly #native: StreamCounters;
  readonly #unwatch: () => void;
  readonly #counters = { ...countersAtZero(), resumableFrame: -1 };

  constructor(stream: AudioStream, options: CardOptions) {
    const { format, events } = options;
    this.#stream = stream;
    this.#native = new StreamCounters(stream);
    this.#unwatch = watchDevice(stream, events);
    listenForShort(stream, events);
    this.format = format;
    this.latencyMs = stream.latencyMs;
    this.periodMs = (callbackFrames("output", options) * 1_000) / format.rateHz;
    this.capacityFrames = stream.capacity;
  }

  get realtime(): boolean {
    return this.#native.read().realtime;
  }

  write(samples: Float32Array): number {
    const taken = this.#stream.push(samples);
    this.#counters.writtenFrames += taken;
    return taken;
  }

  takeTiming(into: Float64Array): number {
    return this.#stream.timing(into);
  }

  counters(): OutputCounters {
    const native = this.#native.read();
    const counters = this.#counters;
    counters.playedFrames = native.frames;
    counters.clearedFrames = native.cleared;
    counters.silentFrames = native.silent;
    counters.shortCallbacks = native.shorts;
    counters.underruns = native.flows;
    counters.resumableFrame = native.resumable;
    return counters;
  }

  clear(): void {
    this.#stream.clear();
  }

  resume(cardFrame: number): void {
    const { shortCallbacks, underruns } = this.#counters;
    this.#stream.resume(cardFrame, shortCallbacks + underruns);
  }

  close(): Promise<void> {
    this.#unwatch();
    return this.#stream.close();
  }
}
