import { readFileSync } from "node:fs";
import { parseServerConfig, writeYaml } from "@tutti/protocol/config";
import { parseSavedHouse } from "@tutti/protocol/control";
import { expect, test } from "vitest";
import { importConf } from "./import-conf.ts";
import { importState } from "./import-state.ts";

/* The files in test/snapserver were written for and by Debian's snapserver 0.26, changed through its API. */

const FOLDER = new URL("../../test/snapserver/", import.meta.url);

function fixture(name: string): string {
  return readFileSync(new URL(name, FOLDER), "utf8");
}

test("a whole file becomes ours, and what has no counterpart is told", () => {
  const { value, notes, stateFolder } = importConf(fixture("snapserver.conf"));
  expect(stateFolder).toBe("/var/lib/snapserver/");
  expect(value).toEqual({
    bufferMs: 800,
    codec: "flac:5",
    sampleFormat: "48000:16:2",
    chunkMs: 26,
    streams: [
      {
        name: "Living Room",
        source: { pipe: { path: "/run/snap/a.fifo", mode: "create", sampleFormat: "44100:16:2" } },
      },
      {
        name: "Radio",
        source: { pipe: { path: "/run/snap/b.fifo", mode: "create" } },
        codec: "opus",
        chunkMs: 20,
      },
    ],
    listen: { address: "127.0.0.1", stream: 1714, control: 1715, http: 1790 },
    sendToMuted: true,
    webRoot: "/usr/share/snapserver/snapweb",
  });
  expect(notes).toEqual([
    expect.stringMatching(/^line 2: server.threads = 2 has no counterpart/),
    expect.stringMatching(/^line 17: stream "Living Room": dryout_ms=1000 is left out/),
    expect.stringMatching(/^line 18: stream "Radio": opus takes chunks of 20 ms, not 26/),
    expect.stringMatching(/^line 19: stream "File" is left out: no file source/),
    expect.stringMatching(/^line 20: stream "Mix" is left out: no meta source/),
  ]);
  expect(() => parseServerConfig({ text: writeYaml(value) })).not.toThrow();
});

test.each<[string, string, object]>([
  ["nothing is what Snapcast does by itself", "", { codec: "flac" }],
  ["empty values count as none", "[stream]\ncodec =\n[http]\nport=", { codec: "flac" }],
  ["comments", "[stream]\n#codec = pcm\n;codec = pcm\n", { codec: "flac" }],
  ["ogg", "[stream]\ncodec = ogg:VBR:0.5", { codec: "flac" }],
  ["newer sections", "[tcp-control]\nport = 5", { codec: "flac", listen: { control: 5 } }],
  ["two addresses", "[http]\nbind_to_address = ::1\nbind_to_address = ::2", { codec: "flac" }],
  ["one address", "[tcp]\nbind_to_address = ::1", { codec: "flac", listen: { address: "::1" } }],
  ["a filter", "[logging]\nfilter = *:warning", { codec: "flac", log: "warn" }],
  ["beyond range", "[stream]\nbuffer = 5\nchunk_ms = x\nport = 70000", { codec: "flac" }],
  [
    "volume and mDNS",
    "[streaming_client]\ninitial_volume = 40\n[server]\nmdns_enabled = false",
    { codec: "flac", initialVolume: 40, mdns: false },
  ],
])("%s", (_, conf, expected) => {
  const { streams, ...value } = importConf(conf).value;
  expect(value).toEqual(expected);
  expect(streams).toMatchObject([{ name: "default" }]);
});

test.each([
  ["source = pipe:///a?codec=ogg", /no name/],
  ["source = pipe:///a?name=A&codec=ogg", /Vorbis/],
  ["source = pipe:///a?name=A&codec=opus&sampleformat=44100:16:2", /opus takes 48000:16:2/],
  ["source = airplay:///x?name=A&password=secret", /^line 2: stream "A" is left out: no airplay/],
  ["source = /tmp/x", /left out: "\/tmp\/x" is no/],
  ["source = pipe:///tmp/x?name=A", /FIFO in \/tmp/],
  ["source = pipe:///a?name=A\nsource = pipe:///b?name=A", /line 3: a second stream named "A"/],
  ["[http]\nenabled = false", /line 3: http.enabled = false cannot/],
  ["[future]\nthing = 1", /future.thing = 1 is not known/],
  ["[logging]\nfilter = *:info,Stream:debug", /one level for all/],
])("%s is told of", (line, note) => {
  const { value, notes } = importConf(`[stream]\n${line}`);
  expect(notes.join("\n")).toMatch(note);
  expect(notes.join("\n")).not.toContain("secret");
  expect(() => parseServerConfig({ text: writeYaml(value) })).not.toThrow();
});

test("a source over TCP is carried over, its mode and its default port", () => {
  const { value, notes } = importConf(
    "[stream]\nsource = tcp://0.0.0.0?name=A\nsource = tcp://10.0.0.2:4711?name=B&mode=client",
  );
  expect(notes).toEqual([]);
  expect(value.streams).toEqual([
    { name: "A", source: { tcp: { mode: "server", host: "0.0.0.0", port: 4953 } } },
    { name: "B", source: { tcp: { mode: "client", host: "10.0.0.2", port: 4711 } } },
  ]);
  expect(() => parseServerConfig({ text: writeYaml(value) })).not.toThrow();
});

test("groups, names, volumes, mutes and latencies are carried over", () => {
  const state = importState(JSON.parse(fixture("server.json")), ["Living Room", "Radio"]);
  expect(state?.notes).toEqual([]);
  expect(parseSavedHouse(state?.house)).toEqual(state?.house);
  expect(state?.house.groups).toMatchObject([
    { clients: ["cc:03"], muted: true, name: "", streamId: "Living Room" },
    { clients: ["aa:01", "bb:02"], muted: false, name: "Downstairs", streamId: "Radio" },
  ]);
  expect(state?.house.clients.map(({ id, config }) => [id, config])).toEqual([
    ["cc:03", { instance: 1, latency: 0, name: "", volume: { muted: false, percent: 100 } }],
    ["aa:01", { instance: 1, latency: 0, name: "Küche", volume: { muted: false, percent: 37 } }],
    ["bb:02", { instance: 1, latency: 42, name: "", volume: { muted: true, percent: 61 } }],
  ]);
});

test("a state of nonsense is none, one with odd values is put right", () => {
  for (const content of [undefined, null, [], {}, "x", { Groups: 5 }]) {
    expect(importState(content, [])).toBeUndefined();
  }
  const client = { id: "a", config: { volume: { percent: 65_531 } } };
  const state = importState({ Groups: [{ clients: [client, {}, 5] }, { clients: [client] }] }, [
    "X",
  ]);
  expect(parseSavedHouse(state?.house)).toEqual(state?.house);
  expect(state?.house.groups).toEqual([
    { clients: ["a"], id: "group-of-a", muted: false, name: "", streamId: "" },
  ]);
  expect(state?.house.clients[0]?.config.volume.percent).toBe(100);
  expect(state?.notes).toEqual([
    expect.stringContaining("volume 65531 becomes 100"),
    expect.stringContaining('its stream "" is not carried over'),
  ]);
});
