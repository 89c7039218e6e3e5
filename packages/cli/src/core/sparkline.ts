const BARS = "▁▂▃▄▅▆▇█";

/** Values as bars from 0 to `top`, the newest at the right end; what is missing leaves a gap. */
export function sparkline(values: readonly (number | undefined)[], top: number): string {
  return values.map((value) => barOf(value, top)).join("");
}

function barOf(value: number | undefined, top: number): string {
  if (value === undefined || !Number.isFinite(value)) return " ";
  const step = Math.floor((Math.min(Math.max(value, 0), top) / top) * BARS.length);
  return BARS[Math.min(step, BARS.length - 1)] ?? "";
}
