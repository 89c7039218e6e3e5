import type { LocalInstant } from "@tutti/protocol";

/** How an output or input is opened. */
export interface AudioFormat {
  readonly rateHz: number;
  readonly channels: number;
}

/** Numbers in one timing record: frame, at, cardFrame, run, in this order, as `TimingRecord` says. */
export const TIMING_RECORD_NUMBERS = 4;

/**
 * What the card said in one callback. `at` reads half a frame late on average, and is wrong late only.
 */
export interface TimingRecord {
  /**
   * The frame that was first in the queue, numbered among all that were ever written (or read). With
   * an empty queue it is one that is not written yet and is heard some callback later. NaN while all that is
   * written is thrown away.
   */
  readonly frame: number;
  /** When `cardFrame` passes the converter. */
  readonly at: LocalInstant;
  /** The card's own count, silence included: it runs on evenly while `run` stays the same. */
  readonly cardFrame: number;
  /** Grows whenever the card itself ran dry (or over): lines through two runs are worthless. */
  readonly run: number;
}

/** What has happened since the output was opened. Counts only grow. */
export interface OutputCounters {
  /** Frames ever taken by `write`, cleared ones included: the number of the next frame written. */
  readonly writtenFrames: number;
  /** Frames handed to the card, of those written. */
  readonly playedFrames: number;
  /** Frames thrown away by `clear`, and since the card ran dry. */
  readonly clearedFrames: number;
  /** Frames of silence the card got, after the first write, because nothing was queued. */
  readonly silentFrames: number;
  /** Times too little, or nothing, was queued; of a card that then throws away what is written, each time once. */
  readonly shortCallbacks: number;
  /** Times the card itself ran dry. */
  readonly underruns: number;
  /** The first frame of the card's own count that `resume` may name. Absent or -1 while there is nothing to resume, or no way to. */
  readonly resumableFrame?: number;
}

/** For an output that counts by itself: what it hands out from `counters`. */
export function countersAtZero() {
  return {
    writtenFrames: 0,
    playedFrames: 0,
    clearedFrames: 0,
    silentFrames: 0,
    shortCallbacks: 0,
    underruns: 0,
  } satisfies OutputCounters;
}

/**
 * A sound card that pulls. Between it and us lies a queue: a stall of JavaScript shorter than what is
 * queued is not heard, nor, with a real card, one shorter than queue and card together. Nothing here blocks.
 */
export interface AudioOutput {
  readonly format: AudioFormat;
  /** What the device adds between queue and converter, as it says. (ms) */
  readonly latencyMs: number;
  /** What it takes from the queue at once, and less often. (ms) */
  readonly periodMs: number;
  /** Room of the queue. (frames) */
  readonly capacityFrames: number;
  /**
   * Whether the thread that feeds the card runs in real time, which it takes where that is permitted:
   * without, a busy machine makes the card run dry. Absent where there is no such thread.
   */
  readonly realtime?: boolean;
  /** Takes interleaved samples, -1 to 1, as far as there is room. Returns how many frames it took. */
  write(samples: Float32Array): number;
  /** Moves new records into `into`, TIMING_RECORD_NUMBERS each, oldest first. Returns how many. */
  takeTiming(into: Float64Array): number;
  /** The object may be the same one each time, and change with the next call. */
  counters(): OutputCounters;
  /**
   * Throws away, at the next callback, what was written before and is not yet with the card, but for some
   * milliseconds in which it fades. A real card that ran dry, or found too little in the queue, throws away all that is
   * written until this is called, as it would be heard later than its writer thought.
   */
  clear(): void;
  /**
   * As `clear`, and what is written from now on is the card's frame of that number, and those behind it. In vain where that has gone by, or
   * where queue and card ran short once more than the last `counters` said: they count that then, and all is thrown away as before.
   * Absent where nothing is resumable.
   */
  resume?(cardFrame: number): void;
  /** Resolves once the device is free again. */
  close(): Promise<void>;
}

/** A sound card that delivers. */
export interface AudioInput {
  readonly format: AudioFormat;
  /** As for an output. */
  readonly realtime?: boolean;
  /** Moves captured frames, interleaved signed 16-bit little endian, into `into`. Returns how many frames. */
  read(into: Uint8Array): number;
  /** As for an output; `at` is when the frame was captured. */
  takeTiming(into: Float64Array): number;
  counters(): InputCounters;
  /** Resolves once the device is free again. */
  close(): Promise<void>;
}

/** What has happened since the input was opened. Counts only grow. */
export interface InputCounters {
  /** Frames taken from the card and kept: the number of the next frame kept. */
  readonly capturedFrames: number;
  /** Frames thrown away because `read` came too late: each makes a gap. */
  readonly lostFrames: number;
  /** Times the card itself ran over. */
  readonly overruns: number;
}

/** What a device tells of its own accord. */
export interface DeviceEvents {
  /** The device stopped for good (unplugged, host API gone): close it and open it anew. */
  onLost(reason: string): void;
  /**
   * Queue or card of an output ran short, as its counters say by now: for whoever sleeps while all seems well. Several times may be told as
   * one. Only a real card tells.
   */
  onShort?(): void;
}
