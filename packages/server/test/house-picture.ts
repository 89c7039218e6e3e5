import type { Json } from "./controller-ways.ts";

/** What of a house people set: not when clients were heard, nor whether a busy machine lost sight of them. */
export function settled(groups: Json): Json {
  return groups.map((group: Json) => ({
    ...group,
    clients: group.clients.map(
      ({ lastSeen: _, stats: __, connected: ___, ...client }: Json) => client,
    ),
  }));
}

/** The house as one controller sees it, from its own answers and from what it is told. */
export class HousePicture {
  groups: Json[] = [];

  /** A notification. */
  told({ method, params }: Json): void {
    const { id } = params;
    switch (method) {
      case "Server.OnUpdate":
        this.groups = params.server.groups;
        break;
      case "Client.OnConnect":
      case "Client.OnDisconnect":
        this.#client(id, () => params.client);
        break;
      case "Client.OnVolumeChanged":
        this.set("Client.SetVolume", { id }, params);
        break;
      case "Client.OnLatencyChanged":
        this.set("Client.SetLatency", { id }, params);
        break;
      case "Client.OnNameChanged":
        this.set("Client.SetName", { id }, params);
        break;
      case "Group.OnMute":
        this.set("Group.SetMute", { id }, params);
        break;
      case "Group.OnNameChanged":
        this.set("Group.SetName", { id }, params);
        break;
      case "Group.OnStreamChanged":
        this.set("Group.SetStream", { id }, params);
        break;
    }
  }

  /** What a call of one's own led to. */
  set(method: string, { id }: Json, result: Json): void {
    if (result.server) this.groups = result.server.groups;
    const { volume, latency, name, mute, stream_id } = result;
    switch (method) {
      case "Client.SetVolume":
        this.#configure(id, { volume });
        break;
      case "Client.SetLatency":
        this.#configure(id, { latency });
        break;
      case "Client.SetName":
        this.#configure(id, { name });
        break;
      case "Group.SetVolume":
        for (const each of result.clients) this.#configure(each.id, { volume: each.volume });
        break;
      case "Group.SetMute":
        this.#group(id, { muted: mute });
        break;
      case "Group.SetName":
        this.#group(id, { name });
        break;
      case "Group.SetStream":
        this.#group(id, { stream_id });
        break;
    }
  }

  client(id: string): Json {
    return this.groups.flatMap(({ clients }) => clients).find((client) => client.id === id);
  }

  groupOf(clientId: string): Json {
    return this.groups.find(({ clients }) => clients.some(({ id }: Json) => id === clientId));
  }

  #configure(clientId: string, set: object): void {
    this.#client(clientId, (client) => ({ ...client, config: { ...client.config, ...set } }));
  }

  #client(clientId: string, change: (client: Json) => Json): void {
    this.groups = this.groups.map((group) => ({
      ...group,
      clients: group.clients.map((client: Json) =>
        client.id === clientId ? change(client) : client,
      ),
    }));
  }

  #group(id: string, set: object): void {
    this.groups = this.groups.map((group) => (group.id === id ? { ...group, ...set } : group));
  }
}
