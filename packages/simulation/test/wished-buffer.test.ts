import { millis, seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { House, type HouseReport, type RoomOptions } from "../src/index.ts";

const NEAR = {
  name: "near",
  link: "wifi",
  card: { driftPpm: 25 },
  clock: { driftPpm: 5 },
} as const;
const FAR = { ...NEAR, name: "far", card: { driftPpm: -40 }, clock: { driftPpm: -10 } } as const;
const ROOMS: readonly RoomOptions[] = [NEAR, FAR];
/** The far room's link is away for 1.5 s each time. */
const STALLS_AT = [30, 45, 60, 75];

/** Two rooms in one group; the far one's link stalls. `wish`: in the configuration. (ms) */
function house(wish: number | undefined, stalls = true): House {
  const clients = wish === undefined ? [] : [{ client: "far", bufferMs: wish }];
  const late = wish === undefined ? {} : { playOutMs: wish };
  const built = new House({ seed: 5, server: { clients, ...late }, rooms: ROOMS });
  built.at(seconds(2), () => group(built));
  for (const at of stalls ? STALLS_AT : []) {
    built.at(seconds(at), () => built.rooms[1]?.link.stall(millis(1_500)));
  }
  return built;
}

function group({ server }: House): void {
  const { server: status } = server.call("Server.GetStatus", {}) as {
    server: { groups: { id: string }[] };
  };
  server.call("Group.SetClients", { id: status.groups[0]?.id, clients: ["near", "far"] });
}

function after(built: House, from: number, lasts: number): HouseReport {
  built.run(seconds(lasts));
  return built.report(seconds(from));
}

test("one that holds 2 s does not hear its link stall for 1.5 s, and its group plays with it", () => {
  const calm = after(house(undefined, false), 20, 90);
  const report = after(house(2_000), 20, 90);
  expect(report.rooms[1]?.counts["in stalls"]).toBe(STALLS_AT.length);
  for (const { gaps, silenceMs } of report.rooms)
    expect({ gaps, silenceMs }).toEqual({ gaps: 0, silenceMs: 0 });
  expect(report.pairs[0]?.median).toBeLessThan((calm.pairs[0]?.median ?? 0) + 20);
});

test("with the stream's second it does", () => {
  const report = after(house(undefined), 20, 90);
  expect(report.rooms[1]?.gaps).toBeGreaterThanOrEqual(STALLS_AT.length);
  expect(report.rooms[0]?.gaps).toBe(0);
});

test("a wish while music plays moves the group once, with one break for each room, and they are together again", () => {
  const built = house(undefined, false);
  built.at(seconds(40), ({ server }) =>
    server.call("Client.SetBuffer", { id: "far", bufferMs: 2_000 }),
  );
  const report = after(built, 20, 90);
  for (const { gaps, silenceMs } of report.rooms) {
    expect(gaps).toBe(1);
    expect(silenceMs).toBeLessThan(1_100);
  }
  const later = built.report(seconds(45));
  expect(later.pairs[0]?.max).toBeLessThan(1_000);
  expect(later.rooms.map(({ gaps }) => gaps)).toEqual([0, 0]);
});
