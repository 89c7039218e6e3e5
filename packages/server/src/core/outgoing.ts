import {
  between,
  type Frames,
  frames,
  framesIn,
  type Micros,
  micros,
  millis,
  type SampleFormat,
  type ServerInstant,
} from "@tutti/protocol";
import type { StreamConfig } from "@tutti/protocol/config";
import { Chunker, type PcmChunk } from "./chunker.ts";
import { framesOf } from "./pcm.ts";
import type { Rendered, Renditions } from "./renditions.ts";
import type { Seams } from "./seams.ts";
import type { StreamClock } from "./stream-clock.ts";

export type AudioOutput = { readonly kind: "audio" } & Rendered;

interface OutgoingParts {
  readonly clock: StreamClock;
  readonly seams: Seams;
  readonly renditions: Renditions;
  /** Whether what is due then is sent at all. */
  readonly wanted: (recordedAt: ServerInstant, now: ServerInstant) => boolean;
}

/** What a stream plays, from whatever: counted, cut into chunks, stamped, encoded. */
export class Outgoing {
  readonly #format: SampleFormat;
  readonly #parts: OutgoingParts;
  readonly #chunkFrames: Frames;
  readonly #chunker: Chunker;
  /** Whole chunks whose time is not fixed yet. */
  #unstamped: PcmChunk[] = [];

  constructor({ sampleFormat, chunkMs }: StreamConfig, parts: OutgoingParts) {
    this.#format = sampleFormat;
    this.#parts = parts;
    this.#chunkFrames = this.#framesIn(millis(chunkMs));
    this.#chunker = new Chunker(sampleFormat, this.#chunkFrames);
  }

  /** What is made here. */
  fill(pcm: Uint8Array, now: ServerInstant): AudioOutput[] {
    const { clock } = this.#parts;
    const first = clock.count;
    clock.fill(framesOf(pcm, this.#format));
    return this.push(pcm, first, now);
  }

  silence(count: Frames, now: ServerInstant): AudioOutput[] {
    return this.fill(this.#parts.seams.silence(count), now);
  }

  silentChunk(now: ServerInstant): AudioOutput[] {
    return this.silence(this.#chunkFrames, now);
  }

  /** Silence from where it ends now to `until`; at least so many frames, and at most so long. */
  silenceUntil(
    until: ServerInstant,
    { least = frames(0), most }: { readonly least?: Frames; readonly most: Micros },
    now: ServerInstant,
  ): AudioOutput[] {
    const span = micros(Math.min(between(this.#parts.clock.next, until), most));
    return this.silence(frames(Math.max(least, this.#framesIn(span))), now);
  }

  /** Forgets what is not sent yet: what follows is of another time. */
  drop(): void {
    this.#chunker.reset();
    this.#unstamped = [];
  }

  /** What the clock has counted from frame `first` on. */
  push(pcm: Uint8Array, first: Frames, now: ServerInstant): AudioOutput[] {
    if (pcm.length === 0) return [];
    const { clock, seams, renditions, wanted } = this.#parts;
    seams.passed(pcm);
    this.#unstamped.push(...this.#chunker.push(pcm, first));
    if (!clock.settled) return [];
    return this.#unstamped.splice(0).flatMap((chunk) => {
      const recordedAt = clock.stampOf(chunk.first);
      if (!wanted(recordedAt, now)) return [];
      const rendered = renditions.encode({ ...chunk, recordedAt }, now);
      return rendered.map((each) => ({ kind: "audio", ...each }) as const);
    });
  }

  #framesIn(span: Micros): Frames {
    return frames(Math.round(framesIn(span, this.#format.rateHz)));
  }
}
