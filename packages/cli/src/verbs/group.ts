import { groupName, type House, nameOf } from "../core/house-view.ts";
import { type Column, formatTable, NOTHING } from "../core/table.ts";
import { misuse } from "../failure.ts";
import { clientCalled, groupCalled, streamCalled } from "../house-names.ts";
import { paperOf } from "../paper.ts";
import { say } from "../print.ts";
import { readHouse, type ServerOption, withHouse } from "../with-house.ts";

type Group = House["groups"][number];

const COLUMNS: readonly Column<Group>[] = [
  { heading: "GROUP", cell: groupName },
  { heading: "STREAM", cell: ({ stream_id }) => stream_id },
  { heading: "VOLUME", cell: meanVolume, align: "right" },
  {
    heading: "BUFFER",
    cell: ({ tutti }) => (tutti?.bufferMs === undefined ? NOTHING : `${tutti.bufferMs} ms`),
    align: "right",
    optional: true,
  },
  { heading: "CLIENTS", cell: ({ clients }) => clients.map(nameOf).join(", "), rank: 1 },
  { heading: "ID", cell: ({ id }) => id, rank: 2 },
];

/** `tutti group list`. */
export async function listGroups(options: ServerOption): Promise<void> {
  await withHouse(options, async ({ house }) => {
    if (house.groups.length === 0)
      return say("No client has ever been here, so there is no group.");
    process.stdout.write(`${formatTable(COLUMNS, house.groups, paperOf(process.stdout))}\n`);
  });
}

function meanVolume({ clients, muted }: Group): string {
  const sum = clients.reduce((total, { config }) => total + config.volume.percent, 0);
  return `${Math.round(sum / Math.max(1, clients.length))} %${muted ? " muted" : ""}`;
}

interface SetOptions extends ServerOption {
  readonly clients?: string;
  readonly stream?: string;
}

/** `tutti group set GROUP --clients A,B --stream S`. All names are looked up before anything changes. */
export async function setGroup(name: string, options: SetOptions): Promise<void> {
  const { clients, stream } = options;
  if (clients === undefined && stream === undefined) {
    throw misuse("nothing to set: say --clients A,B or --stream S");
  }
  await withHouse(options, async ({ connection, house }) => {
    const { id } = groupCalled(name, house);
    const ids = clients === undefined ? undefined : idsOf(clients, house);
    const streamId = stream === undefined ? undefined : streamCalled(stream, house).id;
    if (ids) await connection.call("Group.SetClients", { id, clients: ids });
    if (streamId !== undefined) {
      await connection.call("Group.SetStream", { id, stream_id: streamId });
    }
    const now = (await readHouse(connection)).groups.find((each) => each.id === id);
    if (!now) return;
    const members = now.name === "" ? "" : ` (${now.clients.map(nameOf).join(", ")})`;
    say(`${groupName(now)}${members}: ${now.stream_id}`);
  });
}

function idsOf(list: string, house: House): string[] {
  const names = list.split(",").map((name) => name.trim());
  if (names.some((name) => name === "")) {
    throw misuse(`--clients '${list}': a name is empty; a group without clients does not exist`);
  }
  return [...new Set(names.map((name) => clientCalled(name, house).client.id))];
}

/** `tutti group name GROUP NEW`. */
export async function nameGroup(
  name: string,
  newName: string,
  options: ServerOption,
): Promise<void> {
  await withHouse(options, async ({ connection, house }) => {
    const group = groupCalled(name, house);
    const set = await connection.call("Group.SetName", { id: group.id, name: newName });
    say(`${groupName(group)} is called ${groupName({ ...group, name: set.name })}`);
  });
}
