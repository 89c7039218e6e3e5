import {
  after,
  between,
  type Micros,
  micros,
  millis,
  type ServerInstant,
  seconds,
} from "@tutti/protocol";

/** What is told is the worst of between one such span and two. */
const SPAN: Micros = seconds(60);
/** Of the time from recording to hearing, so much is lost where turns come late before anybody is told: links need the rest. */
const PARTS_OF_BUFFER = 4;

/**
 * How late the server's thread comes to what is due. Chunks wait meanwhile, of every stream and for every
 * room: the operator is to know, but only of what music suffers from.
 */
export class TurnWatch {
  readonly #lateMin: Micros;
  readonly #bufferMs: number;
  #spanEnds: ServerInstant;
  #worst = micros(0);
  #worstBefore = micros(0);

  constructor(bufferMs: number, now: ServerInstant) {
    this.#bufferMs = bufferMs;
    this.#lateMin = millis(bufferMs / PARTS_OF_BUFFER);
    this.#spanEnds = after(now, SPAN);
  }

  /** What was due then has its turn now. */
  turn(due: ServerInstant, now: ServerInstant): void {
    this.#moveOn(now);
    const late = between(due, now);
    if (late > this.#worst) this.#worst = late;
  }

  /** What to tell a person, with what to do; nothing where all is well. */
  hints(now: ServerInstant): string[] {
    this.#moveOn(now);
    const worst = Math.max(this.#worst, this.#worstBefore);
    if (worst < this.#lateMin) return [];
    const lateMs = Math.round(worst / 1_000);
    return [
      `held up for ${lateMs} ms in the last two minutes, of ${this.#bufferMs} ms from recording to hearing: ` +
        "see with top what else runs there; fewer streams or codecs, or a longer bufferMs, leave more room",
    ];
  }

  #moveOn(now: ServerInstant): void {
    if (now < this.#spanEnds) return;
    const next = after(this.#spanEnds, SPAN);
    this.#worstBefore = now < next ? this.#worst : micros(0);
    this.#worst = micros(0);
    this.#spanEnds = after(now, SPAN);
  }
}
