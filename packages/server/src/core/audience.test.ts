import type { ServerOutput } from "@tutti/server/core";
import { beforeEach, describe, expect, test } from "vitest";
import { kinds, OWN, Rig, STOCK, sentTo } from "../../test/server-rig.ts";

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});

describe("the backlog", () => {
  test("comes behind a stock client's third answer, oldest first and playable", () => {
    for (let i = 0; i < 100; i++) rig.sound();
    rig.join(1, STOCK);

    expect(kinds(rig.ask(1), 1)).toEqual(["time"]);
    expect(kinds(rig.sound(), 1)).toEqual([]);
    expect(kinds(rig.ask(1), 1)).toEqual(["time"]);
    const third = sentTo(rig.ask(1), 1);
    const chunks = third.filter((message) => message.kind === "chunk");
    expect(third[0]?.kind).toBe("time");
    expect(chunks).toHaveLength(49);
    expect(chunks[0]?.recordedAt).toBeGreaterThan(rig.now - 1_000_000);
    expect(chunks.map(({ recordedAt }) => recordedAt)).toEqual(
      chunks.map((_, i) => (chunks[0]?.recordedAt ?? 0) + 20_000 * i),
    );
    expect(kinds(rig.sound(), 1)).toEqual(["chunk"]);
  });

  test("comes behind the first answer of a client of our own", () => {
    for (let i = 0; i < 20; i++) rig.sound();
    rig.join(1, OWN);

    expect(kinds(rig.ask(1), 1)).toEqual(["time", ...Array(20).fill("chunk")]);
  });

  test("comes soon to clients that ask once a second, or never", () => {
    for (let i = 0; i < 20; i++) rig.sound();
    rig.join(1, STOCK);
    rig.join(2, { ...STOCK, id: "mute" });
    rig.ask(1);
    const after300 = Array.from({ length: 20 }, () => rig.sound()).flat();
    const after1000 = Array.from({ length: 40 }, () => rig.sound()).flat();

    expect(kinds(after300, 1).length).toBeGreaterThan(20);
    expect(kinds(after300, 2)).toEqual([]);
    expect(kinds(after1000, 2).length).toBeGreaterThan(40);
  });
});

test("a server that ends gives out at once what is held back for the next bundle", () => {
  rig.join(1, OWN);
  rig.ask(1);
  rig.say(1, { kind: "bundles", spanMs: 100 });
  const sounds = Array.from({ length: 12 }, () => rig.sound()).flat();
  const held = 12 - kinds(sounds, 1).length;
  expect(held).toBeGreaterThan(0);
  expect(kinds(rig.handle({ kind: "ending" }), 1)).toEqual(Array(held).fill("chunk"));
  expect(kinds(rig.handle({ kind: "ending" }), 1)).toEqual([]);
});

test("audio is encoded once and shared by all who play it, and not at all without them", () => {
  for (let i = 0; i < 10; i++) rig.sound();
  expect(rig.encoders).toEqual([]);
  rig.join(1, OWN);
  rig.join(2, { ...OWN, id: "other" });
  rig.ask(1);
  rig.ask(2);
  const sends = rig.sound().filter((output) => output.kind === "send");

  expect(rig.encoders).toEqual(["opus"]);
  expect(sends).toHaveLength(2);
  expect(sends[0]?.bytes).toBe(sends[1]?.bytes);
});

describe("a link that is away for two seconds again and again", () => {
  /** What the client is said to suffer from meanwhile. */
  function outage(session: number): string[] {
    rig.clogged.add(session);
    const outputs: ServerOutput[] = [];
    for (let turn = 0; turn < 100; turn++) {
      outputs.push(...rig.sound());
      outputs.push(...rig.handle({ kind: "backlog", session, bytes: sentBytes(outputs, session) }));
    }
    rig.clogged.delete(session);
    outputs.push(...rig.handle({ kind: "backlog", session, bytes: 0 }), ...rig.sound());
    return outputs.flatMap((output) =>
      output.kind === "event" && output.event.kind === "client degraded" ? [output.event.what] : [],
    );
  }

  function sentBytes(outputs: readonly ServerOutput[], session: number): number {
    return outputs.reduce(
      (sum, each) =>
        each.kind === "send" && each.session === session ? sum + each.bytes.length : sum,
      0,
    );
  }

  function joined(session: number): void {
    rig.join(session, OWN);
    rig.ask(session);
    for (let turn = 0; turn < 10; turn++) rig.sound();
  }

  test("is told of, also when it comes back as another connection", () => {
    joined(1);
    expect(outage(1)).not.toContain("buffer too small");
    rig.handle({ kind: "disconnected", session: 1 });
    joined(2);
    expect(outage(2)).toContain("buffer too small");
  });

  test("is a stranger's once the client was deleted", () => {
    joined(1);
    outage(1);
    rig.call("Server.DeleteClient", { id: "own" });
    joined(2);
    expect(outage(2)).not.toContain("buffer too small");
  });
});
