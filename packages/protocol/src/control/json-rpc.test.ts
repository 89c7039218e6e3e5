import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BATCH_CALLS_MAX, encodeJson, parseDocument } from "./json-rpc.ts";

const request = { id: 1, jsonrpc: "2.0", method: "Server.GetStatus" };
const kinds = (text: string) => parseDocument(text).calls.map(({ kind }) => kind);

describe("one call", () => {
  test.each([
    ["a request", request, ["request"]],
    ["id as text", { ...request, id: "a" }, ["request"]],
    ["id null is answered", { ...request, id: null }, ["request"]],
    ["negative id", { ...request, id: -7 }, ["request"]],
    ["surplus members", { ...request, extra: 1 }, ["request"]],
    ["params null", { ...request, params: null }, ["request"]],
    ["positional params", { ...request, params: [1] }, ["request"]],
    ["no id: dropped", { jsonrpc: "2.0", method: "x" }, ["ignored"]],
    ["somebody's result", { id: 1, jsonrpc: "2.0", result: 5 }, ["ignored"]],
    ["somebody's error", { id: 1, jsonrpc: "2.0", error: {} }, ["ignored"]],
    ["fraction as id", { ...request, id: 1.5 }, ["invalid"]],
    ["flag as id", { ...request, id: true }, ["invalid"]],
    ["object as id", { ...request, id: {} }, ["invalid"]],
    ["no version", { id: 1, method: "x" }, ["invalid"]],
    ["another version", { ...request, jsonrpc: "1.0" }, ["invalid"]],
    ["method not text", { ...request, method: 5 }, ["invalid"]],
    ["params not a structure", { ...request, params: 5 }, ["invalid"]],
    ["nothing", {}, ["invalid"]],
    ["a number", 5, ["invalid"]],
    ["an empty batch", [], ["invalid"]],
    ["others than objects in a batch", [1, "x", [request], request], ["request"]],
    ["a batch of nothing to answer", [1], []],
  ])("%s", (_, content, expected) => {
    expect(kinds(JSON.stringify(content))).toEqual(expected);
  });

  test.each(["{", "garbage", "   ", '{"a":}', "\u0000"])("%j is a parse error", (text) => {
    const [call] = parseDocument(text).calls;
    expect(call).toMatchObject({
      kind: "invalid",
      error: { code: -32700, data: "Not valid JSON" },
    });
  });

  test("an empty line is nothing at all", () => {
    expect(parseDocument("")).toEqual({ batch: false, calls: [] });
  });

  test("a batch as long as allowed passes, one longer is refused whole", () => {
    const batch = (count: number) => JSON.stringify(Array.from({ length: count }, () => request));
    expect(kinds(batch(BATCH_CALLS_MAX))).toHaveLength(BATCH_CALLS_MAX);
    expect(kinds(batch(BATCH_CALLS_MAX + 1))).toEqual(["invalid"]);
  });

  test("deep nesting is refused or ignored, never a crash", () => {
    expect(() => parseDocument("[".repeat(100_000))).not.toThrow();
    expect(() => parseDocument("[".repeat(50_000) + "]".repeat(50_000))).not.toThrow();
  });

  test("no text makes it throw", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseDocument(text)));
    fc.assert(fc.property(fc.json(), (text) => void parseDocument(text)));
  });
});

describe("encoding", () => {
  test("keys in alphabetical order at all levels", () => {
    const text = encodeJson({ b: [{ z: 1, a: 2 }], a: { y: 1, x: 2 } });
    expect(text).toBe('{"a":{"x":2,"y":1},"b":[{"a":2,"z":1}]}');
  });

  test.each([
    ["Küche", String.raw`"K\u00fcche"`],
    ["🎵", String.raw`"\ud83c\udfb5"`],
    ["half \ud83c a pair", String.raw`"half \ufffd a pair"`],
    ["\u2028\u007f", String.raw`"\u2028\u007f"`],
  ])("%j leaves as ASCII", (text, expected) => {
    expect(encodeJson(text)).toBe(expected);
  });

  test("reads back as what it was, in one line of ASCII", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (content) => {
        const text = encodeJson(content);
        expect(text).toMatch(/^[\x20-\x7e]*$/);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(content)));
      }),
    );
  });
});
