import type { Chunk } from "@tutti/protocol";
import type { ClientRule } from "@tutti/protocol/config";
import type { ClientStats } from "@tutti/protocol/control";
import { beforeEach, describe, expect, test } from "vitest";
import { OWN, Rig, type Sent, STOCK, sentTo, streamOf } from "../../test/server-rig.ts";
import type { ServerOutput } from "./index.ts";

const OPUS = (bitrateKbit: number) => ({ name: "opus", bitrateKbit }) as const;
const STATS: ClientStats = {
  ...{ playing: true, synchronised: true, timeWay: "datagram", bufferedMs: 980, correctionPpm: 0 },
  ...{ receivedChunks: 9, lateChunks: 0, duplicateChunks: 0, lostChunks: 0 },
  ...{ underruns: 0, jumps: 0 },
};
const TURN_MS = 20;
const SLOW_KBIT = 120;

let rig: Rig;
beforeEach(() => {
  rig = new Rig({ streams: [streamOf("music", { codec: OPUS(192), codecMin: OPUS(32) })] });
});

/** Sound for so long, over a link of so many kbit/s to session 1. `turn` is told each 20 ms what came of it. */
function play(
  ms: number,
  kbit: number,
  turn: (outputs: readonly ServerOutput[]) => void = () => {},
): ServerOutput[] {
  const outputs: ServerOutput[] = [];
  rig.clogged.add(1);
  let unsent = 0;
  const note = (more: readonly ServerOutput[]) => {
    outputs.push(...more);
    for (const each of more) {
      if (each.kind === "send" && each.session === 1) unsent += each.bytes.length;
    }
  };
  for (let at = 0; at < ms; at += TURN_MS) {
    const before = outputs.length;
    note(rig.sound());
    unsent = Math.max(0, unsent - (kbit * TURN_MS) / 8);
    if (at % 100 === 0) note(rig.handle({ kind: "backlog", session: 1, bytes: unsent }));
    if (at % 1_000 === 0) rig.ask(1);
    turn(outputs.slice(before));
  }
  return outputs;
}

function events(outputs: readonly ServerOutput[]): object[] {
  return outputs.flatMap((output) => (output.kind === "event" ? [output.event] : []));
}

function notices(outputs: readonly ServerOutput[]): object[] {
  return outputs
    .flatMap((output) => (output.kind === "notify" ? [JSON.parse(output.text)] : []))
    .filter(({ method }) => method === "Client.OnQuality")
    .map(({ params }) => params);
}

function isChunk(message: Sent): message is Sent & Chunk & { kind: "chunk" } {
  return message.kind === "chunk";
}

test("a client on a slow link gets another coding, told before and with an overlap, and everybody hears of it", () => {
  rig.join(1, OWN);
  rig.ask(1);
  const outputs = play(3_000, SLOW_KBIT);
  expect(events(outputs)).toContainEqual(
    expect.objectContaining({ kind: "quality lowered", client: "own", from: "opus" }),
  );
  expect(notices(outputs)[0]).toMatchObject({
    ...{ id: "own", what: "quality lowered", better: false, from: "opus" },
    reason: expect.stringMatching(/^link too slow: it carries 1\d\d kbit\/s$/),
  });

  const sent = sentTo(outputs, 1);
  const turn = sent.findIndex(({ kind }) => kind === "codec header");
  const before = sent.slice(0, turn).filter(isChunk).at(-1)!;
  const [first, ...others] = sent.slice(turn).filter(isChunk);
  expect((before.recordedAt - first!.recordedAt) / 1_000).toBeCloseTo(100, -1);
  for (const [at, { recordedAt }] of others.entries()) {
    expect(recordedAt - [first!, ...others][at]!.recordedAt).toBeCloseTo(20_000, -2);
  }
});

test("the link is looked at closely after a start with the backlog, and after each try of more", () => {
  const looks = (outputs: readonly ServerOutput[]) =>
    outputs.filter(({ kind }) => kind === "look closely").length;
  const raised = (outputs: readonly ServerOutput[]) =>
    events(outputs).filter((event) => "kind" in event && event.kind === "quality raised").length;
  for (let at = 0; at < 1_000; at += TURN_MS) rig.sound();
  const begun = [...rig.join(1, OWN), ...rig.ask(1)];
  expect(looks(begun)).toBe(1);
  expect(looks(play(3_000, SLOW_KBIT))).toBe(0);
  const outputs = play(40_000, 50_000);
  expect(raised(outputs)).toBeGreaterThan(0);
  expect(looks(outputs)).toBe(raised(outputs));
});

test("a stock client gets its stream's coding, however slow its link", () => {
  rig.join(1, STOCK);
  for (let at = 0; at < 3; at++) rig.ask(1);
  const outputs = play(5_000, SLOW_KBIT);
  expect(sentTo(outputs, 1).filter(({ kind }) => kind === "codec header")).toEqual([]);
  expect(events(outputs).filter((event) => "from" in event)).toEqual([]);
});

test("where the least is what the stream is in, nothing changes", () => {
  rig = new Rig({ streams: [streamOf("music", { codec: OPUS(192) })] });
  rig.join(1, OWN);
  rig.ask(1);
  expect(events(play(5_000, SLOW_KBIT)).filter((event) => "from" in event)).toEqual([]);
});

test("another connection begins with the coding of the last one", () => {
  rig.join(1, OWN);
  rig.ask(1);
  play(3_000, SLOW_KBIT);
  rig.handle({ kind: "disconnected", session: 1 });
  rig.join(2, OWN);
  rig.ask(2);
  rig.say(2, { kind: "client stats", stats: STATS });
  expect(JSON.stringify(rig.call("Server.GetStatus", {}))).toMatch(/\\"coding\\":\\"opus:\d+\\"/);
});

describe("limits of a client", () => {
  const rules = [
    { client: "den", codecMax: OPUS(96) },
    { client: "own", codecMin: OPUS(64) },
  ];
  const coding = () => {
    rig.say(1, { kind: "client stats", stats: STATS });
    const [answer] = rig
      .call("Client.GetStats", { id: "own" })
      .flatMap((output) => (output.kind === "respond" ? [JSON.parse(output.text)] : []));
    const { codingMax, codingMin, codingReason, ...stats } = answer.result.stats;
    return [stats.coding, codingMax, codingMin, codingReason];
  };
  const limited = (clients: readonly ClientRule[]) => {
    const streams = [streamOf("music", { codec: OPUS(192), codecMin: OPUS(32) })];
    rig = new Rig({ clients, streams });
    rig.join(1, OWN);
    rig.ask(1);
    play(200, 5_000);
  };

  test("are the stream's where nothing is said", () => {
    limited([]);
    expect(coding()).toEqual(["opus", "opus", "opus:32", "as the stream is set"]);
  });

  test("stand in the configuration, by the client's id or else its name", () => {
    limited(rules.slice(0, 1));
    expect(coding()).toEqual([
      "opus:96",
      "opus:96",
      "opus:32",
      "the most that this client may get",
    ]);
    limited(rules);
    expect(coding().slice(0, 3)).toEqual(["opus", "opus", "opus:64"]);
  });

  test("are set by a controller, hold at once without a break, and outlive a restart", () => {
    limited(rules);
    const set = { id: "own", codecMax: "opus:128", codecMin: "opus:96" };
    const outputs = rig.call("Client.SetQuality", set);
    expect(sentTo(outputs, 1)[0]).toMatchObject({ kind: "codec header" });
    expect(coding().slice(0, 3)).toEqual(["opus:128", "opus:128", "opus:96"]);
    const saved = outputs.flatMap((output) => (output.kind === "persist" ? [output.state] : []));
    expect(saved[0]?.clients[0]?.tutti).toEqual({ codecMax: "opus:128", codecMin: "opus:96" });
    rig.call("Client.SetQuality", { id: "own", codecMax: null, codecMin: null });
    expect(coding().slice(0, 3)).toEqual(["opus", "opus", "opus:64"]);
  });

  test("are bottom and top for a link of any speed, which other limits do not make anew", () => {
    limited(rules);
    const told = events(play(3_000, 40)).filter((event) => "from" in event);
    expect(told.at(-1)).toMatchObject({ to: "opus:64" });
    rig.call("Client.SetQuality", { id: "own", codecMax: "opus:128" });
    expect(coding()).toEqual([
      "opus:64",
      "opus:128",
      "opus:64",
      expect.stringMatching(/^(link|chunks) too/),
    ]);
  });

  test("that contradict or are no codings are refused in words", () => {
    limited(rules);
    const refusal = (params: object) =>
      JSON.stringify(rig.call("Client.SetQuality", { id: "own", ...params }));
    expect(refusal({ codecMax: "opus:64", codecMin: "flac" })).toContain("more than codecMax");
    expect(refusal({ codecMax: "opsu" })).toContain("is not a codec; did you mean");
  });
});

test("a client whose clock is in doubt gets less as soon as it asks for that, and all again when it takes that back", () => {
  rig.join(1, OWN);
  rig.ask(1);
  play(2_000, 50_000);
  rig.say(1, { kind: "audio limit", kbitMax: 115 });
  const lowered = events(play(1_500, 50_000)).filter((event) => "from" in event);
  expect(lowered).toEqual([
    expect.objectContaining({
      kind: "quality lowered",
      client: "own",
      from: "opus",
      to: "opus:96",
    }),
  ]);
  rig.say(1, { kind: "audio limit", kbitMax: 0 });
  const raised = events(play(1_500, 50_000)).filter((event) => "from" in event);
  expect(raised).toEqual([
    expect.objectContaining({
      kind: "quality raised",
      from: "opus:96",
      reason: "questions about the time need less room again",
    }),
  ]);
});

test("what was held back goes out in the old coding when that is not too much: the new one begins with what is newest", () => {
  rig.join(1, OWN);
  rig.ask(1);
  rig.say(1, { kind: "bundles", spanMs: 200 });
  const ages: number[] = [];
  for (let turn = 0; turn < 10; turn++) {
    rig.say(1, { kind: "audio limit", kbitMax: turn % 2 === 0 ? 115 : 0 });
    play(1_500 + TURN_MS * turn, 50_000);
    rig.say(1, { kind: "audio limit", kbitMax: turn % 2 === 0 ? 0 : 115 });
    ages.push(...agesAtTurn(1_500, 50_000));
  }
  expect(ages).toHaveLength(10);
  // Two chunks: one just recorded, and where one was on its way into the bundle.
  for (const age of ages) expect(age).toBeLessThan(61);
});

test("a link in need of fewer bytes is not given what was held back, too", () => {
  const ages: number[] = [];
  for (let phase = 0; phase < 10; phase++) {
    rig = new Rig({ streams: [streamOf("music", { codec: OPUS(192), codecMin: OPUS(32) })] });
    rig.join(1, OWN);
    rig.ask(1);
    rig.say(1, { kind: "bundles", spanMs: 200 });
    play(1_000 + TURN_MS * phase, 50_000);
    ages.push(...agesAtTurn(3_000, SLOW_KBIT));
  }
  expect(Math.max(...ages)).toBeGreaterThan(100);
});

/** How old the newest of the old coding is whenever another begins. (ms) */
function agesAtTurn(ms: number, kbit: number): number[] {
  const ages: number[] = [];
  let newest = Number.NaN;
  play(ms, kbit, (outputs) => {
    for (const message of sentTo(outputs, 1)) {
      if (isChunk(message)) newest = message.recordedAt;
      if (message.kind === "codec header") ages.push((rig.now - newest) / 1_000);
    }
  });
  return ages;
}

test("PCM goes on with what comes next, as it needs no warming up", () => {
  rig = new Rig({
    streams: [streamOf("music", { codec: { name: "pcm" }, codecMin: OPUS(32) })],
  });
  rig.join(1, OWN);
  rig.ask(1);
  rig.say(1, { kind: "audio limit", kbitMax: 300 });
  play(2_000, 50_000);
  rig.say(1, { kind: "audio limit", kbitMax: 0 });
  const sent = sentTo(play(2_000, 50_000), 1);
  const turn = sent.findIndex(({ kind }) => kind === "codec header");
  const before = sent.slice(0, turn).filter(isChunk).at(-1)!;
  const first = sent.slice(turn).find(isChunk)!;
  expect(Math.abs(before.recordedAt - first.recordedAt) / 1_000).toBeLessThan(31);
});
