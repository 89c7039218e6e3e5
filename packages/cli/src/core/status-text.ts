import { type Cell, harmless, painted } from "./cell.ts";
import type { History, Recent } from "./history.ts";
import { type House, nameOf, type Room, roomsOf } from "./house-view.ts";
import { formatMicros, formatMillis, formatPpm, formatSignedMicros } from "./quantity.ts";
import { sparkline } from "./sparkline.ts";
import { type Column, formatTable, NOTHING, type Paper } from "./table.ts";

/** Below, no ear hears two speakers apart; above, an echo begins. (us) */
const ERROR_GOOD_US = 1_000;
const ERROR_WARN_US = 5_000;
/** Statistics older than this describe the past. (ms) */
const STALE_MS = 10_000;
/** Bars of smaller errors stay low: they would show nothing but noise. (us) */
const SPARK_TOP_US_MIN = 100;

/** The house as text: who serves, what can be heard, who plays it. */
export function describeHouse(house: House, paper: Paper, history?: History): string {
  const rooms = roomsOf(house);
  const columns = history ? [...CLIENT_COLUMNS, ...sparkColumns(history)] : CLIENT_COLUMNS;
  return [
    titleOf(house, paper),
    formatTable(STREAM_COLUMNS, house.streams, paper),
    rooms.length === 0 ? "No client has ever been here." : formatTable(columns, rooms, paper),
    ...hintsIn(house, rooms),
  ].join("\n\n");
}

/** What server and clients say of their machines, below the table. */
function hintsIn({ server }: House, rooms: readonly Room[]): string[] {
  const lines = rooms.flatMap(({ client }) =>
    ((client.connected && client.stats?.hints) || []).map((hint) => `${nameOf(client)}: ${hint}`),
  );
  lines.unshift(...(server?.tutti?.hints ?? []).map((hint) => `server: ${hint}`));
  return lines.length === 0 ? [] : [lines.map(harmless).join("\n")];
}

function titleOf({ server }: House, { colours }: Paper): string {
  const host = harmless(server?.host?.name ?? "");
  const name = harmless(server?.tutti?.name || host);
  const product = server?.tutti
    ? `Tutti ${server.tutti.version}`
    : `${server?.snapserver?.name ?? "server"} ${server?.snapserver?.version ?? ""}`.trim();
  const place = host === name ? "" : ` on ${host}`;
  return `${painted({ text: name, tone: "strong" }, colours)} (${harmless(product)}${place})`;
}

const STREAM_COLUMNS: readonly Column<House["streams"][number]>[] = [
  { heading: "STREAM", cell: ({ id }) => id },
  { heading: "STATE", cell: streamState },
  { heading: "CODEC", cell: ({ uri }) => uri.query.codec ?? NOTHING, rank: 2 },
  { heading: "FORMAT", cell: ({ uri }) => uri.query.sampleformat ?? NOTHING, rank: 3 },
  { heading: "SOURCE", cell: ({ uri }) => `${uri.scheme}://${uri.host}${uri.path}`, rank: 4 },
];

/** While a source is silent its fallback is what one hears. */
export function streamState({ status, uri }: House["streams"][number]): Cell {
  const { fallback } = uri.query;
  if (status === "idle" && fallback) return { text: fallback, tone: "good" };
  return { text: status, tone: status === "playing" ? "good" : undefined };
}

const CLIENT_COLUMNS: readonly Column<Room>[] = [
  { heading: "CLIENT", cell: ({ client }) => nameOf(client) },
  { heading: "GROUP", cell: ({ group }) => group.name || NOTHING, rank: 3, optional: true },
  { heading: "STREAM", cell: ({ group }) => group.stream_id || NOTHING, rank: 2 },
  { heading: "VOLUME", cell: volumeCell, align: "right" },
  { heading: "STATE", cell: stateCell, rank: 1 },
  { heading: "SYNC ERROR", cell: errorCell, align: "right", rank: 1 },
  { heading: "CODING", cell: codingCell, rank: 3, optional: true },
  { heading: "BUFFER", cell: number("bufferedMs", formatWholeMillis), align: "right", rank: 4 },
  {
    heading: "GROUP HOLDS",
    cell: ({ group }) => (group.tutti?.bufferMs ? formatMillis(group.tutti.bufferMs) : NOTHING),
    align: "right",
    rank: 5,
    optional: true,
  },
  {
    heading: "ROUND TRIP",
    cell: number("roundTripUs", formatMicros),
    align: "right",
    rank: 6,
    optional: true,
  },
  {
    heading: "DRIFT",
    cell: number("driftPpm", formatPpm),
    align: "right",
    rank: 9,
    optional: true,
  },
  { heading: "CARD", cell: number("cardPpm", formatPpm), align: "right", rank: 9, optional: true },
  {
    heading: "UNDERRUNS",
    cell: countCell("underruns", "cardUnderruns"),
    align: "right",
    rank: 7,
    optional: true,
  },
  {
    heading: "LATE/LOST",
    cell: countCell("lateChunks", "lostChunks"),
    align: "right",
    rank: 8,
    optional: true,
  },
  { heading: "JUMPS", cell: countCell("jumps"), align: "right", rank: 8, optional: true },
  {
    heading: "LATENCY",
    cell: ({ client }) => formatMillis(client.config.latency),
    align: "right",
    rank: 5,
  },
  { heading: "ADDRESS", cell: ({ client }) => client.host.ip || NOTHING, rank: 5 },
];

function sparkColumns(history: History): Column<Room>[] {
  const errors = [...history.values()].flatMap(({ syncErrorUs }) => syncErrorUs);
  const errorTop = Math.max(SPARK_TOP_US_MIN, ...errors.map((error) => error ?? 0));
  const course = (key: keyof Recent, top?: number) => {
    return ({ client }: Room): Cell => {
      const values = history.get(client.id)?.[key] ?? [];
      if (values.every((value) => value === undefined)) return { text: NOTHING };
      const highest = Math.max(1, ...values.map((value) => value ?? 0));
      return { text: sparkline(values, top ?? highest) };
    };
  };
  const heading = `ERROR UP TO ${formatMicros(errorTop)}`;
  return [
    { heading, cell: course("syncErrorUs", errorTop), rank: 2, optional: true },
    { heading: "BUFFER LATELY", cell: course("bufferedMs"), rank: 3, optional: true },
  ];
}

/** Of a buffer, tenths are noise. */
function formatWholeMillis(ms: number): string {
  return `${Math.round(ms)} ms`;
}

/** A figure a client says of itself, or that it does not. */
function number(
  key: "bufferedMs" | "roundTripUs" | "driftPpm" | "cardPpm",
  format: (value: number) => string,
): (room: Room) => string {
  return ({ client }) => {
    const value = client.connected ? client.stats?.[key] : undefined;
    return value === undefined ? NOTHING : format(value);
  };
}

/** Counts of what should not happen, together. */
function countCell(
  ...keys: ("underruns" | "cardUnderruns" | "lateChunks" | "lostChunks" | "jumps")[]
): (room: Room) => string | Cell {
  return ({ client }) => {
    const { stats } = client;
    if (!client.connected || !stats) return NOTHING;
    const count = keys.reduce((sum, key) => sum + (stats[key] ?? 0), 0);
    return { text: `${count}`, tone: count > 0 ? "warn" : undefined };
  };
}

export function volumeCell({ client, group }: Room): Cell {
  const { percent, muted } = client.config.volume;
  if (muted) return { text: `${percent} % muted`, tone: "warn" };
  if (group.muted) return { text: `${percent} % group muted`, tone: "warn" };
  return { text: `${percent} %` };
}

function stateCell({ client }: Room): Cell {
  if (!client.connected) return { text: "away", tone: "faint" };
  const { stats } = client;
  if (!stats) return { text: "connected" };
  if ((stats.ageMs ?? 0) > STALE_MS) return { text: "silent for a while", tone: "warn" };
  if (stats.playing === false) return { text: "idle" };
  if (stats.synchronised === false) return { text: "synchronising", tone: "warn" };
  return { text: "in sync", tone: "good" };
}

/** Only clients of Tutti's own kind are given other codings than their stream's. */
function codingCell({ client }: Room): string | Cell {
  const stats = client.connected ? client.stats : undefined;
  if (stats?.coding === undefined) return NOTHING;
  const { coding, codingMax } = stats;
  if (codingMax === undefined || codingMax === coding) return coding;
  return { text: `${coding} of ${codingMax}`, tone: "warn" };
}

function errorCell({ client }: Room): string | Cell {
  const stats = client.connected ? client.stats : undefined;
  if (typeof stats?.syncErrorUs !== "number") return NOTHING;
  const size = Math.abs(stats.syncErrorUs);
  const tone = size <= ERROR_GOOD_US ? "good" : size <= ERROR_WARN_US ? "warn" : "bad";
  // Clients of before know only what holds whatever the ways are.
  const known = stats.syncErrorUncertaintyUs ?? stats.syncErrorBoundUs;
  const doubt = typeof known === "number" ? ` ±${formatMicros(known)}` : "";
  return { text: formatSignedMicros(stats.syncErrorUs) + doubt, tone };
}
