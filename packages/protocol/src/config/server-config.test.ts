import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigError } from "../errors.ts";
import type { ConfigInput } from "./config-reading.ts";
import { flagKey } from "./flags.ts";
import { parseServerConfig, SERVER_FLAGS, serverConfigJsonSchema } from "./server-config.ts";
import { streamOfUri } from "./stream-config.ts";

const MACHINE = { stateDir: "/home/x/state", runtimeDir: "/run/user/1000/tutti", name: "attic" };

function mistakes(text: string, more: ConfigInput = {}): string[] {
  try {
    parseServerConfig({ text, fileName: "server.yaml", ...more });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const lines = (error as ConfigError).message.split("\n");
    return lines.filter((line) => !/^ *\d* \| /.test(line));
  }
  return [];
}

test("without a file there is one stream, from a FIFO in the machine's runtime folder", () => {
  const config = parseServerConfig({ defaults: MACHINE });
  expect(config).toMatchObject({
    name: "attic",
    stateDir: "/home/x/state",
    bufferMs: 1_000,
    listen: { address: "::", stream: 1704, control: 1705, http: 1780 },
    mdns: true,
    initialVolume: 100,
    sendToMuted: false,
    log: "info",
  });
  expect(config.streams).toMatchObject([
    {
      name: "default",
      source: { kind: "pipe", path: "/run/user/1000/tutti/music.fifo", mode: "create" },
      codec: { name: "opus", bitrateKbit: 192 },
      sampleFormat: { rateHz: 48_000, bits: 16, channels: 2 },
      chunkMs: 20,
      bufferMs: 1_000,
      profile: "music",
    },
  ]);
  expect(config.streams[0]).not.toHaveProperty("fallback");
});

test("both ways to write a source mean the same, and the API sees a whole URI", () => {
  const config = parseServerConfig({
    text: `
codec: flac:5
fallback: demo
streams:
  - source: pipe:///run/x?name=Music&mode=read&idle_threshold=60000
  - name: Also
    source: { pipe: { path: /run/x, mode: read } }
    codec: pcm
    fallback: none
  - name: TV
    source: { alsa: { device: "hw:CARD=Capture", sampleFormat: "44100:24:2" } }
    profile: live
`,
  });
  const [music, also, tv] = config.streams;
  expect(music).toMatchObject({ name: "Music", idleThresholdMs: 60_000, fallback: "demo" });
  expect(also).toMatchObject({ source: music?.source, codec: { name: "pcm" } });
  expect(also).not.toHaveProperty("fallback");
  expect(tv).toMatchObject({ chunkMs: 10, bufferMs: 100, codec: { name: "flac", level: 5 } });
  expect(tv?.uri).toEqual({
    scheme: "alsa",
    host: "",
    path: "/",
    fragment: "",
    query: {
      chunk_ms: "10",
      codec: "flac:5",
      device: "hw:CARD=Capture",
      fallback: "demo",
      name: "TV",
      sampleformat: "44100:24:2",
    },
    raw: "alsa:///?chunk_ms=10&codec=flac%3A5&device=hw%3ACARD%3DCapture&name=TV&sampleformat=44100%3A24%3A2",
  });
});

test("buffers may grow where a second or more is asked for; a stream's own word goes before all", () => {
  const text = `
streams:
  - { name: Music, source: "demo://" }
  - { name: Near, source: "demo://", bufferMs: 600 }
  - { name: TV, source: "demo://", profile: live }
  - { name: Film, source: "demo://", profile: live, bufferMaxMs: 300 }
  - { name: Radio, source: "demo://", bufferMs: 4000 }
  - { name: Fixed, source: "demo://", bufferMaxMs: 20 }
`;
  const grown = (config: string) =>
    parseServerConfig({ text: config + text }).streams.map(({ bufferMaxMs }) => bufferMaxMs);
  const none = undefined;
  expect(grown("")).toEqual([2_500, none, none, 300, none, none]);
  expect(grown("bufferMaxMs: 1000")).toEqual([none, none, none, 300, none, none]);
  expect(grown("bufferMaxMs: 5000")).toEqual([5_000, none, none, 300, 5_000, none]);
});

test("flags override the file, which overrides defaults; --source replaces its streams", () => {
  const config = parseServerConfig({
    text: "bufferMs: 500\nmdns: false\nlisten: { control: 17 }\nstreams: [{ name: a, source: 'demo://' }]\n",
    overrides: {
      streamPort: "1800",
      buffer: "700",
      source: ["pipe:///a"],
      mdns: true,
      config: "x",
    },
  });
  expect(config.bufferMs).toBe(700);
  expect(config.listen).toEqual({ address: "::", stream: 1800, control: 17, http: 1780 });
  expect(config.mdns, "a parser reports true for --no-mdns not given").toBe(false);
  expect(config.streams).toMatchObject([
    { name: "default", source: { path: "/a" }, bufferMs: 700 },
  ]);
});

test("--no-mdns is heard", () => {
  expect(parseServerConfig({ overrides: { mdns: false } }).mdns).toBe(false);
});

test("the finished configuration cannot be changed", () => {
  const { streams } = parseServerConfig();
  expect(Object.isFrozen(streams)).toBe(true);
  expect(Object.isFrozen(streams[0]?.uri.query)).toBe(true);
});

test("a mistake is shown where it stands", () => {
  const text = 'name: Home\nstreams:\n  - name: TV\n    sorce: "x"\n    source: demo://\n';
  expect(() => parseServerConfig({ text, fileName: "/etc/tutti/server.yaml" })).toThrow(
    new ConfigError(
      `/etc/tutti/server.yaml:4:5: unknown key "sorce"; did you mean "source"? Allowed here: name, source, codec, codecMin, chunkMs, bufferMs, bufferMaxMs, profile, idleThresholdMs, fallback
  4 |     sorce: "x"
    |     ^^^^^`,
    ),
  );
});

test("all mistakes are told at once, in the order of the file", () => {
  const text = `bufferMs: 5
codec: opus:9999
streams:
  - name: A
    source: pipe://run/a
    chunkMs: 15.5
  - name: A
    source: { alsa: { devise: "hw:0" } }
  - source: demo://
  - name: B
    source: { pipe: { path: /x }, demo: {} }
    profile: liv
listen: { stream: 1705, control: 1705 }
mdns: yes
`;
  expect(mistakes(text)).toEqual([
    "server.yaml:1:11: bufferMs is 5; allowed: a whole number from 20 to 10000 (ms)",
    'server.yaml:2:8: opus bitrate in kbit/s is "9999"; allowed: 6 to 510',
    'server.yaml:5:13: "run" stands where a host would; a path takes three slashes: pipe:///run/a',
    "server.yaml:6:14: streams[0].chunkMs is 15.5; allowed: a whole number from 5 to 100 (ms)",
    'server.yaml:7:11: two streams are named "A"',
    'server.yaml:8:23: unknown key "devise"; did you mean "device"? Allowed here: device, sampleFormat',
    "server.yaml:9:5: name is missing; with several streams each needs its own",
    "server.yaml:11:13: a source is one of pipe, tcp, alsa, demo; this names 2",
    'server.yaml:12:14: streams[3].profile is "liv"; did you mean "live"? Allowed: music, live',
    "server.yaml:13:34: listen.control is 1705, which another of the three ports is already",
    'server.yaml:14:7: mdns is "yes"; allowed: true or false',
  ]);
});

test.each([
  ["streams: []", "server.yaml:1:10: streams is a list; allowed: a list of"],
  ["streams:", "server.yaml:1:8: streams is empty; allowed: a list of"],
  ["streams: [{ name: a }]", "server.yaml:1:11: streams[0].source is missing; it takes text, like"],
  ["- 1", "server.yaml:1:1: the file is a list; allowed: a mapping with name, bufferMs"],
  ["name: 5", "server.yaml:1:7: name is 5; allowed: text of 1 to 100 characters"],
  ["a: 1\na: 2", "server.yaml:2:1: this key stands here for the second time"],
  ["name: [", "server.yaml:1:7: "],
  ["listen:\n\tstream: 1", "server.yaml:2:1: a tab; YAML is indented by spaces"],
  ["name: a: b", "server.yaml:1:7: a second key on one line"],
  ["name: *gone", "server.yaml:1:7: Unresolved alias"],
  ["---\nname: a\n---\nname: b", "server.yaml:3:1: a second document begins here"],
  [
    "sampleFormat: 44100:16:2",
    "server.yaml:1:15: opus takes 48000:16:2, but the source delivers 44100:16:2",
  ],
  [
    "clients: [{ codecMax: opus:96 }]",
    "server.yaml:1:11: clients[0].client is missing; it takes text",
  ],
  [
    "clients: [{ client: a, codecMax: opus:96, codecMin: flac }]",
    "server.yaml:1:53: codecMin is flac, more than codecMax, which is opus:96; set it to opus:96 or less",
  ],
  [
    "clients: [{ client: a }, { client: a }]",
    'server.yaml:1:36: two entries are about "a"; keep one of them',
  ],
  ["chunkMs: 15", "server.yaml:1:10: chunkMs is 15; with opus allowed: 5, 10, 20, 40, 60 (ms)"],
  ["streams: [{ source: 'demo://?chunk_ms=7' }]", "server.yaml:1:21: chunkMs is 7; with opus"],
  [
    "streams: [{ codec: pcm, source: 'demo://?codec=pcm' }]",
    "server.yaml:1:20: codec stands here and in the source's URI; keep one of them",
  ],
])("%j is refused at its place", (text, start) => {
  const found = mistakes(text);
  expect(found[0]?.slice(0, start.length)).toBe(start);
});

test("a wrong flag is named as it was typed", () => {
  const overrides = {
    buffer: "5",
    chunk: "abc",
    streamPort: "99999",
    source: ["pipe:///a?name=x", "pipex:///b?name=y"],
    sampleFormat: "44100:16:2",
  };
  expect(mistakes("codec: pcm", { overrides })).toEqual([
    "--buffer 5: bufferMs is 5; allowed: a whole number from 20 to 10000 (ms)",
    '--chunk abc: chunkMs is "abc"; allowed: a whole number from 5 to 100 (ms)',
    '--source pipex:///b?name=y: unknown kind of source "pipex"; did you mean "pipe"? Allowed: pipe, tcp, alsa, demo',
    "--stream-port 99999: listen.stream is 99999; allowed: a whole number from 0 to 65535",
  ]);
});

test("with no file, a mistake has no place in one", () => {
  const overrides = { sampleFormat: "44100:16:2" };
  expect(() => parseServerConfig({ overrides })).toThrow(
    /^--sample-format 44100:16:2: opus takes 48000:16:2/,
  );
});

test("a stream can be made of a URI alone, and must name itself", () => {
  const { codec, sampleFormat } = parseServerConfig().streams[0]!;
  const defaults = { codec, sampleFormat, bufferMs: 1_000, fallback: "none" as const };
  expect(streamOfUri("pipe:///x?name=A&codec=flac", defaults)).toMatchObject({
    name: "A",
    codec: { name: "flac", level: 2 },
    bufferMs: 1_000,
  });
  expect(() => streamOfUri("pipe:///x", defaults)).toThrow("add name=");
  expect(() => streamOfUri("pipe:///x?name=A&sampleformat=44100:16:2", defaults)).toThrow(
    ConfigError,
  );
});

test("any text gives a configuration or a ConfigError", () => {
  const pieces = fc.constantFrom(
    ..."name: |bufferMs: |streams:|  - |source: |{ pipe: { path: /x } }|demo://|\n|: |&a |*a |[|]|{|}|'|\"|5|~|- |<<: |!!set |? |%|#|,|\t".split(
      "|",
    ),
  );
  const text = fc.oneof(
    fc.array(pieces, { maxLength: 20 }).map((all) => all.join("")),
    fc.string(),
  );
  fc.assert(
    fc.property(text, (some) => {
      try {
        parseServerConfig({ text: some });
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
      }
    }),
    { numRuns: 500 },
  );
});

test("every field says what it means, and the schema is one for an editor", () => {
  interface Node {
    description?: string;
    properties?: Record<string, Node>;
    additionalProperties?: boolean;
  }
  const schema = serverConfigJsonSchema() as Node;
  expect(schema.additionalProperties).toBe(false);
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    expect(field.description, key).toBeTruthy();
  }
});

test("every flag stands for a key that exists", () => {
  const schema = serverConfigJsonSchema() as { properties: Record<string, unknown> };
  for (const flag of SERVER_FLAGS) expect(Object.keys(schema.properties)).toContain(flag.path[0]);
  expect(SERVER_FLAGS.map(flagKey)).toContain("streamPort");
});
