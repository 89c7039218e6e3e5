import type { SavedChange, SavedClient, SavedHouse } from "@tutti/protocol/control";

/**
 * What leads from one house to a later one. Parts that are the same object in both count as unchanged, others as
 * changed, so that it costs no more to find out for a large house.
 */
export function changeBetween(from: SavedHouse, to: SavedHouse): SavedChange {
  const before = new Map(from.clients.map((client) => [client.id, client]));
  const clients: SavedClient[] = [];
  const seen: [string, SavedClient["lastSeen"]][] = [];
  for (const client of to.clients) {
    const known = before.get(client.id);
    before.delete(client.id);
    if (known === client) continue;
    if (!known || !sameButSeen(known, client)) clients.push(client);
    else if (known.lastSeen !== client.lastSeen) seen.push([client.id, client.lastSeen]);
  }
  return {
    from: from.revision,
    revision: to.revision,
    ...(before.size > 0 && { gone: [...before.keys()] }),
    ...(clients.length > 0 && { clients }),
    ...(seen.length > 0 && { seen }),
    ...(!sameList(from.groups, to.groups) && { groups: to.groups }),
    ...(!sameList(from.presets, to.presets) && { presets: to.presets }),
  };
}

/** The house that a change leads to. It must be a change of this one. */
export function changed(house: SavedHouse, change: SavedChange): SavedHouse {
  const clients = new Map(house.clients.map((client) => [client.id, client]));
  for (const id of change.gone ?? []) clients.delete(id);
  for (const client of change.clients ?? []) clients.set(client.id, client);
  for (const [id, lastSeen] of change.seen ?? []) {
    const known = clients.get(id);
    if (known) clients.set(id, { ...known, lastSeen });
  }
  return {
    ...house,
    clients: [...clients.values()],
    groups: change.groups ?? house.groups,
    presets: change.presets ?? house.presets,
    revision: change.revision,
  };
}

function sameButSeen(one: SavedClient, other: SavedClient): boolean {
  return (
    one.config === other.config &&
    one.host === other.host &&
    one.snapclient === other.snapclient &&
    one.tutti === other.tutti
  );
}

function sameList(one: readonly object[], other: readonly object[]): boolean {
  return one.length === other.length && one.every((each, at) => each === other[at]);
}
