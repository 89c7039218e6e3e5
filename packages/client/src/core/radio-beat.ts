/*
 * A radio that saves power hands down what came for it at beacons only, 100 to 307 ms apart. All answers arrive with one, and only
 * those to questions asked right before it were quick. So arrivals are watched: when they keep time, questions are asked just before the next.
 */

/** Answers that arrive within so long came together. (us) */
const TOGETHER = 5_000;
/** What a beat lies off others, at most, the least that two lie apart, and how many may have gone by unseen between two. (us) */
const OFF_MAX = 1_500;
const PERIOD_MIN = 50_000;
const UNSEEN_MAX = 4;
/** Arrivals that say so. */
const ARRIVALS = 7;
/** Before each beat so many questions, from so long before on, or as long as an answer is known to take. (us) */
const QUESTIONS = 5;
const AHEAD_MIN = 8_000;
/** Later nothing is answered with that beat. (us) */
const TOO_LATE = 1_000;

/** Finds out whether answers arrive in time with something, and when to ask then. Microseconds of the host's clock. */
export class RadioBeat {
  readonly #arrivals: number[] = [];
  #period: number | undefined;

  /** Whether answers keep time. */
  get found(): boolean {
    return this.#period !== undefined;
  }

  clear(): void {
    this.#arrivals.length = 0;
    this.#period = undefined;
  }

  /** An answer arrived. */
  answered(at: number): void {
    const last = this.#arrivals.at(-1) ?? -Infinity;
    if (at < last + TOGETHER) return;
    this.#arrivals.push(at);
    if (this.#arrivals.length > ARRIVALS) this.#arrivals.shift();
    this.#period = this.#arrivals.length < ARRIVALS ? undefined : this.#periodOf();
  }

  /** When to ask next, right before a beat; `least`: the least that an answer took. `varied`: about 1. */
  askAt(now: number, least: number, varied: number): number {
    const period = this.#period ?? 0;
    const last = this.#arrivals.at(-1) ?? 0;
    const ahead = Math.min(period, Math.max(AHEAD_MIN, least));
    const beat = last + Math.ceil((now - last) / period) * period;
    const step = (ahead * varied) / QUESTIONS;
    const at = Math.max(now, beat - ahead) + step;
    return at < beat - TOO_LATE ? at : Math.max(now, beat + period - ahead) + step;
  }

  #periodOf(): number | undefined {
    const first = this.#arrivals[0] as number;
    const spans = this.#arrivals
      .slice(1)
      .map((at, index) => at - (this.#arrivals[index] as number));
    const least = Math.min(...spans);
    if (least < PERIOD_MIN) return undefined;
    let beats = 0;
    for (const span of spans) {
      const passed = Math.round(span / least);
      if (passed > UNSEEN_MAX || Math.abs(span - passed * least) > OFF_MAX * passed)
        return undefined;
      beats += passed;
    }
    return ((this.#arrivals.at(-1) as number) - first) / beats;
  }
}
