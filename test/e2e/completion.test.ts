import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Probe } from "./harness/probe.ts";
import { startTuttiServer, type TuttiServer } from "./harness/tutti-server.ts";

/** The shells themselves complete `tutti`, with names that the server tells. */

const CLI = join(import.meta.dirname, "../../packages/cli/dist/bundle/main.cjs");
const directory = mkdtempSync(join(tmpdir(), "tutti-completion-"));
let server: TuttiServer;
let player: Probe;

function run(program: string, words: readonly string[]): string {
  const environment = {
    ...process.env,
    PATH: `${directory}${delimiter}${process.env.PATH}`,
    TUTTI_SERVER: `127.0.0.1:${server.controlPort}`,
    HOME: directory,
  };
  const { stdout, stderr } = spawnSync(program, words, { env: environment, encoding: "utf8" });
  if (stderr !== "") throw new Error(stderr);
  return stdout;
}

function has(program: string): boolean {
  return spawnSync(program, ["--version"]).error === undefined;
}

beforeAll(async () => {
  writeFileSync(join(directory, "tutti"), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
  chmodSync(join(directory, "tutti"), 0o755);
  server = await startTuttiServer({
    directory,
    source: "demo://?name=Music",
    flags: ["--source", `pipe://${join(directory, "tv.fifo")}?name=TV`],
  });
  player = new Probe(server.port, "aa");
  await vi.waitFor(() => run("tutti", ["name", "aa", "Living Room"]), { timeout: 20_000 });
  run("tutti", ["group", "name", "living", "Downstairs"]);
  for (const shell of ["bash", "zsh", "fish"]) {
    writeFileSync(join(directory, `${shell}.completion`), run("tutti", ["completion", shell]));
  }
});

afterAll(async () => {
  player?.stop();
  await server?.process.stop();
  rmSync(directory, { recursive: true });
});

/** A command line up to the cursor, and all that is offered there, without what it means. */
const CASES: [line: string, offered: string[]][] = [
  ["tutti stat", ["status"]],
  ["tutti group se", ["set"]],
  ["tutti group set --cl", ["--clients"]],
  ["tutti volume li", ["Living Room"]],
  ["tutti volume group d", ["Downstairs"]],
  ["tutti group mute D", ["Downstairs"]],
  ["tutti group set Downstairs --stream T", ["TV"]],
  ["tutti stream play ", ["Music", "TV"]],
  ["tutti completion ", ["bash", "fish", "zsh"]],
  ["tutti server --fall", ["--fallback"]],
  ["tutti client --dev", ["--device", "--device-latency"]],
  ["tutti client f", ["forget"]],
  ["tutti config check bash.c", ["bash.completion"]],
];

function lines(text: string): string[] {
  return [...new Set(text.split("\n").filter((line) => line !== ""))].sort();
}

function wordsOf(line: string): string[] {
  return line.split(" ");
}

function quoted(word: string): string {
  return `'${word}'`;
}

describe("bash", () => {
  test.each(CASES)("%s", (line, offered) => {
    const words = wordsOf(line);
    const script = `
      source ${directory}/bash.completion
      cd ${directory}
      compopt() { mapfile -t FILES < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"); }
      COMP_WORDS=(${words.map(quoted).join(" ")}) COMP_CWORD=${words.length - 1} FILES=()
      _tutti
      printf '%s\\n' "\${COMPREPLY[@]}" "\${FILES[@]}"`;
    const shown = run("bash", ["--norc", "-c", script]).replaceAll("\\ ", " ");
    expect(lines(shown)).toEqual(offered);
  });
});

describe.skipIf(!has("zsh"))("zsh", () => {
  test.each(CASES)("%s", (line, offered) => {
    const words = wordsOf(line);
    // What ends up on the screen is zsh's own; what is handed to it is ours.
    const script = `
      compdef() { : }
      compadd() { while [[ $1 == -* ]]; do [[ $1 == -M ]] && shift; shift; done; offer "$@" }
      _describe() { local list; [[ $1 == -o ]] && shift; list=$2; offer "\${(@)\${(P@)list}%%:*}" }
      _files() { offer *(N) }
      offer() { local w; for w in "$@"; do [[ \${(L)w} == \${(L)words[CURRENT]}* ]] && print -r -- $w; done; : }
      source ${directory}/zsh.completion
      cd ${directory}
      words=(${words.map(quoted).join(" ")}) CURRENT=${words.length}
      _tutti`;
    expect(lines(run("zsh", ["-f", "-c", script]))).toEqual(offered);
  });
});

describe.skipIf(!has("fish"))("fish", () => {
  test.each(CASES)("%s", (line, offered) => {
    const script = `cd ${directory}; source fish.completion; complete -C ${quoted(line)}`;
    const shown = run("fish", ["--no-config", "-c", script]).replaceAll(/\t.*/g, "");
    expect(lines(shown.replaceAll("\\ ", " "))).toEqual(offered);
  });
});

test("manual pages are right by mandoc's judgement", () => {
  run("tutti", ["man", join(directory, "man")]);
  const pages = readdirSync(join(directory, "man")).map((page) => join(directory, "man", page));
  expect(pages).toHaveLength(3);
  if (has("mandoc")) expect(run("mandoc", ["-Tlint", "-W", "warning", ...pages])).toBe("");
});
