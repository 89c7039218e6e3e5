import {
  after,
  durationOf,
  type Micros,
  micros,
  millis,
  type SampleFormat,
  type ServerInstant,
  serverInstant,
} from "@tutti/protocol";
import { framesOf } from "./pcm.ts";

/** Read at once at the most. */
const BURST = millis(125);

/** Silence of a source that is not on the air is thrown away, in real time, so that its writer keeps its pace. */
export class Unheard {
  readonly #format: SampleFormat;
  /** How far it has been read. */
  #until: ServerInstant | undefined;

  constructor(format: SampleFormat) {
    this.#format = format;
  }

  /** Until when the source keeps what it has. */
  get until(): ServerInstant | undefined {
    return this.#until;
  }

  read(pcm: Uint8Array, now: ServerInstant): void {
    const span = durationOf(framesOf(pcm, this.#format), this.#format.rateHz);
    const oldest = after(now, micros(-BURST));
    this.#until = after(serverInstant(Math.max(this.#until ?? oldest, oldest)), span);
  }

  /** The source is on the air. */
  over(): void {
    this.#until = undefined;
  }

  /** The server's clock was set by so much. */
  move(by: Micros): void {
    if (this.#until !== undefined) this.#until = after(this.#until, by);
  }
}
