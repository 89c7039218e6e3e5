/** What a server has to remember of its house, whatever happens to it. */
import { join } from "node:path";
import type { Running } from "../../test/e2e/harness/running.ts";
import type { LinkedHost } from "../../test/link/link.ts";

/** Of each client, by its id. */
export type House = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Request {
  readonly method: string;
  readonly params?: unknown;
}

interface Status {
  readonly server: {
    readonly groups: readonly {
      readonly id: string;
      readonly name: string;
      readonly stream_id: string;
      readonly clients: readonly {
        readonly id: string;
        readonly config: {
          readonly name: string;
          readonly volume: { readonly percent: number; readonly muted: boolean };
        };
      }[];
    }[];
  };
}

const STATUS: Request = { method: "Server.GetStatus" };

/** Puts all clients into one group, and names them and it. */
export async function furnish(host: LinkedHost, controlPort: number): Promise<void> {
  const [{ server }] = (await ask(host, controlPort, [STATUS])) as [Status];
  const [group] = server.groups;
  if (!group) throw new Error("the server knows no group");
  const clients = server.groups.flatMap((each) => each.clients.map(({ id }) => id)).toSorted();
  await ask(host, controlPort, [
    { method: "Group.SetClients", params: { id: group.id, clients } },
    ...clients.map((id) => ({ method: "Client.SetName", params: { id, name: `name of ${id}` } })),
  ]);
}

interface Server {
  readonly server: Running;
  readonly ports: { readonly controlPort: number };
}

/** Changes names and volumes and kills the server at the moment of the last answer. Resolves to what it then has to know. */
export async function changeAndKill(
  host: LinkedHost,
  { server, ports: { controlPort } }: Server,
  turn: number,
): Promise<House> {
  const [{ server: before }] = (await ask(host, controlPort, [STATUS])) as [Status];
  const [group] = before.groups;
  const ids = before.groups.flatMap(({ clients }) => clients.map(({ id }) => id)).toSorted();
  const percent = 90 - 10 * turn;
  const changes: Request[] = [
    { method: "Group.SetName", params: { id: group!.id, name: `the house, ${turn + 1}` } },
    ...ids.map((id) => ({
      method: "Client.SetVolume",
      params: { id, volume: { percent, muted: false } },
    })),
  ];
  const last = changes.pop()!;
  const answers = await ask(host, controlPort, [...changes, STATUS, last], server.pid);
  const house = houseOf(answers.at(-2) as Status);
  const lastId = ids.at(-1)!;
  return { ...house, [lastId]: { ...house[lastId], volume: percent } };
}

export async function readHouse(host: LinkedHost, controlPort: number): Promise<House> {
  const [status] = (await ask(host, controlPort, [STATUS])) as [Status];
  return houseOf(status);
}

/** The fields of which the one has another value than the other, once for each client. */
export function differences(wanted: House, present: House): string[] {
  return Object.entries(wanted).flatMap(([id, fields]) =>
    Object.entries(fields)
      .filter(([field, value]) => present[id]?.[field] !== value)
      .map(([field]) => field),
  );
}

function houseOf({ server }: Status): House {
  const clients = server.groups.flatMap((group) =>
    group.clients.map(({ id, config }) => {
      const { id: groupId, name: groupName, stream_id: stream } = group;
      const { percent: volume, muted } = config.volume;
      return [id, { name: config.name, volume, muted, groupId, groupName, stream }] as const;
    }),
  );
  return Object.fromEntries(clients);
}

async function ask(
  host: LinkedHost,
  controlPort: number,
  requests: readonly Request[],
  pidToKill?: number,
): Promise<unknown[]> {
  const script = join(import.meta.dirname, "ask-control.js");
  const kill = pidToKill === undefined ? [] : [`${pidToKill}`];
  const words = [process.execPath, script, `${controlPort}`, JSON.stringify(requests), ...kill];
  const program = host.run(words);
  await program.line(/./, requests.length - 1);
  await program.ended;
  return program.lines.map(({ text }) => JSON.parse(text));
}
