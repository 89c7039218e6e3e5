import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseClientConfig } from "./client-config.ts";
import {
  effectiveClientConfig,
  effectiveServerConfig,
  masked,
  runningServerConfig,
} from "./effective-config.ts";
import { parseServerConfig } from "./server-config.ts";
import { writeYaml } from "./yaml-writing.ts";

const EXAMPLES = new URL("../../../../config/", import.meta.url);

function example(name: string): string {
  return readFileSync(new URL(name, EXAMPLES), "utf8");
}

/** Without the URI, which keeps the way a source was written. */
function meaning(text: string): object {
  const { streams, ...rest } = parseServerConfig({ text });
  return { ...rest, streams: streams.map(({ uri, ...stream }) => stream) };
}

const URIS = `
codec: flac:5
bufferMs: 700
streams:
  - source: pipe:///run/a.fifo?name=A&sampleformat=44100:16:2&idle_threshold=900
  - { name: B, source: "demo://", profile: live, codec: pcm }
`;

test.each([
  ["an empty file", ""],
  ["the example", example("server.example.yaml")],
  ["sources by URI", URIS],
])("what is printed of %s means the same", (_, text) => {
  const { value, originAt } = effectiveServerConfig({ text });
  expect(meaning(writeYaml(value, { at: originAt }))).toEqual(meaning(text));
});

test("tells where each value comes from", () => {
  const { value, originAt } = effectiveServerConfig({ text: URIS, fileName: "s.yaml" });
  const printed = writeYaml(value, { at: originAt });
  for (const line of [
    /^codec: flac:5 # s.yaml:2$/m,
    /^mdns: true # default$/m,
    /^ {2}- name: A # s.yaml:5$/m,
    /^ {8}path: \/run\/a.fifo # s.yaml:5$/m,
    /^ {8}mode: create # default$/m,
    /^ {8}sampleFormat: 44100:16:2 # s.yaml:5$/m,
    /^ {4}codec: flac:5 # codec, s.yaml:2$/m,
    /^ {4}bufferMs: 700 # bufferMs, s.yaml:3$/m,
    /^ {4}bufferMs: 100 # default$/m,
    /^ {4}idleThresholdMs: 900 # s.yaml:5$/m,
    /^ {4}codec: pcm # s.yaml:6$/m,
    /^ {2}stream: 1704 # default$/m,
  ]) {
    expect(printed).toMatch(line);
  }
});

test("a client's file too", () => {
  const text = example("client.example.yaml");
  const { value, originAt } = effectiveClientConfig({ text, fileName: "c.yaml" });
  const printed = writeYaml(value, { at: originAt, heading: ["one\ntwo"] });
  expect(parseClientConfig({ text: printed })).toEqual(parseClientConfig({ text }));
  expect(printed).toMatch(/^# one two\n/);
  expect(printed).toMatch(/^ {2}max: 85 # c.yaml:\d+$/m);
  const empty = effectiveClientConfig({});
  expect(parseClientConfig({ text: writeYaml(empty.value) })).toEqual(parseClientConfig());
});

test("a file that is wrong is refused as the daemon refuses it", () => {
  expect(() => effectiveServerConfig({ text: "bufferMS: 5" })).toThrow(/did you mean "bufferMs"/);
});

test("what a server runs with has what flags said, and none of what only streams take over", () => {
  const text =
    "bufferMs: 700\nhooks: { play: [/bin/on, key=1] }\ncodec: flac\nstreams: [{ source: 'pipe:///home/ann/a.fifo?name=A' }]";
  const running = runningServerConfig(parseServerConfig({ text, overrides: { buffer: "600" } }));
  expect(running).toMatchObject({ bufferMs: 600, mdns: true, listen: { control: 1_705 } });
  expect(running).toMatchObject({
    streams: [{ name: "A", codec: "flac", source: { pipe: { path: "~/a.fifo" } } }],
  });
  expect(running).toMatchObject({ hooks: { play: ["/bin/on", "***"] } });
  expect(running).not.toHaveProperty("codec");
});

test("secrets become stars, a home directory a tilde, and the rest stays", () => {
  const value = {
    mqtt: { url: "mqtt://me:secret@host/x", password: "hunter2", port: 1_883 },
    paths: ["/root/.state", "/home/ann", "/var/lib/tutti", "/rooted"],
    tokens: ["a", ""],
    off: null,
  };
  expect(masked(value)).toEqual({
    mqtt: { url: "mqtt://***@host/x", password: "***", port: 1_883 },
    paths: ["~/.state", "~", "/var/lib/tutti", "/rooted"],
    tokens: ["***", ""],
    off: null,
  });
});
