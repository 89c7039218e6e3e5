import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigError } from "../errors.ts";
import { sourceOfUri, uriOfSource } from "./source-spec.ts";
import { parseSourceUri, withQuery, withRaw } from "./source-uri.ts";

test("every part is found and decoded; of a repeated key the last value counts", () => {
  const uri = parseSourceUri(
    ` "tcp://host:4953/a%20b?name=caf%C3%A9+x&flag&dup=1&dup=2&b=c=d&&%6Dode=server#frag%20ment" `,
  );
  expect(uri).toEqual({
    scheme: "tcp",
    host: "host:4953",
    path: "/a b",
    fragment: "frag ment",
    query: { name: "café+x", dup: "2", b: "c=d", mode: "server" },
    raw: "tcp://host:4953/a%20b?b=c%3Dd&dup=2&mode=server&name=caf%C3%A9%2Bx#frag%20ment",
  });
});

test("raw names all parameters, sorted, as the control API shows it", () => {
  const uri = withQuery(parseSourceUri("pipe:///tmp/snapfifo?name=default"), {
    sampleformat: "48000:16:2",
    codec: "flac",
    chunk_ms: "20",
  });
  expect(uri.raw).toBe(
    "pipe:///tmp/snapfifo?chunk_ms=20&codec=flac&name=default&sampleformat=48000%3A16%3A2",
  );
});

test("whatever the parts are, raw parses to them again", () => {
  const word = fc.string({ unit: "grapheme", maxLength: 12 });
  const parts = fc.record({
    scheme: fc.constantFrom("pipe", "tcp", "alsa"),
    host: fc.constantFrom("", "host", "[::1]:80"),
    path: word.map((text) => `/${text}`),
    fragment: word,
    query: fc.dictionary(word, word, { noNullPrototype: true }),
  });
  fc.assert(
    fc.property(parts, (some) => {
      const uri = withRaw(some);
      expect(parseSourceUri(uri.raw)).toEqual(uri);
    }),
  );
});

test("any text gives a URI or a ConfigError", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc
      .string({ unit: fc.constantFrom(..."pipe:/?&=%2#é\ud800".split("")) })
      .map((rest) => `a://${rest}`),
  );
  fc.assert(
    fc.property(text, (some) => {
      try {
        expect(parseSourceUri(parseSourceUri(some).raw).raw).toBe(parseSourceUri(some).raw);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
      }
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["pipe:///run/x", { kind: "pipe", path: "/run/x", mode: "create" }],
  ["pipe:///run/x?mode=read", { kind: "pipe", path: "/run/x", mode: "read" }],
  ["tcp://0.0.0.0", { kind: "tcp", mode: "server", host: "0.0.0.0", port: 4953 }],
  ["tcp://", { kind: "tcp", mode: "server", host: "127.0.0.1", port: 4953 }],
  ["tcp://[::]:5000/?mode=server", { kind: "tcp", mode: "server", host: "::", port: 5000 }],
  ["tcp://desk:4711?mode=client", { kind: "tcp", mode: "client", host: "desk", port: 4711 }],
  ["tcp://fd00::2:4711?mode=client", { kind: "tcp", mode: "client", host: "fd00::2", port: 4711 }],
  ["alsa:///?device=hw%3A0,1", { kind: "alsa", device: "hw:0,1" }],
  ["alsa://", { kind: "alsa", device: "default" }],
  ["demo://", { kind: "demo" }],
])("%s can be opened, and its own URI means the same", (text, spec) => {
  const source = sourceOfUri(parseSourceUri(text));
  expect(source).toEqual(spec);
  expect(sourceOfUri(parseSourceUri(uriOfSource(source).raw))).toEqual(spec);
});

test.each([
  ["/run/x", '"/run/x" is not a source; for a named pipe write pipe:///run/x'],
  ["spotify", "it is written scheme://host/path?key=value"],
  ["pip:///x", 'unknown kind of source "pip"; did you mean "pipe"? Allowed: pipe, tcp, alsa, demo'],
  ["airplay:///x", 'unknown kind of source "airplay"; allowed: pipe, tcp, alsa, demo'],
  ["pipe://run/x", "a path takes three slashes: pipe:///run/x"],
  ["pipe:///", "a pipe source needs a path"],
  ["pipe:///x?mod=read", 'unknown parameter "mod" of a pipe source; did you mean "mode"?'],
  ["pipe:///x?mode=write", 'mode is "write"; allowed: create, read'],
  ["tcp://host:0", '"host:0" is no address; it is written tcp://host:port'],
  ["tcp://a b", '"a b" is no address'],
  ["tcp://host:4953/music", "a tcp source has no path"],
  ["tcp://host?mode=listen", 'mode is "listen"; allowed: server, client'],
  ["pipe:///x?name=100%", "a percent sign itself is %25"],
])("%s is refused with its cure", (text, message) => {
  expect(() => sourceOfUri(parseSourceUri(text))).toThrow(ConfigError);
  expect(() => sourceOfUri(parseSourceUri(text))).toThrow(message);
});
