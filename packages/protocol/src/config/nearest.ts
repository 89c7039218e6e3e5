/** A sentence on a wrong word: what is wrong, the candidate that was probably meant, what is allowed. */
export function corrected(
  complaint: string,
  wrong: string,
  candidates: readonly string[],
  allowed = `allowed: ${candidates.join(", ")}`,
): string {
  const meant = nearest(wrong, candidates);
  if (meant === undefined) return `${complaint}; ${allowed}`;
  return `${complaint}; did you mean "${meant}"? ${allowed.slice(0, 1).toUpperCase()}${allowed.slice(1)}`;
}

/** The candidate that was probably meant; undefined when none is close. */
export function nearest(wrong: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: edits(fold(wrong), fold(candidate)) }))
    .toSorted((a, b) => a.edits - b.edits);
  const best = ranked[0];
  const close = best && best.edits <= Math.max(1, Math.floor(best.candidate.length / 3));
  return close ? best.candidate : undefined;
}

/** Spelling habits that are no mistakes of their own: case, and the marks between words. */
function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, "");
}

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment distance). */
function edits(from: string, to: string): number {
  let above: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let line = 1; line <= from.length; line++) {
    const twoAbove = above;
    above = row;
    row = [line];
    for (let at = 1; at <= to.length; at++) {
      const replaced = cell(above, at - 1) + (to[at - 1] === from[line - 1] ? 0 : 1);
      const swapped = to[at - 1] === from[line - 2] && to[at - 2] === from[line - 1];
      row.push(
        Math.min(
          replaced,
          cell(above, at) + 1,
          cell(row, at - 1) + 1,
          swapped ? cell(twoAbove, at - 2) + 1 : replaced,
        ),
      );
    }
  }
  return cell(row, to.length);
}

/** Beyond the table nothing is reachable. */
function cell(row: readonly number[], at: number): number {
  return row[at] ?? Number.POSITIVE_INFINITY;
}
