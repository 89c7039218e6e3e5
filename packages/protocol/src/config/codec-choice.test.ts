import { expect, test } from "vitest";
import { ConfigError } from "../errors.ts";
import { formatCodecChoice, parseCodecChoice } from "./codec-choice.ts";

test.each([
  ["opus", { name: "opus", bitrateKbit: 192 }],
  ["opus:96", { name: "opus", bitrateKbit: 96 }],
  ["opus:BITRATE:128000,COMPLEXITY:5", { name: "opus", bitrateKbit: 128, complexity: 5 }],
  ["opus:COMPLEXITY:0", { name: "opus", bitrateKbit: 192, complexity: 0 }],
  ["opus:BITRATE:512000", { name: "opus", bitrateKbit: 510 }],
  ["opus:BITRATE:MAX", { name: "opus", bitrateKbit: 510 }],
  ["flac", { name: "flac", level: 2 }],
  ["flac:8", { name: "flac", level: 8 }],
  ["pcm", { name: "pcm" }],
])("%s is understood, and what is written again means the same", (text, choice) => {
  expect(parseCodecChoice(text)).toEqual(choice);
  expect(parseCodecChoice(formatCodecChoice(parseCodecChoice(text)))).toEqual(choice);
});

test.each([
  ["opsu", '"opsu" is not a codec; did you mean "opus"? Allowed: opus[:kbit/s], flac[:level], pcm'],
  ["", '"" is not a codec; allowed: opus[:kbit/s], flac[:level], pcm'],
  ["constructor", '"constructor" is not a codec; allowed: opus[:kbit/s], flac[:level], pcm'],
  ["flac:9", 'flac level is "9"; allowed: 0 to 8'],
  ["opus:5", 'opus bitrate in kbit/s is "5"; allowed: 6 to 510'],
  ["opus:BITRATE:5999", 'opus bitrate in bit/s is "5999"; allowed: 6000 to 512000'],
  [
    "opus:VBR:1",
    '"VBR:1" is not an option of opus; allowed: a bitrate in kbit/s, or BITRATE:bit/s,COMPLEXITY:0-10',
  ],
  ["pcm:16", 'pcm takes no options, but has "16"'],
])("%s is refused in plain words", (text, message) => {
  expect(() => parseCodecChoice(text)).toThrow(new ConfigError(message));
});
