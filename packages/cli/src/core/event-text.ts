import type { Client, House } from "./house-view.ts";
import { groupName, nameOf, roomsOf } from "./house-view.ts";
import { formatMillis } from "./quantity.ts";

/** What the server says unasked. */
export interface Happening {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

type Words = (params: never, names: Names) => string;

/** Names of what notifications tell by id only. */
interface Names {
  readonly client: (id: string) => string;
  readonly group: (id: string) => string;
}

interface WithId {
  readonly id: string;
}

interface QualityNotice {
  readonly what: string;
  readonly reason: string;
  readonly count?: number;
  readonly from?: string;
  readonly to?: string;
}

/** Each notification as a sentence without a full stop. */
const SENTENCES: Readonly<Record<string, Words>> = {
  "Client.OnConnect": ({ client }: { client: Client }) => `${nameOf(client)}  connected`,
  "Client.OnDisconnect": ({ client }: { client: Client }) => `${nameOf(client)}  gone`,
  "Client.OnVolumeChanged": (
    { id, volume }: WithId & { volume: Client["config"]["volume"] },
    { client },
  ) => `${client(id)}  volume ${volume.percent} %${volume.muted ? ", muted" : ""}`,
  "Client.OnLatencyChanged": ({ id, latency }: WithId & { latency: number }, { client }) =>
    `${client(id)}  latency ${formatMillis(latency)}`,
  "Client.OnQuality": (
    { id, what, reason, count, from, to }: WithId & QualityNotice,
    { client },
  ) => {
    const often = count === undefined || count < 2 ? "" : ` (${count})`;
    const turned = from === undefined ? "" : ` from ${from} to ${to}`;
    return `${client(id)}  ${what}${often}${turned}: ${reason}`;
  },
  "Client.OnNameChanged": ({ id, name }: WithId & { name: string }, { client }) =>
    `${client(id)}  is called ${name || "as its host"}`,
  "Group.OnMute": ({ id, mute }: WithId & { mute: boolean }, { group }) =>
    `${group(id)}  ${mute ? "muted" : "no longer muted"}`,
  "Group.OnNameChanged": ({ id, name }: WithId & { name: string }, { group }) =>
    `${group(id)}  is called ${name || "as its clients"}`,
  "Group.OnStreamChanged": ({ id, stream_id }: WithId & { stream_id: string }, { group }) =>
    `${group(id)}  plays ${stream_id}`,
  "Server.OnUpdate": ({ server }: { server: House }) =>
    `house  ${server.groups.map((each) => `[${groupName(each)}]`).join(" ") || "empty"}`,
  "Stream.OnProperties": ({ id }: WithId) => `${id}  its player's properties changed`,
  "Stream.OnQuality": ({
    id,
    what,
    reason,
    lostMs,
  }: WithId & QualityNotice & { lostMs?: number }) => {
    const missing = lostMs === undefined ? "" : ` (${formatMillis(lostMs)})`;
    return `${id}  ${what}${missing}: ${reason}`;
  },
  "Stream.OnUpdate": ({ id, stream }: WithId & { stream: { status: string } }) =>
    `${id}  ${stream.status}`,
};

/** What happened in words; the house gives ids their names. */
export function describeEvent({ method, params }: Happening, house: House): string {
  const sentence = Object.hasOwn(SENTENCES, method) ? SENTENCES[method] : undefined;
  const room = (id: string) => roomsOf(house).find(({ client }) => client.id === id);
  const group = (id: string) => house.groups.find((each) => each.id === id);
  const names: Names = {
    client: (id) => named(room(id)?.client, nameOf, id),
    group: (id) => named(group(id), groupName, id),
  };
  // A newer server may tell more than this command knows.
  if (!sentence) return `${method}  ${JSON.stringify(params)}`;
  return sentence(params as never, names);
}

function named<T>(thing: T | undefined, name: (thing: T) => string, id: string): string {
  return thing === undefined ? id : name(thing);
}

/** The house with what the event says of it, so that the next one finds the names. */
export function afterEvent(house: House, { method, params }: Happening): House {
  if (method === "Server.OnUpdate") return params.server as House;
  if (method === "Client.OnNameChanged" || method === "Client.OnConnect") {
    const given = params as unknown as WithId & { name?: string; client?: Client };
    return withClient(house, given.id, (client) => ({
      ...client,
      config: { ...client.config, name: given.name ?? given.client?.config.name ?? "" },
    }));
  }
  if (method !== "Group.OnNameChanged") return house;
  const { id, name } = params as unknown as WithId & { name: string };
  const groups = house.groups.map((each) => (each.id === id ? { ...each, name } : each));
  return { ...house, groups };
}

function withClient(house: House, id: string, change: (client: Client) => Client): House {
  const groups = house.groups.map((group) => ({
    ...group,
    clients: group.clients.map((client) => (client.id === id ? change(client) : client)),
  }));
  return { ...house, groups };
}
