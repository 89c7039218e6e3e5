import { groupName, nameOf, roomsOf } from "../core/house-view.ts";
import { say } from "../print.ts";
import { type ServerOption, withHouse } from "../with-house.ts";

/** `tutti names KIND`: what completion offers, a name a line. Hidden: for shells. */
export async function names(kind: string, options: ServerOption): Promise<void> {
  await withHouse(
    { server: options.server ?? process.env.TUTTI_SERVER ?? "localhost" },
    async (at) => {
      const { groups, streams } = at.house;
      const all: Readonly<Record<string, readonly string[]>> = {
        clients: roomsOf(at.house).map(({ client }) => nameOf(client)),
        groups: groups.map(groupName),
        streams: streams.map(({ id }) => id),
      };
      for (const name of all[kind] ?? []) say(name);
    },
  );
}
