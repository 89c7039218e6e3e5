import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { completionTable } from "./completion.ts";
import { bashCompletion } from "./completion-bash.ts";
import { fishCompletion } from "./completion-fish.ts";
import { zshCompletion } from "./completion-zsh.ts";
import type { VerbDoc } from "./verb-doc.ts";

const leaf = { usage: "", operands: [], options: [], examples: [], epilogue: "", verbs: [] };
const tree: VerbDoc = {
  ...{ ...leaf, line: "tutti", name: "tutti", description: "" },
  verbs: [
    {
      ...{
        ...leaf,
        line: "tutti paint",
        name: "paint",
        description: "it's 100 % $HOME `x` \\ : a",
      },
      operands: [
        { name: "client", description: "", required: true, choices: [] },
        { name: "colour", description: "", required: true, choices: ["red", "blue"] },
        { name: "ms", description: "", required: false, choices: [] },
      ],
      options: [
        { flags: "--to <file>", names: ["--to"], value: "file", description: "where" },
        { flags: "-q, --quick", names: ["-q", "--quick"], value: undefined, description: "" },
      ],
    },
  ],
};

test("the table says what can stand where", () => {
  expect(completionTable(tree)).toEqual({
    places: [
      {
        ...{ line: "tutti", options: [], operands: [] },
        verbs: [{ word: "paint", meaning: "it's 100 % $HOME `x` \\ : a" }],
      },
      {
        line: "tutti paint",
        verbs: [],
        options: [
          { word: "--to", meaning: "where" },
          { word: "-q", meaning: "" },
          { word: "--quick", meaning: "" },
        ],
        operands: [
          { kind: "clients" },
          { kind: "words", words: ["red", "blue"] },
          { kind: "free" },
        ],
      },
    ],
    values: [{ at: "tutti paint --to", kind: { kind: "files" } }],
  });
});

test.each([
  ["bash", bashCompletion],
  ["zsh", zshCompletion],
  ["fish", fishCompletion],
] as const)("%s reads its script, whatever the descriptions hold", (shell, script) => {
  const folder = mkdtempSync(join(tmpdir(), "tutti-completion-"));
  const file = join(folder, "script");
  writeFileSync(file, script(completionTable(tree)));
  const read = spawnSync(shell, ["-n", file], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  if (read.error) return; // this shell is not installed here; CI has all three
  expect({ status: read.status, stderr: read.stderr }).toEqual({ status: 0, stderr: "" });
});
