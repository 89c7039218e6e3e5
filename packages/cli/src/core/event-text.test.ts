import { expect, test } from "vitest";
import { afterEvent, describeEvent } from "./event-text.ts";
import type { House } from "./house-view.ts";

const kitchen = {
  id: "aa",
  connected: true,
  config: { instance: 1, latency: 0, name: "Kitchen", volume: { muted: false, percent: 50 } },
  host: { arch: "", ip: "", mac: "", name: "pi", os: "" },
  lastSeen: { sec: 0, usec: 0 },
  snapclient: { name: "", protocolVersion: 2, version: "" },
};
const house: House = {
  groups: [{ id: "g", name: "", muted: false, stream_id: "Music", clients: [kitchen] }],
  streams: [],
};

test.each([
  ["Client.OnConnect", { id: "aa", client: kitchen }, "Kitchen  connected"],
  ["Client.OnDisconnect", { id: "aa", client: kitchen }, "Kitchen  gone"],
  [
    "Client.OnVolumeChanged",
    { id: "aa", volume: { muted: true, percent: 5 } },
    "Kitchen  volume 5 %, muted",
  ],
  ["Client.OnLatencyChanged", { id: "aa", latency: 1.5 }, "Kitchen  latency 1.5 ms"],
  [
    "Client.OnQuality",
    { id: "aa", what: "chunks concealed", better: false, reason: "lost", count: 3 },
    "Kitchen  chunks concealed (3): lost",
  ],
  [
    "Client.OnQuality",
    { id: "aa", what: "quality lowered", reason: "slow", from: "opus", to: "opus:96" },
    "Kitchen  quality lowered from opus to opus:96: slow",
  ],
  [
    "Stream.OnQuality",
    { id: "Music", what: "gap in source", better: false, reason: "too little", lostMs: 120 },
    "Music  gap in source (120 ms): too little",
  ],
  ["Client.OnNameChanged", { id: "aa", name: "Bath" }, "Kitchen  is called Bath"],
  ["Client.OnNameChanged", { id: "unknown", name: "Bath" }, "unknown  is called Bath"],
  ["Group.OnMute", { id: "g", mute: true }, "Kitchen  muted"],
  ["Group.OnNameChanged", { id: "g", name: "Down" }, "Kitchen  is called Down"],
  ["Group.OnStreamChanged", { id: "g", stream_id: "TV" }, "Kitchen  plays TV"],
  ["Server.OnUpdate", { server: house }, "house  [Kitchen]"],
  ["Stream.OnUpdate", { id: "TV", stream: { status: "idle" } }, "TV  idle"],
  ["Stream.OnProperties", { id: "TV", properties: {} }, "TV  its player's properties changed"],
  ["Preset.OnRecall", { id: 1 }, 'Preset.OnRecall  {"id":1}'],
])("%s %o", (method, params, sentence) => {
  expect(describeEvent({ method, params }, house)).toBe(sentence);
});

test("names that changed are used from then on", () => {
  const renamed = afterEvent(house, {
    method: "Client.OnNameChanged",
    params: { id: "aa", name: "Bath" },
  });
  const event = { method: "Client.OnLatencyChanged", params: { id: "aa", latency: 2 } };
  expect(describeEvent(event, renamed)).toBe("Bath  latency 2 ms");
  const named = afterEvent(renamed, {
    method: "Group.OnNameChanged",
    params: { id: "g", name: "Down" },
  });
  const mute = { method: "Group.OnMute", params: { id: "g", mute: false } };
  expect(describeEvent(mute, named)).toBe("Down  no longer muted");
  const empty = afterEvent(named, {
    method: "Server.OnUpdate",
    params: { server: { groups: [], streams: [] } },
  });
  expect(describeEvent(event, empty)).toBe("aa  latency 2 ms");
});
