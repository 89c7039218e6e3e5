import { expect } from "vitest";
import type {
  ClientStatus,
  GroupStatus,
  HouseStatus,
  StatusAnswer,
  StreamStatus,
} from "../harness/house-status.ts";
import type { Document, Remote } from "../harness/remote.ts";

/** All members that notifications have, each of them in some. */
interface Params extends StatusAnswer {
  readonly id: string;
  readonly volume: { muted: boolean; percent: number };
  readonly latency: number;
  readonly name: string;
  readonly mute: boolean;
  readonly stream_id: string;
  readonly stream: StreamStatus;
  readonly properties: Record<string, unknown>;
}

/**
 * The house as python-snapcast keeps it: read once, then changed by what it is told. An id that it does not know makes
 * it throw while it reads, which ends its connection; here that fails the test.
 */
export class PythonMirror {
  readonly remote: Remote;
  groups = new Map<string, GroupStatus>();
  clients = new Map<string, ClientStatus>();
  streams = new Map<string, StreamStatus>();
  version = "";
  /** Each call of "somebody has to look again". */
  updates = 0;
  #read = 0;

  constructor(remote: Remote) {
    this.remote = remote;
  }

  /** Connected: the whole is asked for, with empty parameters as in each of its calls. */
  async start(): Promise<void> {
    await this.askForAll("Server.GetStatus", {});
  }

  /** A call that is answered with the whole house. */
  async askForAll(method: string, params: object): Promise<void> {
    const answer = await this.remote.ask<StatusAnswer>(method, params);
    // What came before it is older.
    this.readNews();
    this.synchronize(answer);
  }

  synchronize({ server }: StatusAnswer): void {
    this.version = server.server.snapserver.version as string;
    this.streams = new Map(server.streams.map((stream) => [stream.id, stream]));
    this.groups = new Map(server.groups.map((group) => [group.id, group]));
    const clients = server.groups.flatMap(({ clients }) => clients);
    this.clients = new Map(clients.map((client) => [client.id, client]));
  }

  /** Takes in what came since it was called last. Answers are the callers'. */
  readNews(): void {
    const { all } = this.remote.received;
    for (; this.#read < all.length; this.#read++) {
      for (const document of [all[this.#read]!].flat()) this.#hear(document);
    }
  }

  group(id: string): GroupStatus {
    return known(this.groups, id);
  }

  client(id: string): ClientStatus {
    return known(this.clients, id);
  }

  groupOf(client: string): GroupStatus {
    const group = [...this.groups.values()].find(({ clients }) =>
      clients.some(({ id }) => id === client),
    );
    if (!group) throw new Error(`${client} is in no group`);
    return group;
  }

  /** The mean, cut to a whole number; it divides by the number of clients without a look. */
  groupVolume(id: string): number {
    const { clients } = this.group(id);
    expect(clients.length).toBeGreaterThan(0);
    const sum = clients.reduce((sum, each) => sum + this.client(each.id).config.volume.percent, 0);
    return Math.trunc(sum / clients.length);
  }

  /** By what name people choose a stream. */
  streamNames(): string[] {
    return [...this.streams.values()].map(({ id, uri }) => uri.query.name || id);
  }

  /** It sends the whole volume as it knows it, with what it changes. */
  async setVolume(id: string, change: Partial<ClientStatus["config"]["volume"]>): Promise<void> {
    const { volume } = this.client(id).config;
    Object.assign(volume, change);
    const params = { id, volume: { muted: volume.muted, percent: volume.percent } };
    expect(await this.remote.ask("Client.SetVolume", params)).toMatchObject({
      volume: params.volume,
    });
  }

  /** All clients move by the same share of what is left in that direction. */
  async setGroupVolume(id: string, wanted: number): Promise<void> {
    const now = this.groupVolume(id);
    for (const { id: client } of this.group(id).clients) {
      const { percent } = this.client(client).config.volume;
      const moved =
        wanted < now
          ? percent - ((now - wanted) / now) * percent
          : percent + ((wanted - now) / (100 - now)) * (100 - percent);
      await this.setVolume(client, { percent: Math.round(moved) });
    }
  }

  async setStream(group: string, stream_id: string): Promise<void> {
    this.group(group).stream_id = stream_id;
    const params = { id: group, stream_id };
    expect(await this.remote.ask("Group.SetStream", params)).toMatchObject({ stream_id });
  }

  /** It does not read the answer, and asks for the whole instead. */
  async setClients(group: string, clients: readonly string[]): Promise<void> {
    await this.remote.ask("Group.SetClients", { id: group, clients });
    await this.start();
  }

  #hear({ id, method, params }: Document): void {
    if (id !== undefined || method === undefined) return;
    HANDLERS[method]?.(this, params as unknown as Params);
  }
}

const HANDLERS: Record<string, (house: PythonMirror, params: Params) => void> = {
  "Client.OnConnect": (house, { id }) => {
    house.client(id).connected = true;
  },
  "Client.OnDisconnect": (house, { id }) => {
    house.client(id).connected = false;
  },
  "Client.OnVolumeChanged": (house, { id, volume }) => {
    house.client(id).config.volume = volume;
    // It looks for the client's group, and bears none that is missing.
    house.groupOf(id);
  },
  "Client.OnLatencyChanged": (house, { id, latency }) => {
    house.client(id).config.latency = latency;
  },
  "Client.OnNameChanged": (house, { id, name }) => {
    house.client(id).config.name = name;
  },
  "Group.OnMute": (house, { id, mute }) => {
    house.group(id).muted = mute;
  },
  "Group.OnNameChanged": (house, { id, name }) => {
    house.group(id).name = name;
  },
  "Group.OnStreamChanged": (house, { id, stream_id }) => {
    known(house.streams, stream_id);
    house.group(id).stream_id = stream_id;
  },
  "Stream.OnUpdate": (house, { id, stream }) => {
    known(house.streams, id);
    house.streams.set(id, stream);
  },
  "Stream.OnProperties": (house, { id, properties }) => {
    known(house.streams, id).properties = properties;
  },
  "Server.OnUpdate": (house, params) => {
    house.synchronize(params);
    house.updates++;
  },
};

function known<Thing>(things: ReadonlyMap<string, Thing>, id: string): Thing {
  const thing = things.get(id);
  if (thing === undefined) throw new Error(`told of ${id}, which nobody has named before`);
  return thing;
}

/** What of a house it shows, without what changes by itself. */
export function shown({ groups, streams }: Pick<HouseStatus, "groups" | "streams">): object {
  return {
    groups: groups.map(({ id, name, muted, stream_id, clients }) => ({
      ...{ id, name, muted, stream_id },
      clients: clients.map(({ id, connected, config }) => {
        const { latency, name, volume } = config;
        return { id, connected, latency, name, muted: volume.muted, percent: volume.percent };
      }),
    })),
    streams: streams.map(({ id, status, uri }) => ({ id, status, name: uri.query.name })),
  };
}
