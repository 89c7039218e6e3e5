/** Numbers with units, as short as they still tell something. */

/** A time: "12 µs", "1.23 ms", "980 ms", "1.2 s". */
export function formatMicros(us: number): string {
  const size = Math.abs(us);
  if (size < 999.5) return `${Math.round(us)} µs`;
  if (size < 9_995) return `${(us / 1_000).toFixed(2)} ms`;
  if (size < 99_950) return `${(us / 1_000).toFixed(1)} ms`;
  if (size < 999_500) return `${Math.round(us / 1_000)} ms`;
  return `${(us / 1_000_000).toFixed(1)} s`;
}

/** The same with its sign: a room is early or late. */
export function formatSignedMicros(us: number): string {
  const text = formatMicros(us);
  return text.startsWith("-") || text.startsWith("0 ") ? text : `+${text}`;
}

/** Milliseconds in tenths, without a tenth that is none: "12.5 ms", "12 ms". */
export function formatMillis(ms: number): string {
  return `${Math.round(ms * 10) / 10} ms`;
}

/** The rate of a crystal: "+12.3 ppm". */
export function formatPpm(ppm: number): string {
  const text = ppm.toFixed(1);
  return `${ppm > 0 && text !== "0.0" ? "+" : ""}${text} ppm`;
}

/** How long ago, in the largest unit that fits: "5 s", "3 min", "2 h", "4 d". */
export function formatAge(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)} h`;
  return `${Math.floor(whole / 86_400)} d`;
}

/** Reads "2000" and "2000 ms"; undefined when it is none. */
export function parseWholeMillis(text: string): number | undefined {
  const [, digits] = /^(\d{1,6})\s?(?:ms)?$/.exec(text.trim()) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

const SECONDS_IN = { s: 1, m: 60, h: 3_600 } as const;

/** Reads "90s", "45m", "1h"; a number alone is minutes, as on any sleep timer. In seconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit = "m"] = /^(\d{1,5})\s?([smh])?$/.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  return Number(digits) * SECONDS_IN[unit as keyof typeof SECONDS_IN];
}
