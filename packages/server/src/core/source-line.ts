import {
  after,
  type Frames,
  frames,
  type Micros,
  micros,
  type Ppm,
  ppm,
  type ServerInstant,
} from "@tutti/protocol";

/*
 * When does a source's frame exist? An observation says that all frames before frame n exist by some time.
 * It is late by scheduling, by anything up to many milliseconds, and never early. So means say nothing,
 * and the truth is a line that no observation lies below. With x the nominal seconds up to n and d(x) the
 * lateness against a source that runs at its nominal rate, the line a + b x wanted is the highest in sum:
 * the edge of the lower convex hull across the middle of the last WINDOW_S. For independent exponential
 * delays that is the most probable line.
 *
 * A short hull has a wild slope, so it is pulled towards what is known before: b0 +- PRIOR_PPM, nominal for
 * a source not met before (crystals are within 100 ppm, mostly within 30). The standard error of the hull's
 * slope is taken as (SETTLING_US + SCATTER scatter / sqrt(slots)) / span, with the mean distance of the
 * slots' earliest observations from the edge as scatter. SETTLING_US stands for what no scatter shows: a
 * process that is busy in its first seconds is late by less and less, which looks like a rate. The line
 * is then the highest of that slope with nothing below.
 */

/** Long enough for a slope within 1 ppm, short enough for a crystal that warms up. (s) */
const WINDOW_S = 60;
/** Of each so long only the earliest observation is kept. (s) */
const SLOT_S = 0.25;
const PRIOR_PPM = 30;
/** A line this old knows its rate, should the same source go on elsewhere. (s, ppm) */
const KNOWN_AFTER_S = 10;
const KNOWN_PPM = 5;
const SETTLING_US = 80;
const SCATTER = 2;
/** An edge has two of the slots on it: of fewer in all their scatter says nothing yet. */
const FIT_SLOTS_MIN = 8;
/** Farthest from nominal a source may run: crystals are within 200 ppm, timers in software within this. */
const SLOPE_MAX: Ppm = ppm(500);
/** Off by more, the source's schedule has moved: at once if early, if late when all are for so long. (us, s) */
const STEP_US = 3_000;
const LATE_S_MAX = 2;
const LATE_COUNT_MIN = 5;

/** Nominal seconds since the origin, and lateness in us. */
interface Point {
  readonly x: number;
  readonly d: number;
}

/** Frames of a source <-> the server time by which they exist, learnt from late observations. */
export class SourceLine {
  readonly #rateHz: number;
  #origin: { readonly frame: Frames; readonly at: ServerInstant } | undefined;
  #points: Point[] = [];
  /** The earliest of the slot that is not over. */
  #open: Point | undefined;
  /** us late per nominal second, which is the source's rate in ppm with the sign changed; and us. */
  #slope = 0;
  #offset = 0;
  #prior = { slope: 0, ppm: PRIOR_PPM };
  #late: { readonly since: number; readonly count: number } | undefined;

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  /** Whether anything was observed. */
  get known(): boolean {
    return this.#origin !== undefined;
  }

  /** For how long the source has kept the place where it was found last. */
  get placedFor(): Micros {
    return micros((this.#open?.x ?? 0) * 1e6);
  }

  /** How much faster than nominal the source runs; the last one known while nothing is observed. */
  get rate(): Ppm {
    return ppm(-this.#slope);
  }

  /** What follows is another source, or the same after a pause: likely at the same rate. */
  forget(): void {
    this.#prior = { slope: this.#slope, ppm: PRIOR_PPM };
    this.#clear();
  }

  /** What follows has no rate of its own. */
  reset(): void {
    this.#slope = 0;
    this.forget();
  }

  /** The clock was set by so much. */
  move(by: Micros): void {
    const origin = this.#origin;
    if (origin) this.#origin = { frame: origin.frame, at: after(origin.at, by) };
  }

  /** By `at` all frames before `frame` exist. */
  observe(frame: Frames, at: ServerInstant): void {
    this.#origin ??= { frame, at };
    let point = this.#place(frame, at);
    if (this.#stepped(point)) {
      this.#restart(frame, at);
      point = { x: 0, d: 0 };
    }
    if (this.#late) return;
    this.#offset = Math.min(this.#offset, point.d - this.#slope * point.x);
    this.#collect(point);
  }

  /** By when the frames before `frame` exist, as far as known. Only while known. */
  at(frame: Frames): ServerInstant {
    if (!this.#origin) throw new Error("a source's line was asked before anything was observed");
    const x = this.#secondsTo(frame, this.#origin.frame);
    return after(this.#origin.at, micros(x * 1e6 + this.#offset + this.#slope * x));
  }

  #clear(): void {
    this.#origin = undefined;
    this.#points = [];
    this.#open = undefined;
    this.#offset = 0;
    this.#late = undefined;
  }

  /** The same source, elsewhere. */
  #restart(frame: Frames, at: ServerInstant): void {
    const known = this.#span() > KNOWN_AFTER_S;
    if (known) this.#prior = { slope: this.#slope, ppm: KNOWN_PPM };
    this.#clear();
    this.#origin = { frame, at };
  }

  #place(frame: Frames, at: ServerInstant): Point {
    const origin = this.#origin ?? { frame, at };
    const x = this.#secondsTo(frame, origin.frame);
    return { x, d: at - origin.at - x * 1e6 };
  }

  #secondsTo(frame: Frames, from: Frames): number {
    return frames(frame - from) / this.#rateHz;
  }

  #span(): number {
    const [first] = this.#points;
    const last = this.#points.at(-1);
    return first && last ? last.x - first.x : 0;
  }

  /** Whether the source's schedule has moved. Nothing is ever early; late is one thing, all late another. */
  #stepped({ x, d }: Point): boolean {
    const late = d - this.#offset - this.#slope * x;
    if (late < STEP_US) this.#late = undefined;
    else this.#late = { since: this.#late?.since ?? x, count: (this.#late?.count ?? 0) + 1 };
    if (!this.#late) return late < -STEP_US;
    return this.#late.count >= LATE_COUNT_MIN && x - this.#late.since > LATE_S_MAX;
  }

  #collect(point: Point): void {
    const open = this.#open;
    if (open && slotOf(open) === slotOf(point)) {
      if (point.d - this.#slope * point.x < open.d - this.#slope * open.x) this.#open = point;
      return;
    }
    this.#open = point;
    if (!open) return;
    this.#points.push(open);
    const kept = this.#points.findIndex(({ x }) => x > point.x - WINDOW_S);
    if (kept > 0) this.#points.splice(0, kept);
    if (this.#points.length >= FIT_SLOTS_MIN) this.#fit();
  }

  #fit(): void {
    const edge = edgeAcrossMiddle(lowerHull(this.#points));
    const slope = (edge.to.d - edge.from.d) / (edge.to.x - edge.from.x);
    const distances = this.#points.map(({ x, d }) => d - edge.from.d - slope * (x - edge.from.x));
    const scatter = sum(distances) / distances.length;
    const error = (SETTLING_US + (SCATTER * scatter) / Math.sqrt(distances.length)) / this.#span();
    const { slope: expected, ppm: spread } = this.#prior;
    const weight = spread ** 2 / (spread ** 2 + error ** 2);
    const believed = expected + (slope - expected) * weight;
    this.#slope = Math.max(-SLOPE_MAX, Math.min(SLOPE_MAX, believed));
    this.#offset = Math.min(...this.#points.map(({ x, d }) => d - this.#slope * x));
  }
}

function slotOf({ x }: Point): number {
  return Math.floor(x / SLOT_S);
}

/** A. M. Andrew's monotone chain. Points ascend in x. */
function lowerHull(points: readonly Point[]): Point[] {
  const hull: Point[] = [];
  for (const point of points) {
    for (let last = hull.length - 1; last > 0; last--) {
      if (turnsUp(hull[last - 1] ?? point, hull[last] ?? point, point)) break;
      hull.pop();
    }
    hull.push(point);
  }
  return hull;
}

function turnsUp(a: Point, b: Point, c: Point): boolean {
  return (b.x - a.x) * (c.d - a.d) > (c.x - a.x) * (b.d - a.d);
}

/** Of a hull with at least two points. */
function edgeAcrossMiddle(hull: readonly Point[]): { from: Point; to: Point } {
  const [first] = hull;
  const last = hull.at(-1);
  if (!first || !last) throw new Error("a hull without points has no edges");
  const middle = (first.x + last.x) / 2;
  const at = Math.max(
    1,
    hull.findIndex(({ x }) => x >= middle),
  );
  return { from: hull[at - 1] ?? first, to: hull[at] ?? last };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
