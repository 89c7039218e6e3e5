import { after, millis } from "@tutti/protocol";
import type { ClientStats } from "@tutti/protocol/control";
import { beforeEach, describe, expect, test } from "vitest";
import { closed, OWN, Rig, STOCK, sentTo } from "../../test/server-rig.ts";

const STATS: ClientStats = {
  playing: true,
  synchronised: true,
  syncErrorUs: -3.5,
  syncErrorBoundUs: 40,
  timeWay: "datagram",
  bufferedMs: 980,
  correctionPpm: 0,
  receivedChunks: 9,
  lateChunks: 0,
  duplicateChunks: 0,
  lostChunks: 0,
  underruns: 0,
  jumps: 0,
};

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
  rig.join(1, STOCK);
  rig.join(2, OWN);
});

const CODING = {
  ...{ coding: "opus", codingMax: "opus", codingMin: "opus" },
  codingReason: "as the stream is set",
  playOutMs: 1_000,
};

describe("what a client reports of itself", () => {
  test("is shown with its age, and told to nobody unasked", () => {
    expect(rig.say(2, { kind: "client stats", stats: STATS })).toEqual([]);
    rig.now = after(rig.now, millis(400));
    expect(statsOf("own")).toEqual({ ...STATS, ageMs: 400, ...CODING });
    expect(statsOf("stock")).toBeNull();
  });

  test("replaces what it reported before", () => {
    rig.say(2, { kind: "client stats", stats: { ...STATS, underruns: 1, cpuPercent: 3 } });
    rig.say(2, { kind: "client stats", stats: STATS });
    expect(statsOf("own")).toEqual({ ...STATS, ageMs: 0, ...CODING });
  });

  test("is forgotten when its connection ends", () => {
    rig.say(2, { kind: "client stats", stats: STATS });
    rig.handle({ kind: "disconnected", session: 2 });
    expect(statsOf("own")).toBeNull();
    rig.join(3, OWN);
    expect(statsOf("own")).toBeNull();
  });

  test("counts for nothing from one that did not announce itself as ours", () => {
    rig.say(1, { kind: "client stats", stats: STATS });
    expect(statsOf("stock")).toBeNull();
  });

  test("ends its session when it makes no sense, and the report before goes with it", () => {
    rig.say(2, { kind: "client stats", stats: STATS });
    const outputs = rig.say(2, { kind: "client stats", stats: { ...STATS, jumps: -1 } });
    expect(closed(outputs)).toEqual({ 2: expect.stringContaining("client stats: jumps") });
    expect(statsOf("own")).toBeNull();
  });
});

test("latency goes out in tenths to our own clients, in whole ms to stock ones", () => {
  const sent = ["stock", "own"].map((id, index) =>
    sentTo(rig.call("Client.SetLatency", { id, latency: 12.66 }), index + 1),
  );
  expect(sent).toMatchObject([[{ latencyMs: 13 }], [{ latencyMs: 12.7 }]]);
  expect(sentTo(rig.call("Client.SetLatency", { id: "own", latency: -0.14 }), 2)).toMatchObject([
    { latencyMs: -0.1 },
  ]);
});

function statsOf(id: string): unknown {
  const answer = rig.call("Client.GetStats", { id }).find(({ kind }) => kind === "respond");
  return answer?.kind === "respond" && JSON.parse(answer.text).result.stats;
}
