import { type Cell, cut, harmless, painted, widthOf } from "./cell.ts";

/** A column of a table: how it reads off its cell, and what happens where there is little room. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string | Cell;
  readonly align?: "right";
  /** Columns of the highest number go first when the table is too wide; those of 0 never. */
  readonly rank?: number;
  /** Left out altogether where no row has anything to say. */
  readonly optional?: true;
}

export interface Paper {
  /** Columns of the terminal; without one there is room for everything. */
  readonly width?: number | undefined;
  readonly colours: boolean;
}

const GAP = "  ";
/** What a missing value looks like. */
export const NOTHING = "-";

/** Rows under their headings, as wide as they need; too wide, the least important columns are left out. */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width = Number.POSITIVE_INFINITY, colours }: Paper,
): string {
  const filled = columns
    .map((column) => ({ ...column, cells: rows.map((row) => clean(column.cell(row))) }))
    .filter(({ optional, cells }) => !optional || cells.some(({ text }) => text !== NOTHING));
  const sized = filled.map((column) => ({ ...column, width: columnWidth(column) }));
  const shown = fitting(sized, width);
  const head = shown.map((column) => padded({ text: column.heading, tone: "faint" }, column));
  const body = rows.map((_, at) =>
    shown.map((column) => padded(column.cells[at] ?? { text: "" }, column)),
  );
  return [head, ...body].map((cells) => lineOf(cells, width, colours)).join("\n");
}

interface Padded {
  readonly cell: Cell;
  readonly before: number;
  readonly after: number;
}

function clean(cell: string | Cell): Cell {
  const { text, tone } = typeof cell === "string" ? { text: cell, tone: undefined } : cell;
  const shown = harmless(text);
  return { text: shown, tone: shown === NOTHING ? "faint" : tone };
}

function columnWidth({ heading, cells }: { heading: string; cells: readonly Cell[] }): number {
  return Math.max(widthOf(heading), ...cells.map(({ text }) => widthOf(text)));
}

function fitting<Each extends { width: number; rank?: number }>(
  columns: readonly Each[],
  room: number,
): readonly Each[] {
  const needed = columns.reduce((sum, { width }) => sum + width + GAP.length, -GAP.length);
  const worst = Math.max(0, ...columns.map(({ rank = 0 }) => rank));
  if (needed <= room || worst === 0) return columns;
  const last = columns.findLastIndex(({ rank = 0 }) => rank === worst);
  return fitting(columns.toSpliced(last, 1), room);
}

function padded(cell: Cell, column: { width: number; align?: "right" }): Padded {
  const space = column.width - widthOf(cell.text);
  return column.align === "right"
    ? { cell, before: space, after: 0 }
    : { cell, before: 0, after: space };
}

/** Without spaces at its end, and cut where even the columns that must stay are too wide. */
function lineOf(cells: readonly Padded[], room: number, colours: boolean): string {
  let line = "";
  let used = 0;
  let pending = 0;
  for (const { cell, before, after } of cells) {
    pending += before;
    const text = cut(cell.text, room - used - pending);
    if (text !== "") {
      line += " ".repeat(pending) + painted({ ...cell, text }, colours);
      used += pending + widthOf(text);
      pending = 0;
    }
    pending += after + GAP.length;
  }
  return line;
}
