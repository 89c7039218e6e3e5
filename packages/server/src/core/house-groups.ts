import type { SavedGroup } from "@tutti/protocol/control";

/** A group as the house keeps it. Never changed in place, so a saved copy stays what it was. */
export type GroupRecord = Readonly<Omit<SavedGroup, "clients" | "sleepAt" | "bufferMs">> & {
  readonly clients: readonly string[];
  readonly sleepAt?: number | undefined;
  readonly bufferMs?: number | undefined;
};

/** Makes the group of a client that must leave its own, given the stream it played there. */
export type Soloist = (client: string, streamId: string) => GroupRecord;

/** A group of one that takes over nothing but the stream. */
export function soloGroup(id: string, client: string, streamId: string): GroupRecord {
  return { clients: [client], id, muted: false, name: "", streamId };
}

/** The groups with a newcomer's own; above the limit it shares the youngest one on that stream. */
export function withNewcomer(
  groups: readonly GroupRecord[],
  own: GroupRecord,
  groupsMax: number,
): GroupRecord[] {
  const host =
    groups.length < groupsMax
      ? undefined
      : (groups.findLast(({ streamId }) => streamId === own.streamId) ?? groups.at(-1));
  if (!host) return [...groups, own];
  const clients = [...host.clients, ...own.clients];
  return groups.map((group) => (group === host ? { ...group, clients } : group));
}

/** The groups after `client` left them; one left empty vanishes. */
export function without(groups: readonly GroupRecord[], client: string): GroupRecord[] {
  return groups
    .map((group) =>
      group.clients.includes(client)
        ? { ...group, clients: group.clients.filter((member) => member !== client) }
        : group,
    )
    .filter((group) => group.clients.length > 0);
}

/**
 * The groups after `groupId` was given exactly `members`. Those who must leave get groups of their
 * own, at the end; those pulled in leave theirs; groups left empty vanish.
 */
export function withMembers(
  groups: readonly GroupRecord[],
  groupId: string,
  members: readonly string[],
  soloist: Soloist,
): GroupRecord[] {
  const wanted = [...new Set(members)];
  const target = groups.find(({ id }) => id === groupId);
  if (!target) return [...groups];
  const stay = target.clients.filter((client) => wanted.includes(client));
  const join = wanted.filter((client) => !target.clients.includes(client));
  const leave = target.clients.filter((client) => !wanted.includes(client));
  const rest = join.reduce(without, [...groups]);
  return [
    ...rest.map((group) =>
      group.id === groupId ? { ...group, clients: [...stay, ...join] } : group,
    ),
    ...leave.map((client) => soloist(client, target.streamId)),
  ].filter((group) => group.clients.length > 0);
}

/** Groups from a file, made consistent: every client that exists in exactly one group, no group empty. */
export function repaired(
  groups: readonly GroupRecord[],
  clients: readonly string[],
  stray: (client: string) => GroupRecord,
): GroupRecord[] {
  const homeless = new Set(clients);
  const ids = new Set<string>();
  const kept: GroupRecord[] = [];
  for (const group of groups) {
    if (ids.has(group.id)) continue;
    const members = group.clients.filter((client) => homeless.delete(client));
    if (members.length === 0) continue;
    ids.add(group.id);
    kept.push({ ...group, clients: members });
  }
  return [...kept, ...[...homeless].map(stray)];
}
