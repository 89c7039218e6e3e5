/** Whether processes grow: resident sets over time, each life for itself. */

export interface Reading {
  readonly pid: number;
  readonly atS: number;
  readonly mib: number;
}

/** A process that has just started still grows into its work. */
const YOUNG_S = 60;

/**
 * By least squares, one slope for all lives and a level for each. NaN when nobody was watched long enough.
 * (MiB in an hour)
 */
export function slopeOf(readings: readonly Reading[], fromS: number): number {
  let [product, square] = [0, 0];
  for (const pid of new Set(readings.map((each) => each.pid))) {
    const life = readings.filter((each) => each.pid === pid);
    const bornS = life[0]?.atS ?? 0;
    const grown = life.filter(({ atS }) => atS >= fromS && atS - bornS >= YOUNG_S);
    const middle = {
      atS: mean(grown.map(({ atS }) => atS)),
      mib: mean(grown.map(({ mib }) => mib)),
    };
    for (const { atS, mib } of grown) {
      product += (atS - middle.atS) * (mib - middle.mib);
      square += (atS - middle.atS) ** 2;
    }
  }
  return (3_600 * product) / square;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
