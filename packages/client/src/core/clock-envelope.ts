/** Bounds that lie above the others by more than this, whatever the drift, are left out: far above rounding. (us) */
const ABOVE_MIN = 1e-3;

/** Bounds of one side: those from number `from` up to `to`. */
export interface SideBounds {
  /** When they were seen, how high they are, and by how much age loosens them. (us) */
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly slack: Float64Array;
  readonly from: number;
  readonly to: number;
}

/**
 * The line that all bounds of one side allow, for any drift. Most bounds lie inside the others' convex hull and are never
 * what a line rests on: they are left out once, so that asking for many drifts looks at the few that remain. Makes no objects.
 */
export class Envelope {
  /** 1: of upper bounds. -1: of lower ones, which are kept upside down. */
  readonly #sign: 1 | -1;
  /** The bounds that remain, in their order. (us) */
  #count = 0;
  readonly #seen: Float64Array;
  readonly #value: Float64Array;
  readonly #away: Float64Array;
  readonly #slack: Float64Array;
  /** The hull so far, and which bounds remain. */
  readonly #hullTime: Float64Array;
  readonly #hullHeight: Float64Array;
  readonly #hullPlace: Int32Array;
  readonly #remains: Uint8Array;

  constructor(sign: 1 | -1, boundsMax: number) {
    this.#sign = sign;
    this.#seen = new Float64Array(boundsMax);
    this.#value = new Float64Array(boundsMax);
    this.#away = new Float64Array(boundsMax);
    this.#slack = new Float64Array(boundsMax);
    this.#hullTime = new Float64Array(boundsMax);
    this.#hullHeight = new Float64Array(boundsMax);
    this.#hullPlace = new Int32Array(boundsMax);
    this.#remains = new Uint8Array(boundsMax);
  }

  /** Takes bounds, at least one; heights are told for the moment `at`. */
  take(bounds: SideBounds, at: number): void {
    const { times, values, slack, from, to } = bounds;
    const sign = this.#sign;
    this.#leaveOut(bounds);
    let count = 0;
    for (let place = from; place < to; place++) {
      if (this.#remains[place] === 0) continue;
      const seen = times[place] as number;
      this.#seen[count] = seen;
      this.#value[count] = sign * (values[place] as number);
      this.#away[count] = sign * (seen - at);
      this.#slack[count++] = slack[place] as number;
    }
    this.#count = count;
  }

  /** How high the line may lie, for lower bounds how low. (us) */
  height(drift: number): number {
    const value = this.#value;
    const away = this.#away;
    const slack = this.#slack;
    let best = Infinity;
    for (let index = 0; index < this.#count; index++) {
      const turned = (value[index] as number) - drift * (away[index] as number);
      const height = turned + (slack[index] as number);
      if (height < best) best = height;
    }
    return this.#sign * best;
  }

  /** Heights for `drift`, and for as many more as there is room, each `step` further. */
  heights(drift: number, step: number, into: Float64Array): void {
    for (let index = 0; index < into.length; index++) {
      into[index] = this.height(drift + index * step);
    }
  }

  /** When the bound was seen that the line rests on. (us) */
  touched(drift: number): number {
    let best = Infinity;
    let touched = 0;
    for (let index = 0; index < this.#count; index++) {
      const turned = (this.#value[index] as number) - drift * (this.#away[index] as number);
      const height = turned + (this.#slack[index] as number);
      if (height >= best) continue;
      best = height;
      touched = this.#seen[index] as number;
    }
    return touched;
  }

  /** Walks along the hull, as Andrew's monotone chain does. Whatever lies above the line between two others goes. */
  #leaveOut({ times, values, slack, from, to }: SideBounds): void {
    const hullTime = this.#hullTime;
    const hullHeight = this.#hullHeight;
    let last = -1;
    for (let place = from; place < to; place++) {
      const time = times[place] as number;
      const height = this.#sign * (values[place] as number) + (slack[place] as number);
      this.#remains[place] = 1;
      // An answer that was overtaken: rare, and it does no harm where it remains.
      if (last >= 0 && time < (hullTime[last] as number)) continue;
      for (; last >= 1; last--) {
        const span = time - (hullTime[last - 1] as number);
        const rise = height - (hullHeight[last - 1] as number);
        const part = (hullTime[last] as number) - (hullTime[last - 1] as number);
        const partRise = (hullHeight[last] as number) - (hullHeight[last - 1] as number);
        if (partRise * span - rise * part <= ABOVE_MIN * span) break;
        this.#remains[this.#hullPlace[last] as number] = 0;
      }
      last++;
      hullTime[last] = time;
      hullHeight[last] = height;
      this.#hullPlace[last] = place;
    }
  }
}
