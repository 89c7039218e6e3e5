import {
  type ClientInfo,
  changeTogether,
  clientIdOf,
  type Hello,
  type VolumeChange,
} from "@tutti/protocol";
import type {
  Client,
  ClientExtras,
  Group,
  NotificationName,
  Preset,
  SavedHouse,
  Volume,
  WallTime,
} from "@tutti/protocol/control";
import { CHANGED, type HouseChange, notify, updated, VOLUME_CHANGED } from "./house-change.ts";
import { forgettable, LATENCY_MS_MIN, metClient, shortened } from "./house-clients.ts";
import { type GroupRecord, soloGroup, withMembers, withNewcomer, without } from "./house-groups.ts";
import type { HouseOptions } from "./house-options.ts";
import { presetOf, recalled, remaining, withoutPreset, withPreset } from "./house-presets.ts";
import { type ExtrasChange, HouseRecords } from "./house-records.ts";

export type { HouseChange, HouseOptions, SavedHouse, WallTime };

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
  readonly #records: HouseRecords;
  readonly #streamIds: Set<string>;

  /** A saved house that contradicts itself is put right: each client ends up in exactly one group. */
  constructor(options: HouseOptions) {
    this.#options = options;
    this.#streamIds = new Set(options.streamIds);
    this.#records = new HouseRecords(options.saved, ({ id, tutti }) =>
      soloGroup(options.randomId(), id, this.#playable(tutti) ?? options.defaultStream),
    );
  }

  /**
   * A client said Hello. An unknown one gets a group of its own on the default stream. Throws
   * ProtocolError when its id is unusable or the house is full. It plays `streamOf` from now on.
   */
  connect(hello: Hello, address: string, wall: WallTime): HouseChange[] {
    const id = clientIdOf(hello);
    const known = this.#records.client(id);
    const client = metClient(hello, {
      address,
      wall,
      known,
      initialVolume: this.#options.initialVolume,
    });
    const evicted = known ? [] : this.#makeRoom();
    this.#records.keep(client);
    if (!known) {
      const { defaultStream, groupsMax } = this.#options;
      const own = this.#soloist(id, defaultStream);
      this.#records.groups = withNewcomer(this.#records.groups, own, groupsMax);
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
    const known = this.#records.client(clientId);
    if (!known?.connected) return [];
    const client = { ...known, connected: false, lastSeen: wall };
    this.#records.keep(client);
    return [this.#changed(), this.#told("Client.OnDisconnect", { client, id: clientId })];
  }

  /** A sign of life. Not worth persisting. */
  seen(clientId: string, wall: WallTime): void {
    const known = this.#records.client(clientId);
    // Many a second, while the wall clock is looked at once: by the same reading there is nothing new to keep.
    if (known && known.lastSeen !== wall) this.#records.keep({ ...known, lastSeen: wall });
  }

  /** The volume was set at the speaker itself, which therefore need not be told. */
  clientInfo(clientId: string, { volumePercent, muted }: ClientInfo): HouseChange[] {
    const known = this.#records.client(clientId);
    if (!known) return [];
    // Of a muted group it knows no mute but the group's.
    const own = this.#records.groupOf(clientId).muted ? known.config.volume.muted : muted;
    const volume = { muted: own, percent: volumePercent };
    this.#records.configure(clientId, { volume });
    const told = this.#told("Client.OnVolumeChanged", { id: clientId, volume });
    return [this.#changed("volume"), told];
  }

  /** What a known client must be told of its settings. */
  settingsOf(clientId: string): ClientSettings {
    const { config, tutti } = this.#records.known(clientId);
    const { latency, volume } = config;
    const muted = volume.muted || this.#records.groupOf(clientId).muted;
    const volumePercent = Math.min(volume.percent, tutti?.maxVolume ?? 100);
    return { volumePercent, muted, latencyMs: latency };
  }

  /** The stream a known client plays. */
  streamOf(clientId: string): string {
    return this.#records.groupOf(clientId).streamId;
  }

  /** Counts the changes: two readings with the same number saw the same house. */
  get revision(): number {
    return this.#records.revision;
  }

  saved(): SavedHouse {
    return this.#records.saved;
  }

  client(id: string): Client | undefined {
    return this.#records.client(id);
  }

  group(id: string): Group | undefined {
    const group = this.#records.groups.find((group) => group.id === id);
    return group && this.#records.shown(group);
  }

  /** A known client's. */
  groupOf(clientId: string): Group {
    return this.#records.shown(this.#records.groupOf(clientId));
  }

  groups(): Group[] {
    return this.#records.groups.map((group) => this.#records.shown(group));
  }

  hasStream(id: string): boolean {
    return this.#streamIds.has(id);
  }

  /** Groups may play it from now on. */
  addStream(id: string): HouseChange[] {
    this.#streamIds.add(id);
    return [this.#changed(), updated()];
  }

  /** Groups that play it go to the default stream, or to what a client that is alone prefers. */
  removeStream(id: string): HouseChange[] {
    this.#streamIds.delete(id);
    return this.#tracked(() => {
      this.#records.groups = this.#records.groups.map((group) =>
        group.streamId === id ? { ...group, streamId: this.#refuge(group) } : group,
      );
      return [this.#changed(), updated()];
    });
  }

  /** Whether `setMembers` would keep within the limit of groups. A house above it may still shrink. */
  hasRoomFor(groupId: string, clients: readonly string[]): boolean {
    const members = this.#records.existing(clients);
    const groups = withMembers(this.#records.groups, groupId, members, this.#soloist).length;
    return groups <= Math.max(this.#options.groupsMax, this.#records.groups.length);
  }

  /** Sets what is given of percent (clamped to 0 to 100, whole) and mute of a known client. */
  setVolume(
    clientId: string,
    set: { readonly muted?: boolean | undefined; readonly percent?: number | undefined },
  ): { readonly volume: Volume; readonly changes: HouseChange[] } {
    const { volume: old } = this.#records.known(clientId).config;
    const percent = Math.trunc(Math.min(100, Math.max(0, set.percent ?? old.percent)));
    const volume = { muted: set.muted ?? old.muted, percent };
    this.#records.configure(clientId, { volume });
    const changes = [
      this.#changed("volume"),
      this.#told("Client.OnVolumeChanged", { id: clientId, volume }),
      { kind: "settings", client: clientId } as const,
    ];
    return { volume, changes };
  }

  /** Clamped to -10 s to the buffer and rounded to tenths of a millisecond. Of a known client. */
  setLatency(clientId: string, ms: number): HouseChange[] {
    const clamped = Math.min(this.#options.bufferMs, Math.max(LATENCY_MS_MIN, ms));
    const latency = Math.round(clamped * 10) / 10;
    this.#records.configure(clientId, { latency });
    return [
      this.#changed(),
      this.#told("Client.OnLatencyChanged", { id: clientId, latency }),
      { kind: "settings", client: clientId },
    ];
  }

  /** Of a known client. Cut to a bearable length. */
  setClientName(clientId: string, wanted: string): HouseChange[] {
    const name = shortened(wanted);
    this.#records.configure(clientId, { name });
    return [this.#changed(), this.#told("Client.OnNameChanged", { id: clientId, name })];
  }

  /** Forgets a known client and all that was set on it. */
  deleteClient(clientId: string): HouseChange[] {
    return [...this.#forget(clientId), this.#changed(), updated()];
  }

  /** Whoever mutes or unmutes a group wants nothing more of its sleep timer. */
  setMute(groupId: string, mute: boolean): HouseChange[] {
    const group = this.#records.change(groupId, { muted: mute, sleepAt: undefined });
    const settings = group.clients
      .filter((client) => this.#records.known(client).connected)
      .map((client) => ({ kind: "settings", client }) as const);
    return [this.#changed(), this.#told("Group.OnMute", { id: groupId, mute }), ...settings];
  }

  setGroupName(groupId: string, wanted: string): HouseChange[] {
    const name = shortened(wanted);
    this.#records.change(groupId, { name });
    return [this.#changed(), this.#told("Group.OnNameChanged", { id: groupId, name })];
  }

  /** The stream must be one the house knows. To the same stream nothing changes for the clients. */
  setStream(groupId: string, streamId: string): HouseChange[] {
    return this.#tracked(() => {
      this.#records.change(groupId, { streamId });
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
      const members = this.#records.existing(clients);
      this.#records.groups = withMembers(this.#records.groups, groupId, members, this.#soloist);
      return [this.#changed(), updated()];
    });
  }

  /** The mean of a known group's volumes; each client keeps its distance to the others. */
  setGroupVolume(groupId: string, change: VolumeChange): HouseChange[] {
    const clients = this.group(groupId)?.clients ?? [];
    const before = clients.map(({ config }) => config.volume.percent);
    const after = changeTogether(before, change);
    return clients.flatMap(({ id }, at) => {
      const percent = after[at];
      return percent === before[at] ? [] : this.setVolume(id, { percent }).changes;
    });
  }

  /** When a known group is to be muted; undefined: never. (seconds since 1970) */
  setSleep(groupId: string, sleepAt: number | undefined): HouseChange[] {
    this.#records.change(groupId, { sleepAt });
    return [this.#changed(), updated()];
  }

  /** How long after recording a known group plays, at the least; undefined: as others say. (ms) */
  setGroupBuffer(groupId: string, bufferMs: number | undefined): HouseChange[] {
    this.#records.change(groupId, { bufferMs });
    return [this.#changed(), updated()];
  }

  /** Mutes the groups whose time has come. */
  fallAsleep(wall: WallTime): HouseChange[] {
    const tired = this.#records.groups.filter(
      ({ sleepAt }) => sleepAt !== undefined && sleepAt <= wall.sec,
    );
    return tired.flatMap(({ id }) => [...this.setMute(id, true), updated()]);
  }

  /** What was set on a known client beyond Snapcast's settings; what is undefined is unset. */
  setExtras(clientId: string, set: ExtrasChange): HouseChange[] {
    this.#records.extend(clientId, set);
    return [this.#changed(), updated()];
  }

  /** Gives what was set on a known client, and its place, to another known one, and forgets it. */
  merge(old: string, into: string): HouseChange[] {
    const forgotten: HouseChange = { kind: "forgotten", client: old };
    const changes = this.#tracked(() => {
      this.#records.merge(old, into);
      return [forgotten, this.#changed(), updated()];
    });
    return [...changes, { kind: "settings", client: into }];
  }

  get presets(): readonly Preset[] {
    return this.#records.presets;
  }

  /** Keeps these groups, or all, as they are; a preset of the same name gives way. */
  savePreset(name: string, groupIds?: readonly string[]): HouseChange[] {
    const groups = this.#records.groups.filter(({ id }) => groupIds?.includes(id) ?? true);
    const preset = presetOf(name, groups, (client) => this.#records.known(client));
    this.#records.presets = withPreset(this.#records.presets, preset);
    return [this.#changed(), updated()];
  }

  deletePreset(name: string): HouseChange[] {
    this.#records.presets = withoutPreset(this.#records.presets, name);
    return [this.#changed(), updated()];
  }

  /** Undefined when it would take more groups than there may be. Who has gone since is passed over. */
  recallPreset(preset: Preset): HouseChange[] | undefined {
    const { defaultStream, groupsMax } = this.#options;
    const known = (id: string) => undefined !== this.#records.client(id);
    const wanted = remaining(preset, known, (id) => (this.hasStream(id) ? id : defaultStream));
    const groups = recalled(this.#records.groups, wanted, this.#soloist);
    if (groups.length > Math.max(groupsMax, this.#records.groups.length)) return undefined;
    const changes = this.#tracked(() => {
      this.#records.groups = groups;
      return [this.#changed(), updated()];
    });
    for (const { id, volume } of wanted.flatMap(({ clients }) => clients)) {
      this.#records.configure(id, { volume });
      changes.push({ kind: "settings", client: id });
    }
    return changes;
  }

  /** Runs a command and adds what it meant for the clients: another stream, another mute. */
  #tracked(command: () => HouseChange[]): HouseChange[] {
    const clients = [...this.#records.clients].filter(({ connected }) => connected);
    const before = new Map(clients.map(({ id }) => [id, this.#records.groupOf(id)]));
    const changes = command();
    for (const [client, old] of before) {
      if (!this.#records.client(client)) continue;
      const { muted, streamId } = this.#records.groupOf(client);
      if (muted !== old.muted) changes.push({ kind: "settings", client });
      if (streamId !== old.streamId) changes.push({ kind: "stream", client, stream: streamId });
    }
    return changes;
  }

  /** A client whose group's stream is gone brings the group back to the default stream. */
  #findStream(client: string): HouseChange[] {
    const { id, streamId } = this.#records.groupOf(client);
    if (this.hasStream(streamId)) return [];
    const changes = this.setStream(id, this.#preferred(client) ?? this.#options.defaultStream);
    return changes.filter((change) => !("client" in change) || change.client !== client);
  }

  /** When the house is full, the unnamed client not seen for the longest gives way. */
  #makeRoom(): HouseChange[] {
    if (this.#records.clientCount < this.#options.clientsMax) return [];
    return this.#forget(forgettable(this.#records.clients));
  }

  #forget(client: string): HouseChange[] {
    this.#records.groups = without(this.#records.groups, client);
    this.#records.forget(client);
    return [{ kind: "forgotten", client }];
  }

  /** Something was accepted: to be called once for each command or arrival, before anybody is told. */
  #changed(what?: "volume"): HouseChange {
    this.#records.revision++;
    return what === "volume" ? VOLUME_CHANGED : CHANGED;
  }

  #told(method: NotificationName, params: object): HouseChange {
    return notify(method, { ...params, tutti: { revision: this.#records.revision } });
  }

  /** A group of one plays what its client prefers, if there is such a stream. */
  readonly #soloist = (client: string, streamId: string): GroupRecord =>
    soloGroup(this.#options.randomId(), client, this.#preferred(client) ?? streamId);

  #refuge({ clients: [first = "", ...others] }: GroupRecord): string {
    const preferred = others.length === 0 ? this.#preferred(first) : undefined;
    return preferred ?? this.#options.defaultStream;
  }

  #preferred(client: string): string | undefined {
    return this.#playable(this.#records.client(client)?.tutti);
  }

  #playable(extras: ClientExtras | undefined): string | undefined {
    const wanted = extras?.defaultStream;
    return wanted !== undefined && this.hasStream(wanted) ? wanted : undefined;
  }
}
