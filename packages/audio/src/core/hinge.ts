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
  /** Over all points, counted from the first: weights, and those times x, x^2, y, xy, y^2. */
  #n = 0;
  #sx = 0;
  #sxx = 0;
  #sy = 0;
  #sxy = 0;
  #syy = 0;

  constructor(pointsMax: number) {
    this.x = new Float64Array(pointsMax);
    this.y = new Float64Array(pointsMax);
    this.weight = new Float64Array(pointsMax);
  }

  /** The points are there: nothing was tried yet. */
  begin(): void {
    this.found = undefined;
    this.squares = 0;
    let n = 0;
    let sx = 0;
    let sxx = 0;
    let sy = 0;
    let sxy = 0;
    let syy = 0;
    for (let k = 0; k < this.count; k++) {
      const x = this.#xOf(k);
      const y = this.#yOf(k);
      const w = this.weight[k] as number;
      n += w;
      sx += w * x;
      sxx += w * x * x;
      sy += w * y;
      sxy += w * x * y;
      syy += w * y * y;
    }
    this.#n = n;
    this.#sx = sx;
    this.#sxx = sxx;
    this.#sy = sy;
    this.#sxy = sxy;
    this.#syy = syy;
  }

  /** Least squares for a hinge at `at`: what it adds, less all that a plain line explains. */
  try(at: number): void {
    const { x, y, weight, count } = this;
    const n = this.#n;
    const sx = this.#sx;
    const sy = this.#sy;
    const xFirst = x[0] as number;
    const yFirst = y[0] as number;
    let sh = 0;
    let shx = 0;
    let shh = 0;
    let shy = 0;
    for (let k = count - 1; k >= 0; k--) {
      const seen = x[k] as number;
      if (seen <= at) break;
      const h = seen - at;
      const wh = (weight[k] as number) * h;
      sh += wh;
      shx += wh * (seen - xFirst);
      shh += wh * h;
      shy += wh * ((y[k] as number) - yFirst);
    }
    const xx = this.#sxx - (sx * sx) / n;
    const xy = this.#sxy - (sx * sy) / n;
    const hx = shx - (sh * sx) / n;
    const hh = shh - (sh * sh) / n - (hx * hx) / xx;
    const hy = shy - (sh * sy) / n - (hx * xy) / xx;
    const squares = (hy * hy) / hh;
    if (!(hh > 0) || !(squares > this.squares)) return;
    const left = this.#syy - (sy * sy) / n - (xy * xy) / xx - squares;
    const spread = Math.max(1, left / Math.max(1, count - 3));
    this.squares = squares;
    this.found = { at, ppm: hy / hh, doubt: Math.sqrt(spread / hh) };
  }

  /** Mean weighted square that the hinge found leaves before it, and behind it. */
  left({ at, ppm }: Hinge): readonly [before: number, behind: number] {
    const n = this.#n;
    const sx = this.#sx;
    const sy = this.#sy;
    let sh = 0;
    let shx = 0;
    for (let k = this.count - 1; k >= 0 && (this.x[k] as number) > at; k--) {
      const h = (this.weight[k] as number) * ((this.x[k] as number) - at);
      sh += h;
      shx += h * this.#xOf(k);
    }
    const turned = ppm * (shx - (sh * sx) / n);
    const slope = (this.#sxy - (sx * sy) / n - turned) / (this.#sxx - (sx * sx) / n);
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
