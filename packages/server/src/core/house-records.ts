import { assert } from "@tutti/protocol";
import type {
  Client,
  ClientExtras,
  Group,
  Preset,
  SavedClient,
  SavedGroup,
  SavedHouse,
} from "@tutti/protocol/control";
import { type GroupRecord, repaired, without } from "./house-groups.ts";
import { firstRevision } from "./house-options.ts";
import { renamedIn } from "./house-presets.ts";

/** What is undefined is unset, what is absent stays. */
export type ExtrasChange = { readonly [Key in keyof ClientExtras]: ClientExtras[Key] | undefined };

/** What the house knows by heart: clients, the groups they are in, presets. Every client is in exactly one group. */
export class HouseRecords {
  presets: readonly Preset[];
  revision: number;
  readonly #clients: Map<string, Client>;
  #groups: readonly GroupRecord[] = [];
  /** Each client's group: asked for every chunk that goes out. */
  #homes: ReadonlyMap<string, GroupRecord> = new Map();

  readonly #savedClient = remembered(({ connected: _, ...client }: Client): SavedClient => client);
  readonly #savedGroup = remembered(
    ({ sleepAt, bufferMs, ...group }: GroupRecord): SavedGroup => ({
      ...group,
      clients: [...group.clients],
      ...extrasOf({ sleepAt, bufferMs }),
    }),
  );

  /** A saved house that contradicts itself is put right; `solo` makes the group of a client that is in none. */
  constructor(saved: SavedHouse | undefined, solo: (client: Client) => GroupRecord) {
    const clients = saved?.clients ?? [];
    this.revision = firstRevision(saved);
    this.presets = saved?.presets ?? [];
    this.#clients = new Map(clients.map((client) => [client.id, { ...client, connected: false }]));
    const stray = (id: string) => solo(this.known(id));
    this.groups = repaired(saved?.groups ?? [], [...this.#clients.keys()], stray);
  }

  /** What did not change is the same object as before: the store looks for what did. */
  get saved(): SavedHouse {
    const clients = [...this.#clients.values()].map(this.#savedClient);
    const groups = this.#groups.map(this.#savedGroup);
    const { revision } = this;
    return { clients, groups, presets: [...this.presets], revision, schemaVersion: 1 };
  }

  get clients(): Iterable<Client> {
    return this.#clients.values();
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  client(id: string): Client | undefined {
    return this.#clients.get(id);
  }

  known(clientId: string): Client {
    const client = this.#clients.get(clientId);
    assert(client, "the client is known");
    return client;
  }

  /** Adds a client, or puts it in the place of what was known of it. It must be given a group, too. */
  keep(client: Client): void {
    this.#clients.set(client.id, client);
  }

  /** It must have left its group. */
  forget(clientId: string): void {
    this.#clients.delete(clientId);
  }

  configure(clientId: string, set: Partial<Client["config"]>): void {
    const client = this.known(clientId);
    this.keep({ ...client, config: { ...client.config, ...set } });
  }

  /** What was set on a known client beyond Snapcast's settings; what is undefined is unset. */
  extend(clientId: string, set: ExtrasChange): void {
    const { tutti, ...client } = this.known(clientId);
    const kept = Object.entries({ ...tutti, ...set }).filter(([, value]) => value !== undefined);
    const extras = kept.length > 0 && { tutti: Object.fromEntries(kept) };
    this.keep({ ...client, ...extras });
  }

  /** Gives what was set on a known client, and its place, to another known one, and forgets it. */
  merge(old: string, into: string): void {
    const { config, tutti } = this.known(old);
    const { tutti: _, ...heir } = this.known(into);
    const { instance } = heir.config;
    this.groups = without(this.#groups, into);
    const { id, clients } = this.groupOf(old);
    this.change(id, { clients: clients.map((member) => (member === old ? into : member)) });
    this.forget(old);
    this.keep({ ...heir, config: { ...config, instance }, ...(tutti && { tutti }) });
    this.presets = renamedIn(this.presets, old, into);
  }

  existing(clients: readonly string[]): string[] {
    return clients.filter((client) => this.#clients.has(client));
  }

  get groups(): readonly GroupRecord[] {
    return this.#groups;
  }

  set groups(groups: readonly GroupRecord[]) {
    this.#groups = groups;
    this.#homes = new Map(
      groups.flatMap((group) => group.clients.map((client) => [client, group] as const)),
    );
  }

  groupOf(clientId: string): GroupRecord {
    const group = this.#homes.get(clientId);
    assert(group, "every client is in a group");
    return group;
  }

  /** Changes a known group. */
  change(groupId: string, set: Partial<GroupRecord>): GroupRecord {
    const group = this.#groups.find(({ id }) => id === groupId);
    assert(group, "the group is known");
    const changed = { ...group, ...set };
    this.groups = this.#groups.map((other) => (other === group ? changed : other));
    return changed;
  }

  shown({ clients, id, muted, name, streamId, ...set }: GroupRecord): Group {
    const tutti = extrasOf(set);
    return {
      clients: clients.map((client) => this.known(client)),
      id,
      muted,
      name,
      stream_id: streamId,
      ...(Object.keys(tutti).length > 0 && { tutti }),
    };
  }
}

/** What was set on a group beyond Snapcast's settings. */
function extrasOf({
  sleepAt,
  bufferMs,
}: Pick<GroupRecord, "sleepAt" | "bufferMs">): NonNullable<Group["tutti"]> {
  return {
    ...(sleepAt !== undefined && { sleepAt }),
    ...(bufferMs !== undefined && { bufferMs }),
  };
}

/** Makes the same of the same object each time. */
function remembered<From extends object, To>(make: (from: From) => To): (from: From) => To {
  const made = new WeakMap<From, To>();
  return (from) => {
    const known = made.get(from);
    if (known !== undefined) return known;
    const fresh = make(from);
    made.set(from, fresh);
    return fresh;
  };
}
