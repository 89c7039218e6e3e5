import type { Client, Preset, PresetGroup } from "@tutti/protocol/control";
import { type GroupRecord, type Soloist, soloGroup, withMembers, without } from "./house-groups.ts";

/** Presets at once: their names stand in every status. */
export const PRESETS_MAX = 64;

/** Groups as they are, to be brought back. */
export function presetOf(
  name: string,
  groups: readonly GroupRecord[],
  client: (id: string) => Client,
): Preset {
  return {
    name,
    groups: groups.map(({ clients, id, muted, name: called, streamId }) => ({
      clients: clients.map((member) => ({ id: member, volume: client(member).config.volume })),
      id,
      muted,
      name: called,
      streamId,
    })),
  };
}

/** The presets with this one, in the order of their names; one of the same name gives way. */
export function withPreset(presets: readonly Preset[], preset: Preset): readonly Preset[] {
  return [...withoutPreset(presets, preset.name), preset].toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

export function withoutPreset(presets: readonly Preset[], name: string): readonly Preset[] {
  return presets.filter((other) => other.name !== name);
}

/** The presets after a client went by another id. Where both are in one group, the new one is there once. */
export function renamedIn(presets: readonly Preset[], old: string, id: string): readonly Preset[] {
  return presets.map((preset) => ({
    ...preset,
    groups: preset.groups.map((group) => {
      if (!group.clients.some((client) => client.id === old)) return group;
      const others = group.clients.filter((client) => client.id !== id);
      return {
        ...group,
        clients: others.map((client) => (client.id === old ? { ...client, id } : client)),
      };
    }),
  }));
}

/** Whom of a preset's groups the house still knows. */
export function remaining(
  preset: Preset,
  known: (id: string) => boolean,
  stream: (id: string) => string,
): PresetGroup[] {
  return preset.groups
    .map((group) => ({
      ...group,
      clients: group.clients.filter(({ id }) => known(id)),
      streamId: stream(group.streamId),
    }))
    .filter(({ clients }) => clients.length > 0);
}

/** The groups after a preset was recalled. Who is in none of its groups stays, unless that group is one of them. */
export function recalled(
  groups: readonly GroupRecord[],
  wanted: readonly PresetGroup[],
  soloist: Soloist,
): GroupRecord[] {
  let all = [...groups];
  for (const { clients, id, muted, name, streamId } of wanted) {
    const members = clients.map((client) => client.id);
    const [first = ""] = members;
    if (!all.some((group) => group.id === id)) {
      all = [...without(all, first), soloGroup(id, first, streamId)];
    }
    all = withMembers(all, id, members, soloist).map((group) =>
      group.id === id ? { ...group, clients: members, muted, name, streamId } : group,
    );
  }
  return all;
}
