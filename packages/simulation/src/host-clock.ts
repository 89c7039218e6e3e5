import { seconds } from "@tutti/protocol";
import type { Random } from "./random.ts";
import { later, type Simulation, type TrueInstant, trueTime } from "./simulation.ts";

/** A host's monotonic clock: as Linux's, its rate is adjustable, and it stands still while asleep. */
export interface ClockOptions {
  /** What it reads when the run begins. (us) */
  readonly startsAt?: number;
  /** How much faster than true time it runs. */
  readonly driftPpm?: number;
  /** Standard deviation of what its rate changes in an hour, as a random walk. (ppm) */
  readonly wanderPpm?: number;
}

/** How fast NTP's kernel discipline moves a clock while it corrects it. (ppm) */
const SLEW_PPM = 500;
const WANDER_STEP = seconds(10);
const HOUR = seconds(3_600);

/** From `at` on the clock reads `reading` and gains `rate` microseconds in each. */
interface Stretch {
  readonly at: TrueInstant;
  readonly reading: number;
  readonly rate: number;
}

/** Reads in microseconds; remembers its past, so that a report can ask what it read. */
export class HostClock {
  readonly counts = { steps: 0, suspensions: 0, slews: 0 };
  readonly #simulation: Simulation;
  #stretches: Stretch[] = [];
  #driftPpm: number;
  #slewPpm = 0;
  #asleep = false;

  constructor(simulation: Simulation, name: string, options: ClockOptions = {}) {
    this.#simulation = simulation;
    this.#driftPpm = options.driftPpm ?? 0;
    const random = simulation.random(`clock of ${name}`);
    const reading = options.startsAt ?? random.between(seconds(10), seconds(1_000_000));
    this.#stretches.push({ at: simulation.now, reading, rate: 1 + this.#driftPpm * 1e-6 });
    if (options.wanderPpm) this.#wander(random, options.wanderPpm);
  }

  get now(): number {
    return this.read(this.#simulation.now);
  }

  read(at: TrueInstant): number {
    const stretch = this.#findLast((each) => each.at <= at);
    return stretch.reading + (at - stretch.at) * stretch.rate;
  }

  /** A run of days would not fit: nobody asks what it read before `before` from now on. */
  forget(before: TrueInstant): void {
    const kept = this.#stretches.findLastIndex((each) => each.at <= before);
    if (kept > 0) this.#stretches = this.#stretches.slice(kept);
  }

  /** When the clock reads, or read last, `reading`; as far as is known now if that is to come. */
  trueOf(reading: number): TrueInstant {
    const {
      at,
      reading: from,
      rate,
    } = this.#findLast((each) => each.reading <= reading && each.rate > 0);
    return trueTime(at + (reading - from) / rate);
  }

  /** Moves the reading at once, as the clock of a restored or migrated virtual machine does. (us) */
  step(by: number): void {
    this.counts.steps++;
    this.#continue(this.now + by);
  }

  /** Corrects the reading by `by` at 500 ppm, as NTP does. (us) */
  slew(by: number): void {
    this.counts.slews++;
    this.#slewPpm = Math.sign(by) * SLEW_PPM;
    this.#continue(this.now);
    const end = later(this.#simulation.now, Math.abs(by) / (SLEW_PPM * 1e-6));
    this.#simulation.at(end, () => {
      this.#slewPpm = 0;
      this.#continue(this.now);
    });
  }

  suspend(): void {
    this.counts.suspensions++;
    this.#asleep = true;
    this.#continue(this.now);
  }

  resume(): void {
    this.#asleep = false;
    this.#continue(this.now);
  }

  #wander(random: Random, wanderPpm: number): void {
    const stepPpm = wanderPpm * Math.sqrt(WANDER_STEP / HOUR);
    this.#simulation.after(WANDER_STEP, () => {
      this.#driftPpm += random.normal(stepPpm);
      this.#continue(this.now);
      this.#wander(random, wanderPpm);
    });
  }

  #continue(reading: number): void {
    const rate = this.#asleep ? 0 : 1 + (this.#driftPpm + this.#slewPpm) * 1e-6;
    this.#stretches.push({ at: this.#simulation.now, reading, rate });
  }

  #findLast(matches: (stretch: Stretch) => boolean): Stretch {
    for (let index = this.#stretches.length - 1; index > 0; index--) {
      const stretch = this.#stretches[index];
      if (stretch && matches(stretch)) return stretch;
    }
    return this.#stretches[0] as Stretch;
  }
}
