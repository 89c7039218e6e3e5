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
import { type ClockBend, HingeFinder } from "./clock-bend.ts";
import { EarliestRecords, SLICES_MAX } from "./earliest.ts";
import type { Hinge } from "./hinge.ts";
import { TIMING_RECORD_NUMBERS } from "./port.ts";

/*
 * The model. A card's frame x passes the converter at
 *
 *     y(x) = y0 + 1e6 x / rate + a + b x / rate        (us)
 *
 * with b = -ppm: a card that runs fast passes its frames early. A record says y(x) plus an error that
 * is positive but for rare ones: the card tells whole frames, or whole milliseconds, passed; the thread that asks
 * is held up between asking the card and the clock. How the error is distributed is not known
 * and changes with the load, so its mean says nothing. Its smallest value over a second is near zero
 * and stays there. Hence: cut the last seconds into slices, take from each the record that is
 * earliest against the line so far (earliest.ts), and put a least-squares line through those few.
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
/** Few records are early, and none by what the next ones are, too: so many within so long tell of a jump. (us) */
const EARLY_RECORDS = 3;
const EARLY_WITHIN_US = 500_000;
const FIT_EVERY_S = 0.25;
/** How often a bend is looked for, and for how long after it how steep it is. (s) */
const WATCH_EVERY_S = 0.04;
const MEND_EVERY_S = 0.1;
const MENDED_FOR_S = 4;
/** While a bend is mended the next is at least so far from it. (s) */
const BENDS_APART_S = 0.5;
/**
 * A bend that turns out to be less than that, or than so many deviations, was none. What a busy second leaves behind is up
 * to 70 ppm steep; a clock that really bends by less than the finder looks for is left to the line. (ppm)
 */
const BEND_PPM_MIN = 80;
const BEND_DEVIATIONS = 4;

/** Frame numbers to the moments at which they pass the converter, learnt from a card's timing records. */
export class TimingLine {
  /** Bends of the host's clock since someone last emptied this list. The line has been turned by them already. */
  readonly bends: ClockBend[] = [];
  readonly #rateHz: number;
  readonly #latencyS: number;
  /** Records of this run: seconds at the nominal rate since the first, and us late against it. */
  readonly #t = new Float64Array(RECORDS_MAX);
  readonly #d = new Float64Array(RECORDS_MAX);
  #count = 0;
  #originFrame = 0;
  #originAt = 0;
  #run = NaN;
  /** The card's number of a frame is its own plus this. */
  #shift = 0;
  /** Of the line: us/s, and us left over after it. */
  #slope = 0;
  #offset = 0;
  #error = Infinity;
  #fittedAt = -Infinity;
  /** Since when all records are late; NaN while they are not. */
  #lateSince = NaN;
  /** Records too early to be believed, and when the first of them came. */
  #earlyCount = 0;
  #earlySince = NaN;
  #priorSlope = 0;
  #priorPpm = PRIOR_PPM;
  /** The records that the line goes through. */
  readonly #earliest = new EarliestRecords();

  readonly #finder = new HingeFinder();
  #hinge: Hinge | undefined;
  #bend: ClockBend | undefined;
  #watchedAt = -Infinity;

  /** `latencyMs`: what the device adds, by its own account. */
  constructor(rateHz: number, latencyMs = 0) {
    this.#rateHz = rateHz;
    this.#latencyS = latencyMs / 1_000;
  }

  /** How much faster than nominal the card runs, against this host's clock. */
  get cardRate(): Ppm {
    return ppm(-this.#slope);
  }

  /** What `at` may be wrong by for the newest frame (standard error); infinite before the first record. */
  get error(): Micros {
    return micros(this.#error);
  }

  /** That of the records: lines through two runs are worthless. NaN before the first record. */
  get run(): number {
    return this.#run;
  }

  /**
   * When `frame`, numbered as the records number them, passes the converter, if no silence comes
   * before it; undefined before the first record.
   */
  at(frame: Frames): LocalInstant | undefined {
    return this.cardFrameAt(frame + this.#shift);
  }

  /** When the card's own frame of that number passes the converter; undefined before the first record. */
  cardFrameAt(cardFrame: number): LocalInstant | undefined {
    if (this.#count === 0) return undefined;
    const t = (cardFrame - this.#originFrame) / this.#rateHz;
    const passes = t * 1e6 + this.#expected(t) + this.#slope * this.#latencyS;
    return after(localInstant(this.#originAt), micros(passes));
  }

  /** `frame` will be the card's `cardFrame`: known before a record says so. */
  place(frame: Frames, cardFrame: number): void {
    this.#shift = cardFrame - frame;
  }

  /** Takes the first `count` records, as `takeTiming` left them. */
  learn(records: Float64Array, count: number): void {
    for (let index = 0; index < count; index++) {
      const first = index * TIMING_RECORD_NUMBERS;
      const cardFrame = records[first + 2] as number;
      this.#add(records[first + 1] as number, cardFrame, records[first + 3] as number);
      const shift = cardFrame - (records[first] as number);
      if (!Number.isNaN(shift)) this.#shift = shift;
    }
    if (count > 0) this.#watch();
    if (count > 0 && this.#newest() >= this.#nextFit()) this.#fit();
  }

  #expected(t: number): number {
    return this.#offset + this.#slope * t;
  }

  #newest(): number {
    return this.#t[this.#count - 1] ?? -Infinity;
  }

  /** A new line learns from each record; one of some age changes little. */
  #nextFit(): number {
    return this.#newest() < 2 ? -Infinity : this.#fittedAt + FIT_EVERY_S;
  }

  #add(at: number, cardFrame: number, run: number): void {
    if (run !== this.#run) this.#restart(at, cardFrame, run);
    let t = (cardFrame - this.#originFrame) / this.#rateHz;
    let d = at - this.#originAt - t * 1e6;
    const late = d - this.#expected(t);
    const early = this.#count > 0 && late < -JUMP_US;
    if (t < this.#newest() || (early ? this.#isEarlyAgain(at) : this.#isLateForLong(late, at))) {
      this.#restart(at, cardFrame, run);
      t = 0;
      d = 0;
    } else if (early) return;
    if (this.#count === RECORDS_MAX) this.#forget(RECORDS_MAX / 4);
    this.#t[this.#count] = t;
    this.#d[this.#count++] = d;
  }

  /** One record that is far too early was held up between clock and card. */
  #isEarlyAgain(at: number): boolean {
    if (!(at - this.#earlySince < EARLY_WITHIN_US)) {
      this.#earlySince = at;
      this.#earlyCount = 0;
    }
    this.#earlyCount++;
    return this.#earlyCount >= EARLY_RECORDS;
  }

  #isLateForLong(late: number, at: number): boolean {
    if (this.#count === 0 || late <= JUMP_US) this.#lateSince = NaN;
    else if (Number.isNaN(this.#lateSince)) this.#lateSince = at;
    return at - this.#lateSince > LATE_US_MAX;
  }

  #restart(at: number, cardFrame: number, run: number): void {
    if (this.#newest() > KNOWN_AFTER_S) {
      this.#priorSlope = this.#slope;
      this.#priorPpm = KNOWN_PPM;
    }
    this.#originFrame = cardFrame;
    this.#originAt = at;
    this.#run = run;
    this.#count = 0;
    this.#slope = this.#priorSlope;
    this.#offset = 0;
    this.#error = Infinity;
    this.#fittedAt = -Infinity;
    this.#lateSince = NaN;
    this.#earlySince = NaN;
    this.#hinge = undefined;
    this.#bend = undefined;
    this.#watchedAt = -Infinity;
  }

  #watch(): void {
    const newest = this.#newest();
    if (newest - this.#watchedAt < (this.#hinge ? MEND_EVERY_S : WATCH_EVERY_S)) return;
    this.#watchedAt = newest;
    if (this.#hinge) this.#mend(this.#hinge);
    const since = this.#hinge ? this.#hinge.at + BENDS_APART_S : 0;
    const hinge = this.#finder.find(this.#t, this.#d, this.#count, this.#slope, since);
    if (!hinge) return;
    this.#turn(hinge, 1);
    this.#hinge = hinge;
    this.#tell(hinge, undefined);
  }

  /** Looks at the last bend again, with all records since. */
  #mend(before: Hinge): void {
    this.#turn(before, -1);
    const hinge = this.#finder.mend(this.#t, this.#d, this.#count, this.#slope, before.at);
    const least = Math.max(BEND_PPM_MIN, BEND_DEVIATIONS * (hinge?.doubt ?? 0));
    const none = !hinge || Math.abs(hinge.ppm) < least;
    const after = none ? { at: before.at, ppm: 0, doubt: 0 } : hinge;
    this.#turn(after, 1);
    this.#tell(after, this.#bend);
    const settled = this.#newest() - after.at > MENDED_FOR_S;
    this.#hinge = none || settled ? undefined : after;
    if (!this.#hinge) this.#bend = undefined;
  }

  /** What was seen before the bend, as a clock would have it that had always run as it does now. */
  #turn({ at, ppm: gained }: Hinge, sign: 1 | -1): void {
    const turn = sign * gained;
    for (let index = 0; index < this.#count; index++) {
      const t = this.#t[index] as number;
      if (t >= at) break;
      this.#d[index] = (this.#d[index] as number) + turn * (t - at);
    }
    this.#slope += turn;
    this.#offset -= turn * at;
    this.#priorSlope += turn;
    this.#fittedAt = -Infinity;
  }

  #tell(hinge: Hinge, replaces: ClockBend | undefined): void {
    const passed = hinge.at * 1e6 + this.#expected(hinge.at);
    const at = after(localInstant(this.#originAt), micros(passed));
    const bend = { at, ppm: ppm(hinge.ppm), doubt: ppm(hinge.doubt), replaces };
    this.bends.push(bend);
    this.#bend = { ...bend, replaces: undefined };
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
    this.#putThrough(this.#chooseEarliest());
    // The earliest against a better slope are better chosen.
    this.#putThrough(this.#chooseEarliest());
    this.#fittedAt = this.#newest();
  }

  /** Finds the records that are earliest, each in its slice, against the present slope. Returns how many. */
  #chooseEarliest(): number {
    const slices = Math.max(1, Math.min(SLICES_MAX, Math.floor(this.#count / SLICE_RECORDS_MIN)));
    return this.#earliest.choose(this.#t, this.#d, this.#count, this.#slope, slices);
  }

  /** Puts the line through the first `n` of the records chosen. */
  #putThrough(n: number): void {
    const { chosen, lateness } = this.#earliest;
    let [tMean, dMean] = [0, 0];
    for (let index = 0; index < n; index++) {
      tMean += (this.#t[chosen[index] as number] as number) / n;
      dMean += (this.#d[chosen[index] as number] as number) / n;
    }
    let [sxx, sxy] = [0, 0];
    for (let index = 0; index < n; index++) {
      const t = (this.#t[chosen[index] as number] as number) - tMean;
      sxx += t * t;
      sxy += t * ((this.#d[chosen[index] as number] as number) - dMean);
    }
    const weight = (EARLIEST_US / this.#priorPpm) ** 2;
    this.#slope = (sxy + weight * this.#priorSlope) / (sxx + weight);
    this.#offset = dMean - this.#slope * tMean;
    let squares = 0;
    for (let index = 0; index < n; index++) {
      const place = chosen[index] as number;
      squares += ((this.#d[place] as number) - this.#expected(this.#t[place] as number)) ** 2;
    }
    const variance = n > 2 ? squares / (n - 2) : EARLIEST_US ** 2;
    const scatter = variance * (1 / n + (this.#newest() - tMean) ** 2 / (sxx + weight));
    this.#error = Math.sqrt(scatter + lateness ** 2);
  }
}
