/** From when chunks were sent and when they came to how many could not be heard. */

/** How long a chunk may be under way. (ms) */
export const BUFFERS_MS = [40, 60, 100, 150, 200, 300, 500, 1_000, 2_000];

/** What became of the chunks of one run. */
export interface Lateness {
  readonly chunks: number;
  /** Later than each of `BUFFERS_MS`, or never. */
  readonly missed: readonly number[];
  /** Those that never came. */
  readonly lost: number;
  /** Of those that came. */
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly worstMs: number;
}

/** Null: it never came. (us, the same clock on both ends) */
export function latenessOf(
  sentUs: readonly number[],
  cameUs: readonly (number | null)[],
): Lateness {
  const ages = sentUs.map((sent, chunk) => {
    const came = cameUs[chunk] ?? null;
    return came === null ? Infinity : (came - sent) / 1e3;
  });
  const sorted = ages.filter(Number.isFinite).toSorted((a, b) => a - b);
  const quantile = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN;
  return {
    chunks: ages.length,
    missed: BUFFERS_MS.map((ms) => ages.filter((age) => age > ms).length),
    lost: ages.length - sorted.length,
    medianMs: quantile(0.5),
    p99Ms: quantile(0.99),
    worstMs: quantile(1),
  };
}

/** Who sends is late by more only when the whole machine stood still. (us) */
const STALL_US = 20_000;
/** What was sent so long before and after that says something about the machine, and is not judged. (us) */
const BEFORE_US = 1e6;
const AFTER_US = 3e6;

/** Which chunks were sent while the machine ran as it should. Each is due so long after the one before. */
export function undisturbed(sentUs: readonly number[], everyUs: number): boolean[] {
  const [begunUs = 0] = sentUs;
  const stalls = sentUs.flatMap((sent, chunk) => {
    const dueUs = begunUs + chunk * everyUs;
    return sent - dueUs > STALL_US ? [{ fromUs: dueUs - BEFORE_US, toUs: sent + AFTER_US }] : [];
  });
  return sentUs.map((sent) => !stalls.some(({ fromUs, toUs }) => sent > fromUs && sent < toUs));
}
