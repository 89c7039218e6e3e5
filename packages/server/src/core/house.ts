import { assert, type ClientInfo, clientIdOf, type Hello } from "@tutti/protocol";
import type {
  Client,
  Group,
  NotificationName,
  SavedHouse,
  Volume,
  WallTime,
} from "@tutti/protocol/control";
import { CHANGED, type HouseChange, notify, updated } from "./house-change.ts";
import { forgettable, LATENCY_MS_MIN, metClient, shortened } from "./house-clients.ts";
import { type GroupRecord, repaired, soloGroup, withMembers, without } from "./house-groups.ts";

export type { HouseChange, SavedHouse, WallTime };

export interface HouseOptions {
  readonly saved?: SavedHouse | undefined;
  /** The stream of newcomers, and of groups whose own stream is gone. */
  readonly defaultStream: string;
  readonly streamIds: readonly string[];
  /** Upper end of a client's latency. (ms) */
  readonly bufferMs: number;
  /** Of clients never seen before. (percent) */
  readonly initialVolume: number;
  /** UUID shaped. */
  readonly randomId: () => string;
  readonly clientsMax: number;
  readonly groupsMax: number;
}

export interface ClientSettings {
  readonly volumePercent: number;
  /** Its own mute or its group's. */
  readonly muted: boolean;
  /** Milliseconds with one decimal. */
  readonly latencyMs: number;
}

/** Who is in the house: clients in groups, groups on streams, and what people set on them. */
export class House {
  readonly #options: HouseOptions;
  readonly #clients: Map<string, Client>;
  #groups: readonly GroupRecord[] = [];
  /** Each client's group: asked for every chunk that goes out. */
  #homes: ReadonlyMap<string, GroupRecord> = new Map();

  #revision: number;

  /** A saved house that contradicts itself is put right: each client ends up in exactly one group. */
  constructor(options: HouseOptions) {
    this.#options = options;
    this.#revision = options.saved ? firstRevisionAfter(options.saved.revision) : 0;
    const clients = options.saved?.clients ?? [];
    this.#clients = new Map(clients.map((client) => [client.id, { ...client, connected: false }]));
    const groups = options.saved?.groups ?? [];
    const stray = (client: string) => this.#solo(client);
    this.#regroup(repaired(groups, [...this.#clients.keys()], stray));
  }

  /**
   * A client said Hello. An unknown one gets a group of its own on the default stream. Throws
   * ProtocolError when its id is unusable or the house is full. It plays `streamOf` from now on.
   */
  connect(hello: Hello, address: string, wall: WallTime): HouseChange[] {
    const id = clientIdOf(hello);
    const known = this.#clients.get(id);
    const client = metClient(hello, {
      address,
      wall,
      known,
      initialVolume: this.#options.initialVolume,
    });
    const evicted = known ? [] : this.#makeRoom();
    this.#clients.set(id, client);
    if (!known) {
      this.#place(id);
      return [...evicted, this.#changed(), updated()];
    }
    return [
      this.#changed(),
      ...this.#findStream(id),
      this.#told("Client.OnConnect", { client, id }),
    ];
  }

  /** The last session of this client ended. */
  disconnect(clientId: string, wall: WallTime): HouseChange[] {
    const known = this.#clients.get(clientId);
    if (!known?.connected) return [];
    const client = { ...known, connected: false, lastSeen: wall };
    this.#clients.set(clientId, client);
    return [this.#changed(), this.#told("Client.OnDisconnect", { client, id: clientId })];
  }

  /** A sign of life. Not worth persisting. */
  seen(clientId: string, wall: WallTime): void {
    const known = this.#clients.get(clientId);
    if (known) this.#clients.set(clientId, { ...known, lastSeen: wall });
  }

  /** The volume was set at the speaker itself, which therefore need not be told. */
  clientInfo(clientId: string, { volumePercent, muted }: ClientInfo): HouseChange[] {
    const known = this.#clients.get(clientId);
    if (!known) return [];
    const volume = { muted, percent: volumePercent };
    this.#configure(clientId, { volume });
    return [this.#changed(), this.#told("Client.OnVolumeChanged", { id: clientId, volume })];
  }

  /** What a known client must be told of its settings. */
  settingsOf(clientId: string): ClientSettings {
    const { latency, volume } = this.#known(clientId).config;
    const muted = volume.muted || this.#groupOf(clientId).muted;
    return { volumePercent: volume.percent, muted, latencyMs: latency };
  }

  /** The stream a known client plays. */
  streamOf(clientId: string): string {
    return this.#groupOf(clientId).streamId;
  }

  /** Counts the changes: two readings with the same number saw the same house. */
  get revision(): number {
    return this.#revision;
  }

  saved(): SavedHouse {
    const clients = [...this.#clients.values()].map(({ connected: _, ...client }) => client);
    const groups = this.#groups.map((group) => ({ ...group, clients: [...group.clients] }));
    return { clients, groups, revision: this.#revision, schemaVersion: 1 };
  }

  client(id: string): Client | undefined {
    return this.#clients.get(id);
  }

  group(id: string): Group | undefined {
    const group = this.#groups.find((group) => group.id === id);
    return group && this.#shown(group);
  }

  groups(): Group[] {
    return this.#groups.map((group) => this.#shown(group));
  }

  hasStream(id: string): boolean {
    return this.#options.streamIds.includes(id);
  }

  /** Whether `setMembers` would keep within the limit of groups. A house above it may still shrink. */
  hasRoomFor(groupId: string, clients: readonly string[]): boolean {
    const members = this.#existing(clients);
    const groups = withMembers(this.#groups, groupId, members, () => "").length;
    return groups <= Math.max(this.#options.groupsMax, this.#groups.length);
  }

  /** Sets what is given of percent (clamped to 0 to 100, whole) and mute of a known client. */
  setVolume(
    clientId: string,
    set: { readonly muted?: boolean | undefined; readonly percent?: number | undefined },
  ): { readonly volume: Volume; readonly changes: HouseChange[] } {
    const { volume: old } = this.#known(clientId).config;
    const percent = Math.trunc(Math.min(100, Math.max(0, set.percent ?? old.percent)));
    const volume = { muted: set.muted ?? old.muted, percent };
    this.#configure(clientId, { volume });
    const changes = [
      this.#changed(),
      this.#told("Client.OnVolumeChanged", { id: clientId, volume }),
      { kind: "settings", client: clientId } as const,
    ];
    return { volume, changes };
  }

  /** Clamped to -10 s to the buffer and rounded to tenths of a millisecond. Of a known client. */
  setLatency(clientId: string, ms: number): HouseChange[] {
    const clamped = Math.min(this.#options.bufferMs, Math.max(LATENCY_MS_MIN, ms));
    const latency = Math.round(clamped * 10) / 10;
    this.#configure(clientId, { latency });
    return [
      this.#changed(),
      this.#told("Client.OnLatencyChanged", { id: clientId, latency }),
      { kind: "settings", client: clientId },
    ];
  }

  /** Of a known client. Cut to a bearable length. */
  setClientName(clientId: string, wanted: string): HouseChange[] {
    const name = shortened(wanted);
    this.#configure(clientId, { name });
    return [this.#changed(), this.#told("Client.OnNameChanged", { id: clientId, name })];
  }

  /** Forgets a known client and all that was set on it. */
  deleteClient(clientId: string): HouseChange[] {
    return [...this.#forget(clientId), this.#changed(), updated()];
  }

  setMute(groupId: string, mute: boolean): HouseChange[] {
    const group = this.#change(groupId, { muted: mute });
    const settings = this.#connectedOf(group).map(
      (client) => ({ kind: "settings", client }) as const,
    );
    return [this.#changed(), this.#told("Group.OnMute", { id: groupId, mute }), ...settings];
  }

  setGroupName(groupId: string, wanted: string): HouseChange[] {
    const name = shortened(wanted);
    this.#change(groupId, { name });
    return [this.#changed(), this.#told("Group.OnNameChanged", { id: groupId, name })];
  }

  /** The stream must be one the house knows. To the same stream nothing changes for the clients. */
  setStream(groupId: string, streamId: string): HouseChange[] {
    return this.#tracked(() => {
      this.#change(groupId, { streamId });
      return [
        this.#changed(),
        this.#told("Group.OnStreamChanged", { id: groupId, stream_id: streamId }),
      ];
    });
  }

  /**
   * Gives the group exactly these clients; unknown ids are passed over. Those sent away get groups
   * of their own on the same stream, and a group left empty vanishes.
   */
  setMembers(groupId: string, clients: readonly string[]): HouseChange[] {
    return this.#tracked(() => {
      const members = this.#existing(clients);
      this.#regroup(withMembers(this.#groups, groupId, members, this.#options.randomId));
      return [this.#changed(), updated()];
    });
  }

  /** Runs a command and adds what it meant for the clients: another stream, another mute. */
  #tracked(command: () => HouseChange[]): HouseChange[] {
    const clients = [...this.#clients.values()].filter(({ connected }) => connected);
    const before = new Map(clients.map(({ id }) => [id, this.#groupOf(id)]));
    const changes = command();
    for (const [client, old] of before) {
      const { muted, streamId } = this.#groupOf(client);
      if (muted !== old.muted) changes.push({ kind: "settings", client });
      if (streamId !== old.streamId) changes.push({ kind: "stream", client, stream: streamId });
    }
    return changes;
  }

  /** A client whose group's stream is gone brings the group back to the default stream. */
  #findStream(client: string): HouseChange[] {
    const { id, streamId } = this.#groupOf(client);
    if (this.hasStream(streamId)) return [];
    const changes = this.setStream(id, this.#options.defaultStream);
    return changes.filter((change) => !("client" in change) || change.client !== client);
  }

  /** When the house is full, the unnamed client not seen for the longest gives way. */
  #makeRoom(): HouseChange[] {
    if (this.#clients.size < this.#options.clientsMax) return [];
    return this.#forget(forgettable(this.#clients.values()));
  }

  #forget(client: string): HouseChange[] {
    this.#regroup(without(this.#groups, client));
    this.#clients.delete(client);
    return [{ kind: "forgotten", client }];
  }

  /** Above the limit of groups a newcomer shares the youngest one on the default stream. */
  #place(client: string): void {
    const { defaultStream, groupsMax } = this.#options;
    const host =
      this.#groups.length < groupsMax
        ? undefined
        : (this.#groups.findLast(({ streamId }) => streamId === defaultStream) ??
          this.#groups.at(-1));
    if (host) this.#change(host.id, { clients: [...host.clients, client] });
    else this.#regroup([...this.#groups, this.#solo(client)]);
  }

  /** Something was accepted: to be called once for each command or arrival, before anybody is told. */
  #changed(): HouseChange {
    this.#revision++;
    return CHANGED;
  }

  #told(method: NotificationName, params: object): HouseChange {
    return notify(method, { ...params, tutti: { revision: this.#revision } });
  }

  #regroup(groups: readonly GroupRecord[]): void {
    this.#groups = groups;
    this.#homes = new Map(
      groups.flatMap((group) => group.clients.map((client) => [client, group] as const)),
    );
  }

  #solo(client: string): GroupRecord {
    return soloGroup(this.#options.randomId(), client, this.#options.defaultStream);
  }

  #configure(clientId: string, set: Partial<Client["config"]>): void {
    const client = this.#known(clientId);
    this.#clients.set(clientId, { ...client, config: { ...client.config, ...set } });
  }

  #change(groupId: string, set: Partial<GroupRecord>): GroupRecord {
    const group = this.#groups.find(({ id }) => id === groupId);
    assert(group, "the group is known");
    const changed = { ...group, ...set };
    this.#regroup(this.#groups.map((other) => (other === group ? changed : other)));
    return changed;
  }

  #shown({ clients, id, muted, name, streamId }: GroupRecord): Group {
    return {
      clients: clients.map((client) => this.#known(client)),
      id,
      muted,
      name,
      stream_id: streamId,
    };
  }

  #existing(clients: readonly string[]): string[] {
    return clients.filter((client) => this.#clients.has(client));
  }

  #connectedOf(group: GroupRecord): string[] {
    return group.clients.filter((client) => this.#known(client).connected);
  }

  #known(clientId: string): Client {
    const client = this.#clients.get(clientId);
    assert(client, "the client is known");
    return client;
  }

  #groupOf(clientId: string): GroupRecord {
    const group = this.#homes.get(clientId);
    assert(group, "every client is in a group");
    return group;
  }
}

/** Numbers that were told in the moment before a crash may be missing on disk: each start begins a new million. */
const REVISIONS_A_START = 1_000_000;

function firstRevisionAfter(revision: number): number {
  return (Math.floor(revision / REVISIONS_A_START) + 1) * REVISIONS_A_START;
}
