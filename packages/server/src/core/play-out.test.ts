import type { ServerSettings } from "@tutti/protocol";
import { beforeEach, expect, test } from "vitest";
import { OWN, Rig, type Sent, STOCK, sentTo, streamOf } from "../../test/server-rig.ts";
import type { ServerOutput } from "./index.ts";

let rig: Rig;
beforeEach(() => {
  const streams = [streamOf("music"), streamOf("tv", { profile: "live", bufferMs: 100 })];
  rig = new Rig({ streams, clients: [{ client: "own", bufferMs: 2_000 }] });
  rig.join(2, STOCK);
});

function isSettings(message: Sent): message is Sent & ServerSettings & { kind: "server settings" } {
  return message.kind === "server settings";
}

/** What a session was told last of how late it is to play. */
function told(outputs: readonly ServerOutput[], session: number): number | undefined {
  return sentTo(outputs, session).filter(isSettings).at(-1)?.bufferMs;
}

function groupOf(client: string): string {
  const [answer] = rig
    .call("Server.GetStatus", {})
    .flatMap((output) => (output.kind === "respond" ? [JSON.parse(output.text)] : []));
  const groups: { id: string; clients: { id: string }[] }[] = answer.result.server.groups;
  return groups.find(({ clients }) => clients.some(({ id }) => id === client))?.id ?? "none";
}

function group(...clients: string[]): ServerOutput[] {
  return rig.call("Group.SetClients", { id: groupOf("own"), clients });
}

test("who wishes for more gets it from the first moment on; others are not concerned", () => {
  const outputs = rig.join(1, OWN);
  expect(told(outputs, 1)).toBe(2_000);
  expect(told(outputs, 2)).toBeUndefined();
});

test("a group plays as late as the member that wishes for most, stock clients too", () => {
  rig.join(1, OWN);
  expect(told(group("own", "stock"), 2)).toBe(2_000);
  expect(told(group("own"), 2)).toBe(1_000);
});

test("nothing moves when that member goes and comes", () => {
  rig.join(1, OWN);
  group("own", "stock");
  expect(told(rig.handle({ kind: "disconnected", session: 1 }), 2)).toBeUndefined();
  expect(told(rig.join(3, OWN), 2)).toBeUndefined();
});

test("what a controller sets goes before the configuration, is kept, and can be taken away", () => {
  rig.join(1, OWN);
  group("own", "stock");
  const outputs = rig.call("Client.SetBuffer", { id: "own", bufferMs: 3_000 });
  expect([told(outputs, 1), told(outputs, 2)]).toEqual([3_000, 3_000]);
  const saved = outputs.flatMap((output) => (output.kind === "persist" ? [output.state] : []));
  expect(saved[0]?.clients.find(({ id }) => id === "own")?.tutti).toEqual({ bufferMs: 3_000 });
  expect(told(rig.call("Client.SetBuffer", { id: "own", bufferMs: null }), 2)).toBe(2_000);
});

test("a group's own wish holds for all in it, beside those of its members, and is kept", () => {
  rig.join(1, OWN);
  group("own", "stock");
  const id = groupOf("own");
  const outputs = rig.call("Group.SetBuffer", { id, bufferMs: 3_000 });
  expect([told(outputs, 1), told(outputs, 2)]).toEqual([3_000, 3_000]);
  const [saved] = outputs.flatMap((output) => (output.kind === "persist" ? [output.state] : []));
  expect(saved?.groups.find((each) => each.id === id)?.bufferMs).toBe(3_000);
  // The member's is longer than this, and then the only one.
  expect(told(rig.call("Group.SetBuffer", { id, bufferMs: 1_500 }), 2)).toBe(2_000);
  rig.call("Group.SetBuffer", { id, bufferMs: 4_000 });
  expect(told(rig.call("Group.SetBuffer", { id, bufferMs: null }), 2)).toBe(2_000);
});

test("who leaves a group leaves its wish behind, and who comes gets it", () => {
  rig.join(1, STOCK);
  rig.join(3, { ...STOCK, id: "other" });
  const id = groupOf("other");
  rig.call("Group.SetBuffer", { id, bufferMs: 5_000 });
  const joined = rig.call("Group.SetClients", { id, clients: ["other", "stock"] });
  expect(told(joined, 1)).toBe(5_000);
  expect(told(rig.call("Group.SetClients", { id, clients: ["other"] }), 1)).toBe(1_000);
});

test("less than the stream's is nobody's wish", () => {
  expect(told(rig.call("Client.SetBuffer", { id: "stock", bufferMs: 300 }), 2)).toBeUndefined();
});

test("what keeps up with a picture stays with it", () => {
  rig.join(1, OWN);
  const outputs = rig.call("Group.SetStream", { id: groupOf("own"), stream_id: "tv" });
  expect(told(outputs, 1)).toBe(100);
});

test("who joins gets no more of the past than it is to hear, however much is kept for others", () => {
  rig.join(1, OWN);
  rig.ask(1);
  for (let at = 0; at < 3_000; at += 20) rig.sound();
  const chunks = (outputs: readonly ServerOutput[], session: number) =>
    sentTo(outputs, session).filter(({ kind }) => kind === "chunk").length;
  rig.join(3, { ...OWN, id: "other" });
  expect(chunks(rig.ask(3), 3)).toBe(49);
  rig.handle({ kind: "disconnected", session: 1 });
  rig.join(4, OWN);
  expect(chunks(rig.ask(4), 4)).toBe(99);
});

test("a group of somebody who is away, on a stream that is no more, concerns nobody", () => {
  rig.join(1, OWN);
  const outputs = rig.handle({ kind: "disconnected", session: 1 });
  const saved = outputs
    .flatMap((output) => (output.kind === "persist" ? [output.state] : []))
    .at(-1);
  rig = new Rig({ streams: [streamOf("other")], ...(saved && { saved }) });
  expect(told(rig.join(2, STOCK), 2)).toBe(1_000);
});
