import { type House, roomsOf } from "./house-view.ts";

/** The last of what one client said of itself. */
export interface Recent {
  /** Distance from perfect, whichever way. (us) */
  readonly syncErrorUs: readonly (number | undefined)[];
  readonly bufferedMs: readonly (number | undefined)[];
}

/** Looks that are kept: as many as a line of bars has room for. */
export const LOOKS_MAX = 24;

/** By the clients' ids. */
export type History = ReadonlyMap<string, Recent>;

/** The history with one more look at the house; who is gone is forgotten. */
export function remember(history: History, house: House): History {
  const rooms = roomsOf(house).map(({ client }) => {
    const before = history.get(client.id);
    const stats = client.connected ? client.stats : undefined;
    const error = stats?.synchronised === false ? undefined : stats?.syncErrorUs;
    return [
      client.id,
      {
        syncErrorUs: appended(before?.syncErrorUs, error === undefined ? error : Math.abs(error)),
        bufferedMs: appended(before?.bufferedMs, stats?.bufferedMs),
      },
    ] as const;
  });
  return new Map(rooms);
}

function appended<T>(values: readonly T[] = [], value: T): T[] {
  return [...values, value].slice(-LOOKS_MAX);
}
