import { formatCodecChoice, parseCodecChoice } from "@tutti/protocol/config";
import { expect, test } from "vitest";
import { ladderOf } from "./ladder.ts";

const CD = { rateHz: 48_000, bits: 16, channels: 2 } as const;
const ALL = ["opus", "flac", "pcm"];

function rungs(highest: string, lowest: string, codecs: readonly string[] = ALL): string {
  const choices = { highest: parseCodecChoice(highest), lowest: parseCodecChoice(lowest) };
  const ladder = ladderOf({ ...choices, format: CD, chunkMs: 20, codecs });
  expect(ladder.map(({ kbit }) => kbit)).toEqual(
    ladder.map(({ kbit }) => kbit).toSorted((a, b) => a - b),
  );
  return ladder.map(({ choice }) => formatCodecChoice(choice)).join(" ");
}

test.each([
  ["opus:192", "opus:32", "opus:32 opus:64 opus:96 opus:128 opus"],
  ["opus:192", "opus:96", "opus:96 opus:128 opus"],
  ["opus:160", "opus:64", "opus:64 opus:96 opus:128 opus:160"],
  ["opus:24", "opus:6", "opus:24"],
  ["opus:192", "flac", "opus"],
  ["flac:5", "opus:32", "opus:32 opus:64 opus:96 opus:128 opus opus:256 flac:5"],
  ["pcm", "opus:128", "opus:128 opus opus:256 flac pcm"],
  ["pcm", "flac", "flac pcm"],
])("from %s down to %s", (highest, lowest, wanted) => {
  expect(rungs(highest, lowest)).toBe(wanted);
});

test("what a client cannot decode is left out", () => {
  expect(rungs("pcm", "opus:32", ["flac", "pcm"])).toBe("flac pcm");
  expect(rungs("flac", "opus:32", ["flac", "pcm"])).toBe("flac");
});

test("options of opus hold on each rung", () => {
  expect(rungs("opus:BITRATE:96000,COMPLEXITY:5", "opus:64")).toBe(
    "opus:BITRATE:64000,COMPLEXITY:5 opus:BITRATE:96000,COMPLEXITY:5",
  );
});
