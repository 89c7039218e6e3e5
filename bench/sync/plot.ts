/** Pair errors over time as a picture: one panel for each scenario, logarithmic, in SVG. */

export interface Line {
  readonly name: string;
  /** One value for each second; null where there is none. (us, without sign) */
  readonly values: readonly (number | null)[];
  readonly medianUs: number | null;
}

export interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

const WIDTH = 960;
const LEFT = 76;
const RIGHT = 220;
const PANEL = 190;
const TITLE = 34;
const GRAPH = 128;
const HEAD = 56;
/** From a tenth of a microsecond, near the noise floor, to ten milliseconds, where it is an echo. */
const DECADES = [-1, 0, 1, 2, 3, 4];
const DECADE_NAMES = ["0.1 µs", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms"];
const [LOWEST, HIGHEST] = [DECADES[0]!, DECADES.at(-1)!];
const LABEL_HEIGHT = 15;
const COLOURS: Readonly<Record<string, string>> = {
  tutti: "#0b7a4b",
  snapcast: "#c2410c",
  "tutti-on-snapserver": "#4f86c6",
  "snapclient-on-tutti": "#a8893a",
};
const OTHER = "#777777";

export function plotSvg(panels: readonly Panel[]): string {
  const height = HEAD + panels.length * PANEL;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
      `width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12" fill="#222">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(LEFT, 24, "How far two rooms are apart", 'font-size="17" font-weight="bold"'),
    text(LEFT, 43, "middle of each second, worst pair; seconds since the last room started"),
    ...panels.map((panel, at) => drawPanel(panel, HEAD + at * PANEL)),
    "</svg>",
    "",
  ].join("\n");
}

function drawPanel({ title, lines }: Panel, top: number): string {
  const seconds = Math.max(1, ...lines.map(({ values }) => values.length));
  const x = (second: number) => LEFT + (second / seconds) * (WIDTH - LEFT - RIGHT);
  const y = (us: number) => {
    const decade = Math.min(HIGHEST, Math.max(LOWEST, Math.log10(Math.max(us, 1e-9))));
    return top + TITLE + (GRAPH * (HIGHEST - decade)) / (HIGHEST - LOWEST);
  };
  const grid = DECADES.map((decade, at) => {
    const level = y(10 ** decade).toFixed(1);
    const line = `<path d="M${LEFT} ${level}H${WIDTH - RIGHT}" stroke="#ddd"/>`;
    return line + text(LEFT - 8, Number(level) + 4, DECADE_NAMES[at]!, 'text-anchor="end"');
  });
  const bottom = top + TITLE + GRAPH;
  const ticks = secondsShown(seconds).map((second) => {
    const line = `<path d="M${x(second).toFixed(1)} ${bottom}v4" stroke="#999"/>`;
    return line + text(x(second), bottom + 16, `${second}`, 'text-anchor="middle"');
  });
  const places = labelPlaces(lines.map(({ medianUs }) => y(medianUs ?? 10_000)));
  const drawn = lines.map((line, at) => {
    const colour = COLOURS[line.name] ?? OTHER;
    const said = line.medianUs === null ? "never together" : `${round(line.medianUs)} µs`;
    const name = `${line.name}: ${said}`;
    return (
      `<path d="${pathOf(line.values, x, y)}" fill="none" stroke="${colour}" stroke-width="1.5"/>` +
      text(WIDTH - RIGHT + 10, places[at]! + 4, name, `fill="${colour}"`)
    );
  });
  return [text(LEFT, top + 22, title, 'font-weight="bold"'), ...grid, ...ticks, ...drawn].join(
    "\n",
  );
}

function secondsShown(seconds: number): number[] {
  const step = [5, 10, 20, 30, 60, 120, 300].find((each) => seconds / each <= 8) ?? 600;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, at) => at * step);
}

/** Labels keep their order and do not cover each other. */
function labelPlaces(wanted: readonly number[]): number[] {
  const places = [...wanted];
  const order = [...wanted.keys()].sort((a, b) => wanted[a]! - wanted[b]!);
  for (const [at, index] of order.entries()) {
    const above = order[at - 1];
    if (above !== undefined)
      places[index] = Math.max(wanted[index]!, places[above]! + LABEL_HEIGHT);
  }
  return places;
}

function pathOf(
  values: readonly (number | null)[],
  x: (second: number) => number,
  y: (us: number) => number,
): string {
  return values
    .map((value, second) => {
      if (value === null) return "";
      const begins = (values[second - 1] ?? null) === null;
      return `${begins ? "M" : "L"}${x(second + 0.5).toFixed(1)} ${y(value).toFixed(1)}`;
    })
    .join("");
}

function round(us: number): string {
  return us < 10 ? us.toFixed(1) : us.toFixed(0);
}

function text(x: number, y: number, content: string, attributes = ""): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped}</text>`;
}
