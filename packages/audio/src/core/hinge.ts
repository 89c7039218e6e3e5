/*
 * The model. Points lie on a line with one hinge, y = a + b x + r max(0, x - x0), each with an error of its own
 * weight. For a given x0 the other three come from least squares; x0 is found by trying.
 */

/** From `at` on the line rises by `ppm` more: microseconds in each second. */
export interface Hinge {
  readonly at: number;
  readonly ppm: number;
  /** Standard error of `ppm`. */
  readonly doubt: number;
}

/** Points through which a hinge is put. Rows of the same length: seconds, microseconds, 1 / us^2. */
export class HingeFit {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly weight: Float64Array;
  /** Points in use. */
  count = 0;
  /** The best so far. */
  found: Hinge | undefined;
  /** What it takes off the weighted squares. */
  squares = 0;
  readonly #sums = new Float64Array(6);

  constructor(pointsMax: number) {
    this.x = new Float64Array(pointsMax);
    this.y = new Float64Array(pointsMax);
    this.weight = new Float64Array(pointsMax);
  }

  /** The points are there: nothing was tried yet. */
  begin(): void {
    this.found = undefined;
    this.squares = 0;
    const sums = this.#sums.fill(0);
    for (let k = 0; k < this.count; k++) {
      const [x, y, w] = [this.#xOf(k), this.#yOf(k), this.weight[k] as number];
      add(sums, 0, w);
      add(sums, 1, w * x);
      add(sums, 2, w * x * x);
      add(sums, 3, w * y);
      add(sums, 4, w * x * y);
      add(sums, 5, w * y * y);
    }
  }

  /** Least squares for a hinge at `at`: what it adds, less all that a plain line explains. */
  try(at: number): void {
    const [n = 0, sx = 0, sxx = 0, sy = 0, sxy = 0, syy = 0] = this.#sums;
    let [sh, shx, shh, shy] = [0, 0, 0, 0];
    for (let k = this.count - 1; k >= 0 && (this.x[k] as number) > at; k--) {
      const h = (this.x[k] as number) - at;
      const w = this.weight[k] as number;
      sh += w * h;
      shx += w * h * this.#xOf(k);
      shh += w * h * h;
      shy += w * h * this.#yOf(k);
    }
    const xx = sxx - (sx * sx) / n;
    const xy = sxy - (sx * sy) / n;
    const hx = shx - (sh * sx) / n;
    const hh = shh - (sh * sh) / n - (hx * hx) / xx;
    const hy = shy - (sh * sy) / n - (hx * xy) / xx;
    const squares = (hy * hy) / hh;
    if (!(hh > 0) || !(squares > this.squares)) return;
    const left = syy - (sy * sy) / n - (xy * xy) / xx - squares;
    const spread = Math.max(1, left / Math.max(1, this.count - 3));
    this.squares = squares;
    this.found = { at, ppm: hy / hh, doubt: Math.sqrt(spread / hh) };
  }

  /** Mean weighted square that the hinge found leaves before it, and behind it. */
  left({ at, ppm }: Hinge): readonly [before: number, behind: number] {
    const [n = 0, sx = 0, sxx = 0, sy = 0, sxy = 0] = this.#sums;
    let [sh, shx] = [0, 0];
    for (let k = this.count - 1; k >= 0 && (this.x[k] as number) > at; k--) {
      const h = (this.weight[k] as number) * ((this.x[k] as number) - at);
      sh += h;
      shx += h * this.#xOf(k);
    }
    const slope = (sxy - (sx * sy) / n - ppm * (shx - (sh * sx) / n)) / (sxx - (sx * sx) / n);
    const height = (sy - slope * sx - ppm * sh) / n;
    let [before, behind, points] = [0, 0, 0];
    for (let k = 0; k < this.count; k++) {
      const x = this.x[k] as number;
      const line = height + slope * this.#xOf(k) + ppm * Math.max(0, x - at);
      const square = (this.weight[k] as number) * (this.#yOf(k) - line) ** 2;
      if (x > at) points++;
      if (x > at) behind += square;
      else before += square;
    }
    return [before / (this.count - points), behind / points];
  }

  #xOf(k: number): number {
    return (this.x[k] as number) - (this.x[0] as number);
  }

  #yOf(k: number): number {
    return (this.y[k] as number) - (this.y[0] as number);
  }
}

function add(sums: Float64Array, index: number, value: number): void {
  sums[index] = (sums[index] as number) + value;
}
