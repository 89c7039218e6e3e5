/** A volume that was asked for: that one, or so much more or less. */
export type VolumeChange =
  | { readonly kind: "to"; readonly percent: number }
  | { readonly kind: "by"; readonly percent: number };

/**
 * What each member of a group gets. A group's volume is the mean of its members'; a change is added
 * to each alike, so that they keep their distances; what one cannot take because it is at its end,
 * the others share.
 */
export function changeTogether(volumes: readonly number[], change: VolumeChange): number[] {
  const mean = meanVolume(volumes);
  const target = change.kind === "to" ? change.percent : mean + change.percent;
  const wanted = Math.min(100, Math.max(0, target)) * volumes.length;
  let levels = [...volumes];
  // Each round brings at least one member to its end, so there are no more rounds than members.
  for (let round = 0; round <= volumes.length; round++) {
    const missing = wanted - levels.reduce((sum, each) => sum + each, 0);
    const free = levels.filter((each) => (missing > 0 ? each < 100 : each > 0)).length;
    if (Math.abs(missing) < 1e-6 || free === 0) break;
    const share = missing / free;
    levels = levels.map((each) => Math.min(100, Math.max(0, each + share)));
  }
  return rounded(levels);
}

/** A group's volume, with its fraction. Of nobody it is 0. */
export function meanVolume(volumes: readonly number[]): number {
  return volumes.reduce((sum, each) => sum + each, 0) / Math.max(1, volumes.length);
}

/** Whole numbers with the same sum: what one loses by rounding, the next gets. */
function rounded(levels: readonly number[]): number[] {
  let owed = 0;
  return levels.map((level) => {
    const whole = Math.min(100, Math.max(0, Math.round(level + owed)));
    owed += level - whole;
    return whole;
  });
}
