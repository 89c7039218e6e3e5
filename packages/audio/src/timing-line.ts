import {
  after,
  type Frames,
  type LocalInstant,
  localInstant,
  type Micros,
  micros,
  type Ppm,
  ppm,
} from "@tutti/protocol";
import { TIMING_RECORD_NUMBERS } from "./port.ts";

/*
 * The model. A card's frame x passes the converter at
 *
 *     y(x) = y0 + 1e6 x / rate + a + b x / rate        (us)
 *
 * with b = -ppm: a card that runs fast passes its frames early. A record says y(x) plus an error that
 * is never negative: the card tells whole frames, or whole milliseconds, passed; the thread that asks
 * is held up between asking the card and the clock. How the error is distributed is not known
 * and changes with the load, so its mean says nothing. Its smallest value over a second is near zero
 * and stays there. Hence: cut the last seconds into slices, take from each the record that is
 * earliest against the line so far, and put a least-squares line through those few.
 *
 * A line through a short window has a wild slope, so the slope is pulled towards what is known
 * before: zero +- PRIOR_PPM for a new card, the last slope +- KNOWN_PPM for one whose run broke off.
 * PortAudio counts the frames in the card's buffer as if the card ran at its nominal rate: b times the
 * buffer's length comes on top. Earliest records are not half a frame late, as records are on average.
 *
 * With EARLIEST_US as the error of an earliest record, this is the most probable line when all three
 * are normally distributed: b = (Sxy + w b0) / (Sxx + w), w = (EARLIEST_US / PRIOR_PPM)^2.
 */

/** Long enough for a slope within 2 ppm, short enough for a crystal that warms up. (s) */
const WINDOW_S = 8;
const SLICES_MAX = 8;
/** A slice needs some records before its earliest is early. */
const SLICE_RECORDS_MIN = 12;
/** A window of 8 s, down to periods of 2 ms. */
const RECORDS_MAX = 4_096;
const EARLIEST_US = 10;
const PRIOR_PPM = 50;
const KNOWN_PPM = 5;
/** A run this long knows its slope. (s) */
const KNOWN_AFTER_S = 4;
/** Moved by more than this, the card was restarted without telling. */
const JUMP_US = 2_000;
/** A record may be late by any amount; a jump is when all are, for so long. */
const LATE_US_MAX = 500_000;
const FIT_EVERY_S = 0.25;

interface Line {
  /** Of the slope, and of what is left over after it. (us/s, us) */
  readonly slope: number;
  readonly offset: number;
  /** Standard error of the line at the newest record. (us) */
  readonly error: number;
}

/** Frame numbers to the moments at which they pass the converter, learnt from a card's timing records. */
export class TimingLine {
  readonly #rateHz: number;
  readonly #latencyS: number;
  /** Records of this run: seconds at the nominal rate since the first, and us late against it. */
  readonly #t = new Float64Array(RECORDS_MAX);
  readonly #d = new Float64Array(RECORDS_MAX);
  #count = 0;
  #origin: { readonly cardFrame: number; readonly at: number } | undefined;
  #run = 0;
  /** The card's number of a frame is its own plus this. */
  #shift = 0;
  #line: Line = { slope: 0, offset: 0, error: Infinity };
  #fittedAt = -Infinity;
  #lateSince: number | undefined;
  #prior = { slope: 0, ppm: PRIOR_PPM };

  /** `latencyMs`: what the device adds, by its own account. */
  constructor(rateHz: number, latencyMs = 0) {
    this.#rateHz = rateHz;
    this.#latencyS = latencyMs / 1_000;
  }

  /** How much faster than nominal the card runs, against this host's clock. */
  get cardRate(): Ppm {
    return ppm(-this.#line.slope);
  }

  /** What `at` may be wrong by for the newest frame (standard error); infinite before the first record. */
  get error(): Micros {
    return micros(this.#line.error);
  }

  /**
   * When `frame`, numbered as the records number them, passes the converter, if no silence comes
   * before it; undefined before the first record.
   */
  at(frame: Frames): LocalInstant | undefined {
    if (!this.#origin) return undefined;
    const t = (frame + this.#shift - this.#origin.cardFrame) / this.#rateHz;
    const passes = t * 1e6 + this.#expected(t) + this.#line.slope * this.#latencyS;
    return after(localInstant(this.#origin.at), micros(passes));
  }

  /** Takes the first `count` records, as `takeTiming` left them. */
  learn(records: Float64Array, count: number): void {
    for (let index = 0; index < count; index++) {
      const [frame = 0, at = 0, cardFrame = 0, run = 0] = records.subarray(
        index * TIMING_RECORD_NUMBERS,
        (index + 1) * TIMING_RECORD_NUMBERS,
      );
      this.#add(at, cardFrame, run);
      this.#shift = cardFrame - frame;
    }
    if (count > 0 && this.#newest() >= this.#nextFit()) this.#fit();
  }

  #expected(t: number): number {
    return this.#line.offset + this.#line.slope * t;
  }

  #newest(): number {
    return this.#t[this.#count - 1] ?? -Infinity;
  }

  /** A new line learns from each record; one of some age changes little. */
  #nextFit(): number {
    return this.#newest() < 2 ? -Infinity : this.#fittedAt + FIT_EVERY_S;
  }

  #add(at: number, cardFrame: number, run: number): void {
    if (!this.#origin || run !== this.#run) this.#restart(at, cardFrame, run);
    let { t, d } = this.#place(at, cardFrame);
    if (t < this.#newest() || this.#jumped(d - this.#expected(t), at)) {
      this.#restart(at, cardFrame, run);
      ({ t, d } = { t: 0, d: 0 });
    }
    if (this.#count === RECORDS_MAX) this.#forget(RECORDS_MAX / 4);
    this.#t[this.#count] = t;
    this.#d[this.#count++] = d;
  }

  #place(at: number, cardFrame: number): { t: number; d: number } {
    const origin = this.#origin ?? { cardFrame, at };
    const t = (cardFrame - origin.cardFrame) / this.#rateHz;
    return { t, d: at - origin.at - t * 1e6 };
  }

  /** Nothing is ever early, so one early record tells of a jump; a late one only in company. */
  #jumped(late: number, at: number): boolean {
    if (this.#count === 0 || late < -JUMP_US) return this.#count > 0;
    if (late <= JUMP_US) this.#lateSince = undefined;
    else this.#lateSince ??= at;
    return this.#lateSince !== undefined && at - this.#lateSince > LATE_US_MAX;
  }

  #restart(at: number, cardFrame: number, run: number): void {
    const { slope } = this.#line;
    if (this.#newest() > KNOWN_AFTER_S) this.#prior = { slope, ppm: KNOWN_PPM };
    this.#origin = { cardFrame, at };
    this.#run = run;
    this.#count = 0;
    this.#line = { slope: this.#prior.slope, offset: 0, error: Infinity };
    this.#fittedAt = -Infinity;
    this.#lateSince = undefined;
  }

  #forget(count: number): void {
    this.#t.copyWithin(0, count, this.#count);
    this.#d.copyWithin(0, count, this.#count);
    this.#count -= count;
  }

  #fit(): void {
    let old = 0;
    while ((this.#t[old] as number) < this.#newest() - WINDOW_S) old++;
    this.#forget(old);
    this.#line = this.#lineThrough(this.#earliest(this.#line.slope));
    // The earliest against a better slope are better chosen.
    this.#line = this.#lineThrough(this.#earliest(this.#line.slope));
    this.#fittedAt = this.#newest();
  }

  /** The places of the records that are earliest, each in its slice, against a line of this slope. */
  #earliest(slope: number): number[] {
    const slices = Math.max(1, Math.min(SLICES_MAX, Math.floor(this.#count / SLICE_RECORDS_MIN)));
    const first = this.#t[0] as number;
    const perSlice = (this.#newest() - first) / slices + 1e-9;
    const best = new Array<number>(slices).fill(-1);
    const lateness = new Float64Array(slices).fill(Infinity);
    for (let index = 0; index < this.#count; index++) {
      const t = this.#t[index] as number;
      const slice = Math.min(slices - 1, Math.floor((t - first) / perSlice));
      const late = (this.#d[index] as number) - slope * t;
      if (late >= (lateness[slice] as number)) continue;
      lateness[slice] = late;
      best[slice] = index;
    }
    return best.filter((index) => index >= 0);
  }

  #lineThrough(places: readonly number[]): Line {
    const n = places.length;
    const points = places.map((place) => [this.#t[place] as number, this.#d[place] as number]);
    const mean = (which: 0 | 1) => points.reduce((sum, p) => sum + (p[which] as number), 0) / n;
    const [tMean, dMean] = [mean(0), mean(1)];
    let [sxx, sxy] = [0, 0];
    for (const [t = 0, d = 0] of points) {
      sxx += (t - tMean) ** 2;
      sxy += (t - tMean) * (d - dMean);
    }
    const weight = (EARLIEST_US / this.#prior.ppm) ** 2;
    const slope = (sxy + weight * this.#prior.slope) / (sxx + weight);
    const offset = dMean - slope * tMean;
    const squares = points.reduce((sum, [t = 0, d = 0]) => sum + (d - offset - slope * t) ** 2, 0);
    const variance = n > 2 ? squares / (n - 2) : EARLIEST_US ** 2;
    const error = Math.sqrt(variance * (1 / n + (this.#newest() - tMean) ** 2 / (sxx + weight)));
    return { slope, offset, error };
  }
}
