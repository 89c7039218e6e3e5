import { localInstant, micros, serverInstant } from "@tutti/protocol";
import { ClockFilter, type Lesson } from "../src/core/clock-filter.ts";
import { type Confidence, TimeSync } from "../src/core/time-sync.ts";

/** A path: delays of one exchange up and down. (us) */
export type Path = (random: () => number, seconds: number) => readonly [up: number, down: number];

/** The server's clock less the client's, at moment nought, and what that gains. (us) */
export interface Clocks {
  readonly offset: number;
  readonly driftPpm: number;
}

/** The generator of Lehmer with the multiplier of Park and Miller: the same numbers on every run. */
function lehmer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A draw of that mean. */
export const exponential = (random: () => number, mean: number) => -Math.log(1 - random()) * mean;

/** Paths of a home, the sorts that tell. */
export const lan: Path = (random) => [100 + exponential(random, 60), 100 + exponential(random, 60)];
export const jitter20: Path = (random) => [40_000 * random(), 40_000 * random()];
export const jitter5: Path = (random) => [10_000 * random(), 10_000 * random()];
export const stalls: Path = (random, seconds) => [
  1_000 + exponential(random, 300),
  1_000 + exponential(random, 300) + (seconds % 3 < 0.4 ? 200_000 * random() : 0),
];
export const wifi: Path = (random) => [
  1_500 + exponential(random, 800) + (random() < 0.1 ? 20_000 * random() : 0),
  1_500 + exponential(random, 800) + (random() < 0.2 ? 40_000 * random() : 0),
];

/**
 * 20 +- 20 ms again, but in order, beside audio every 20 ms down: what is quick waits for what was sent
 * before, so small delays are rare.
 */
export function ordered20(): Path {
  let audioAt = 0;
  let lastUp = 0;
  let lastDown = 0;
  return (random, seconds) => {
    const sendAudio = (until: number) => {
      for (; audioAt < until; audioAt += 20_000) {
        lastDown = Math.max(lastDown, audioAt + 40_000 * random());
      }
    };
    const sent = seconds * 1e6;
    lastUp = Math.max(sent + 40_000 * random(), lastUp);
    sendAudio(lastUp);
    lastDown = Math.max(lastUp + 40_000 * random(), lastDown);
    return [lastUp - sent, lastDown - lastUp];
  };
}

/** Runs filter and schedule over a path, as the player does. */
export class Bench {
  readonly filter = new ClockFilter();
  readonly sync = new TimeSync();
  readonly lessons: Lesson[] = [];
  readonly errors: { at: number; error: number; bound: number }[] = [];
  asked = 0;
  now = 0;
  clocks: Clocks;
  readonly #path: Path;
  readonly #random: () => number;

  constructor(path: Path, clocks: Clocks, seed = 1) {
    this.#path = path;
    this.clocks = clocks;
    this.#random = lehmer(seed);
    this.sync.offer(true, localInstant(0));
  }

  offset(at: number): number {
    return this.clocks.offset + (this.clocks.driftPpm / 1e6) * at;
  }

  run(seconds: number): void {
    const end = this.now + seconds * 1e6;
    while (this.now < end) {
      const moment = localInstant(this.now);
      const confidence: Confidence = {
        acceptable: this.filter.acceptable,
        uncertainty: this.filter.uncertaintyAt(moment),
        roundTrip: this.filter.roundTrip,
      };
      const ways = this.sync.questions(moment, confidence);
      if (ways.length > 0) this.#exchange();
      if (this.filter.acceptable) {
        const error = this.filter.offsetAt(moment) - this.offset(this.now);
        this.errors.push({ at: this.now, error, bound: this.filter.errorMaxAt(moment) });
      }
      this.now = Math.max(
        this.now + 1,
        Math.min(this.now + 50_000, this.sync.deadline ?? Infinity),
      );
    }
  }

  /** From now on the server's clock is elsewhere, or runs differently. */
  change(step: number, driftChangePpm: number): void {
    const { offset, driftPpm } = this.clocks;
    const bend = (driftChangePpm / 1e6) * this.now;
    this.clocks = { offset: offset + step - bend, driftPpm: driftPpm + driftChangePpm };
  }

  #exchange(): void {
    this.asked++;
    const sent = this.now;
    const [up, down] = this.#path(this.#random, sent / 1e6);
    const there = sent + up;
    const back = there + down;
    const serverReceived = serverInstant(there + this.offset(there));
    const lesson = this.filter.learn({
      clientSent: localInstant(sent),
      serverReceived,
      serverSent: serverReceived,
      clientReceived: localInstant(back),
    });
    this.lessons.push(lesson);
    this.now = back;
    this.sync.answered("datagram", localInstant(back), micros(back - sent));
    if (lesson === "suspected" || lesson === "restarted") this.sync.urge(localInstant(back));
  }

  sizes(from: number, to = Infinity): number[] {
    return this.errors
      .filter(({ at }) => at >= from * 1e6 && at < to * 1e6)
      .map(({ error }) => Math.abs(error))
      .sort((a, b) => a - b);
  }
}

/** The value below which that part of them lies. */
export const quantile = (sorted: number[], part: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;

export const SEEDS = [1, 2, 3, 4, 5];
