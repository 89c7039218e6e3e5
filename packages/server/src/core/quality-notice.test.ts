import { NOTIFICATIONS } from "@tutti/protocol/control";
import { beforeEach, expect, test } from "vitest";
import { OWN, Rig, streamOf } from "../../test/server-rig.ts";
import type { ServerEvent, ServerOutput } from "./index.ts";
import { qualityNotice } from "./quality-notice.ts";

let rig: Rig;
beforeEach(() => {
  rig = new Rig({ streams: [streamOf("music")] });
  rig.handle({ kind: "wall clock", wall: { sec: 1_000, usec: 0 } });
});

/** What controllers are told of how it sounds. */
function told(outputs: readonly ServerOutput[]): object[] {
  return outputs
    .flatMap((output) => (output.kind === "notify" ? [JSON.parse(output.text)] : []))
    .filter(({ method }) => method.endsWith(".OnQuality"))
    .map(({ method, params: { tutti: _, ...params } }) => ({ method, ...params }));
}

test.each<ServerEvent>([
  { kind: "client degraded", client: "a", what: "weak board", reason: "one core" },
  { kind: "client reconnected", client: "a", awaySeconds: 3, reason: "it hung up" },
  { kind: "chunks dropped", client: "a", count: 3 },
  { kind: "gap in source", stream: "music", lostMs: 120 },
  { kind: "source failed", stream: "music", reason: "no such device" },
])("the notice of $kind is as the API promises", (event) => {
  const notice = qualityNotice(event);
  const { params } = NOTIFICATIONS[notice!.method];
  const whole = { ...notice?.params, tutti: { revision: 0 } };
  expect(params.parse(whole)).toEqual(whole);
});

test("who is back within a minute is told of, with how long and why", () => {
  rig.join(1, OWN);
  rig.handle({ kind: "disconnected", session: 1 });
  rig.handle({ kind: "wall clock", wall: { sec: 1_004, usec: 0 } });
  expect(told(rig.join(2, OWN))).toEqual([
    {
      ...{ method: "Client.OnQuality", id: "own", what: "reconnected", better: true },
      reason: "it was away for 4 s: it hung up",
    },
  ]);
  expect(told(rig.join(3, OWN))[0]).toMatchObject({
    reason: "it was away for 0 s: its connection hung",
  });
});

test("who was switched off for longer is not", () => {
  rig.join(1, OWN);
  rig.handle({ kind: "disconnected", session: 1 });
  rig.handle({ kind: "wall clock", wall: { sec: 2_000, usec: 0 } });
  expect(told(rig.join(2, OWN))).toEqual([]);
});

test("a source that was late and goes on left a gap; one that pauses did not", () => {
  const play = (chunks: number) => Array.from({ length: chunks }, () => told(rig.sound())).flat();
  expect(play(50)).toEqual([]);
  rig.pass(400);
  expect(play(10)).toEqual([
    {
      ...{ method: "Stream.OnQuality", id: "music", what: "gap in source", better: false },
      ...{ reason: "its source delivered too little in time", lostMs: expect.any(Number) },
    },
  ]);
  rig.pass(5_000);
  expect(play(5)).toEqual([]);
});
