import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineSplitter } from "./line-splitter.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const texts = (splitter: LineSplitter, text: string) =>
  [...splitter.push(bytes(text))].map((line) => line && new TextDecoder().decode(line));

describe("lines", () => {
  test.each([
    ["a\nb\r\n", ["a", "b"]],
    ["\n\r\n", ["", ""]],
    ["a\rb\n", ["a\rb"]],
    ["no end", []],
  ])("%j is %j", (text, expected) => {
    expect(texts(new LineSplitter(100), text)).toEqual(expected);
  });

  test("however the bytes are cut, the lines are the same", () => {
    const lines = fc.array(fc.stringMatching(/^[a-zé]{0,40}$/), { maxLength: 20 });
    fc.assert(
      fc.property(lines, fc.array(fc.nat(50)), (expected, cuts) => {
        const splitter = new LineSplitter(1_000);
        let rest = bytes(expected.map((line) => `${line}\r\n`).join(""));
        const seen: string[] = [];
        const take = (count: number) => {
          for (const line of splitter.push(rest.subarray(0, count))) {
            seen.push(new TextDecoder().decode(line));
          }
          rest = rest.subarray(count);
        };
        for (const cut of cuts) take(cut);
        take(rest.length);
        expect(seen).toEqual(expected);
      }),
    );
  });

  test("one as long as allowed passes, one byte more ends the stream", () => {
    expect(texts(new LineSplitter(5), "12345\n")).toEqual(["12345"]);
    expect(texts(new LineSplitter(5), "ok\n123456")).toEqual(["ok", undefined]);
    expect(texts(new LineSplitter(5), "123456\nmore\n")).toEqual([undefined]);
  });
});
