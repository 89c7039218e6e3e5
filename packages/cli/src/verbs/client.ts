import { groupName, nameOf, type Room, roomsOf } from "../core/house-view.ts";
import {
  formatAge,
  formatMicros,
  formatMillis,
  formatPpm,
  formatSignedMicros,
} from "../core/quantity.ts";
import { volumeCell } from "../core/status-text.ts";
import { type Column, formatTable, NOTHING } from "../core/table.ts";
import { clientCalled } from "../house-names.ts";
import { paperOf } from "../paper.ts";
import { say, sayJson } from "../print.ts";
import { type ServerOption, withHouse } from "../with-house.ts";

/** `tutti client list`. */
export async function listClients(options: ServerOption): Promise<void> {
  await withHouse(options, async ({ house }) => {
    const rooms = roomsOf(house);
    if (rooms.length === 0) return say("No client has ever been here.");
    process.stdout.write(`${formatTable(COLUMNS, rooms, paperOf(process.stdout))}\n`);
  });
}

const COLUMNS: readonly Column<Room>[] = [
  { heading: "CLIENT", cell: ({ client }) => nameOf(client) },
  { heading: "ID", cell: ({ client }) => client.id },
  { heading: "GROUP", cell: ({ group }) => groupName(group), rank: 3 },
  { heading: "SEEN", cell: ({ client }) => seen(client), rank: 1 },
  { heading: "ADDRESS", cell: ({ client }) => client.host.ip || NOTHING, rank: 2 },
  { heading: "PLAYER", cell: ({ client }) => playerOf(client), rank: 4 },
];

function seen({ connected, lastSeen }: Room["client"]): string {
  return connected ? "here" : `${formatAge(Date.now() / 1_000 - lastSeen.sec)} ago`;
}

function playerOf({ snapclient }: Room["client"]): string {
  return `${snapclient.name} ${snapclient.version}`.trim() || NOTHING;
}

/** `tutti client info CLIENT`. */
export async function showClient(
  name: string,
  options: ServerOption & { readonly json?: boolean },
): Promise<void> {
  await withHouse(options, async ({ house }) => {
    const room = clientCalled(name, house);
    if (options.json) return sayJson(room.client);
    const facts = factsOf(room);
    const width = Math.max(...facts.map(([label]) => label.length));
    say(...facts.map(([label, fact]) => `${label.padEnd(width)}  ${fact}`));
  });
}

function factsOf(room: Room): (readonly [string, string])[] {
  const { client, group } = room;
  const { host, stats } = client;
  const measured: [string, number | undefined, (value: number) => string][] = [
    ["sync error", stats?.syncErrorUs, formatSignedMicros],
    ["known to", stats?.syncErrorUncertaintyUs, formatMicros],
    ["at most", stats?.syncErrorBoundUs, formatMicros],
    ["buffer", stats?.bufferedMs, formatMillis],
    ["heard after", stats?.playOutMs, formatMillis],
    ["card's delay", stats?.deviceDelayMs, formatMillis],
    ["card's rate", stats?.cardPpm, formatPpm],
    ["clock's drift", stats?.driftPpm, formatPpm],
    ["round trip", stats?.roundTripUs, formatMicros],
    ["late chunks", stats?.lateChunks, String],
    ["lost chunks", stats?.lostChunks, String],
    ["concealed chunks", stats?.concealedChunks, String],
    ["underruns", stats?.underruns, String],
    ["card's underruns", stats?.cardUnderruns, String],
    ["jumps", stats?.jumps, String],
    ["memory", stats?.rssMb, (mb) => `${Math.round(mb)} MB`],
    ["processor", stats?.cpuPercent, (percent) => `${percent.toFixed(1)} %`],
  ];
  return [
    ["name", nameOf(client)],
    ["id", client.id],
    ["coding", codingOf(stats)],
    ["seen", seen(client)],
    ["group", groupName(group)],
    ["stream", group.stream_id],
    ["volume", volumeCell(room).text],
    ["latency", formatMillis(client.config.latency)],
    ["player", playerOf(client)],
    ["host", [host.name, host.ip, host.mac].filter(Boolean).join(", ")],
    ["system", [host.os, host.arch].filter(Boolean).join(", ")],
    ...measured.flatMap(([label, value, format]) =>
      typeof value === "number" ? [[label, format(value)] as const] : [],
    ),
  ];
}

/** What it gets, why, and within which limits, as far as the server says. */
function codingOf(stats: Room["client"]["stats"]): string {
  if (stats?.coding === undefined) return NOTHING;
  const { coding, codingReason, codingMax, codingMin } = stats;
  if (codingReason === undefined) return coding;
  const limits = codingMax === codingMin ? "" : `; from ${codingMin} to ${codingMax}`;
  return `${coding} (${codingReason}${limits})`;
}

/** `tutti client forget CLIENT`. */
export async function forgetClient(name: string, options: ServerOption): Promise<void> {
  await withHouse(options, async ({ connection, house }) => {
    const { client } = clientCalled(name, house);
    await connection.call("Server.DeleteClient", { id: client.id });
    const back = client.connected ? "; it was connected, so it may come back at once, as new" : "";
    say(`${nameOf(client)} (${client.id}) is forgotten${back}`);
  });
}
