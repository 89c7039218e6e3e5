import { type AudioInput, openInput, TIMING_RECORD_NUMBERS, TimingLine } from "@tutti/audio";
import { frameBytes, frames, type LocalInstant, serverInstant } from "@tutti/protocol";
import type { Source, SourceOptions } from "./source.ts";

const RETRY_MS = 1_000;
/** A quarter of what the card's queue holds at the least, so that a late timer loses nothing. */
const READ_EVERY_MS = 10;
/** Timing records between two reads, many times over. */
const RECORDS_MAX = 256;
/** What capture delivers. */
const CAPTURE_BITS = 16;

export interface AlsaOptions extends SourceOptions {
  /** A name or a part of one, an index, or any name that ALSA knows. */
  readonly device: string;
}

/** What a card records, each piece with the moment at which it was recorded. Waits for a missing card. */
export class AlsaSource implements Source {
  readonly #options: AlsaOptions;
  #input: AudioInput | undefined;
  #line: TimingLine;
  /** Frames read since the card was opened. */
  #read = 0;
  readonly #piece: Uint8Array;
  readonly #records = new Float64Array(RECORDS_MAX * TIMING_RECORD_NUMBERS);
  #timer: NodeJS.Timeout | undefined;
  #state = "";
  #closed = false;

  constructor(options: AlsaOptions) {
    const { format, chunkMs } = options;
    this.#options = options;
    this.#line = new TimingLine(format.rateHz);
    const chunkFrames = Math.round((format.rateHz * chunkMs) / 1_000);
    this.#piece = new Uint8Array(chunkFrames * frameBytes(format));
    if (format.bits === CAPTURE_BITS) void this.#open();
    else this.#tell("failed", `capture delivers ${CAPTURE_BITS} bits, so set sampleFormat to them`);
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  async #open(): Promise<void> {
    const { device, format } = this.#options;
    const events = { onLost: (reason: string) => this.#fail(reason) };
    try {
      this.#input = await openInput({ device, format, events });
    } catch (error) {
      this.#fail((error as Error).message);
      return;
    }
    if (this.#closed) {
      this.#drop();
      return;
    }
    this.#line = new TimingLine(format.rateHz);
    this.#read = 0;
    this.#tell("running");
    this.#timer = setInterval(() => this.#take(), READ_EVERY_MS);
  }

  #take(): void {
    const input = this.#input;
    if (!input) return;
    this.#line.learn(this.#records, input.takeTiming(this.#records));
    for (let count = input.read(this.#piece); count > 0; count = input.read(this.#piece)) {
      const recordedAt = this.#line.at(frames(this.#read));
      this.#read += count;
      // Before the card's first word about its timing nobody knows when this was.
      if (recordedAt !== undefined) this.#deliver(count, recordedAt);
    }
  }

  #deliver(count: number, recordedAt: LocalInstant): void {
    const { format, outlet } = this.#options;
    const pcm = this.#piece.subarray(0, count * frameBytes(format));
    // Here the local clock is the server's: both are this host's CLOCK_MONOTONIC.
    outlet.pcm(pcm, { kind: "captured", at: serverInstant(recordedAt) });
  }

  #fail(reason: string): void {
    if (this.#closed) return;
    this.#drop();
    this.#tell("failed", reason);
    this.#timer = setTimeout(() => void this.#open(), RETRY_MS);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    void this.#input?.close();
    this.#input = undefined;
  }

  /** Each state is told once, however often it is met again. */
  #tell(state: "running" | "failed", reason?: string): void {
    const told = `${state} ${reason ?? ""}`;
    if (told === this.#state) return;
    this.#state = told;
    this.#options.outlet.state(state, reason);
  }
}
