import type {
  Group,
  HouseStatus,
  Client as PlainClient,
  ReportedStats,
  Stream,
} from "@tutti/protocol/control";

/**
 * What a client says of itself, as far as it does: stock players say nothing. None of it is counted on,
 * so that no release of the server is too old or too new for this command.
 */
export type ClientStats = Partial<ReportedStats>;

/** A client, with what it says of itself if it does. */
export type Client = Omit<PlainClient, "stats"> & { readonly stats?: ClientStats };

/** The answer to Server.GetStatus, of our server or Snapcast's. */
export interface House {
  readonly groups: readonly (Omit<Group, "clients"> & { readonly clients: readonly Client[] })[];
  readonly streams: readonly Stream[];
  readonly server?: Partial<HouseStatus["server"]>;
}

/** A client with what its group decides. */
export interface Room {
  readonly client: Client;
  readonly group: House["groups"][number];
}

/** All clients, group by group in the server's order, by name inside a group. */
export function roomsOf({ groups }: House): Room[] {
  return groups.flatMap((group) =>
    [...group.clients]
      .sort((a, b) => nameOf(a).localeCompare(nameOf(b)))
      .map((client) => ({ client, group })),
  );
}

/** What people call a client. */
export function nameOf({ config, host, id }: Pick<Client, "config" | "host" | "id">): string {
  return config.name || host.name || id;
}

/** What people call a group: its name, or those in it. */
export function groupName(group: House["groups"][number]): string {
  return group.name || group.clients.map(nameOf).join(" + ") || group.id;
}

/** The house of an answer. Undefined when it is not the answer of such a server. */
export function houseOf(answer: unknown): House | undefined {
  const { server } = (answer ?? {}) as { server?: Partial<House> };
  return Array.isArray(server?.groups) && Array.isArray(server.streams)
    ? (server as House)
    : undefined;
}
