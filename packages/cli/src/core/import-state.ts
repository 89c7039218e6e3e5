import type { SavedHouse } from "@tutti/protocol/control";

/** What became of a server.json. */
export interface ImportedState {
  readonly house: SavedHouse;
  readonly notes: readonly string[];
}

type Loose = Readonly<Record<string, unknown>>;

/** Longest name or id that our server keeps. */
const NAME_MAX = 256;

/**
 * Turns what Snapcast's server remembers into what ours does. Undefined when it is no such file: a power
 * cut leaves it empty, as it is written in place.
 */
export function importState(
  content: unknown,
  streams: readonly string[] | undefined,
): ImportedState | undefined {
  const { Groups } = object(content);
  if (!Array.isArray(Groups)) return undefined;
  const notes: string[] = [];
  const seen = new Set<string>();
  const clients: SavedHouse["clients"] = [];
  const groups: SavedHouse["groups"] = [];
  for (const each of Groups) {
    const group = object(each);
    const members = (Array.isArray(group.clients) ? group.clients : []).map(object);
    const fresh = members.filter(({ id }) => typeof id === "string" && id !== "" && !seen.has(id));
    for (const member of fresh) {
      const client = clientOf(member, notes);
      seen.add(client.id);
      clients.push(client);
    }
    if (fresh.length === 0) continue;
    const streamId = text(group.stream_id);
    if (streams && !streams.includes(streamId)) {
      const who = text(group.name) || fresh.map(({ id }) => id).join(", ");
      notes.push(
        `group ${who}: its stream "${streamId}" is not carried over; it gets the first one`,
      );
    }
    groups.push({
      clients: fresh.map(({ id }) => text(id)),
      id: text(group.id) || `group-of-${text(fresh[0]?.id)}`,
      muted: group.muted === true,
      name: text(group.name),
      streamId,
    });
  }
  return { house: { clients, groups, presets: [], revision: 0, schemaVersion: 1 }, notes };
}

function clientOf(client: Loose, notes: string[]): SavedHouse["clients"][number] {
  const config = object(client.config);
  const volume = object(config.volume);
  const host = object(client.host);
  const seen = object(client.lastSeen);
  const player = object(client.snapclient);
  const percent = number(volume.percent, 100);
  const clamped = Math.trunc(Math.min(100, Math.max(0, percent)));
  const name = text(config.name);
  if (clamped !== percent) {
    notes.push(`client ${name || text(client.id)}: volume ${percent} becomes ${clamped}`);
  }
  return {
    config: {
      instance: Math.trunc(number(config.instance, 1)),
      latency: number(config.latency, 0),
      name,
      volume: { muted: volume.muted === true, percent: clamped },
    },
    host: {
      arch: text(host.arch),
      ip: text(host.ip),
      mac: text(host.mac),
      name: text(host.name),
      os: text(host.os),
    },
    id: text(client.id),
    lastSeen: {
      sec: Math.trunc(number(seen.sec, 0)),
      usec: Math.trunc(number(seen.usec, 0)),
    },
    snapclient: {
      name: text(player.name),
      protocolVersion: Math.trunc(number(player.protocolVersion, 2)),
      version: text(player.version),
    },
  };
}

function object(value: unknown): Loose {
  return typeof value === "object" && value !== null ? (value as Loose) : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, NAME_MAX) : "";
}

function number(value: unknown, otherwise: number): number {
  return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
}
