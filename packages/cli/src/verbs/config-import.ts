import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ConfigError } from "@tutti/protocol";
import { parseServerConfig, writeYaml } from "@tutti/protocol/config";
import { JOURNAL_FILES, SAVED_HOUSE_FILE } from "@tutti/protocol/control";
import { type ImportedConf, importConf } from "../core/import-conf.ts";
import { type ImportedState, importState } from "../core/import-state.ts";
import { Failure } from "../failure.ts";
import { writeNewFile } from "../new-file.ts";
import { remark } from "../print.ts";
import { readText } from "../read-text.ts";
import { isFileError } from "./config-check.ts";

const USUAL_CONF = "/etc/snapserver.conf";
const USUAL_STATE_FOLDER = "/var/lib/snapserver";

interface ImportOptions {
  readonly state?: string;
  readonly to?: string;
  readonly stateDir?: string;
  readonly force?: boolean;
}

/** `tutti config import [CONF]`: shows what it would be, or writes where it is told to. */
export function importSnapserver(conf: string | undefined, options: ImportOptions): void {
  const source = conf ?? USUAL_CONF;
  const imported = importConf(readFile(source));
  const yaml = yamlOf(imported, source);
  const state = readState(options, imported);
  const { to, stateDir, force = false } = options;
  const target = stateDir === undefined ? undefined : join(stateDir, SAVED_HOUSE_FILE);
  const inTheWay = [to, target].filter((path) => path !== undefined && existsSync(path));
  if (inTheWay.length > 0 && !force) {
    throw new Failure(`${inTheWay.join(" and ")}: already there; --force overwrites`);
  }
  if (to === undefined) process.stdout.write(yaml);
  else writeFile(to, yaml, force);
  if (target !== undefined && state) {
    writeFile(target, `${JSON.stringify(state.house, undefined, 2)}\n`, force);
    // Changes of the house that was there before: they must not be made to this one.
    for (const name of JOURNAL_FILES) rmSync(join(dirname(target), name), { force: true });
  }
  report(imported, state, { to, target });
}

/** What is written is right, or it is not written. */
function yamlOf({ value, notes }: ImportedConf, source: string): string {
  const heading = [
    `Taken over from ${source} by "tutti config import".`,
    ...(notes.length > 0 ? ["", "Not carried over, or different here:"] : []),
    ...notes.map((note) => `- ${note}`),
  ];
  const at = (path: readonly (string | number)[]) =>
    path.length === 1 && path[0] === "codec"
      ? "as Snapcast had it; Tutti's own is opus"
      : undefined;
  const yaml = writeYaml(value, { heading, at });
  try {
    parseServerConfig({ text: yaml, fileName: "what would be written" });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const message = `${source} has values that mean nothing here:\n${error.message}`;
    throw new Failure(message, undefined, error);
  }
  return yaml;
}

/** The file that is named must be readable; the usual ones may be missing. */
function readState(options: ImportOptions, imported: ImportedConf): ImportedState | undefined {
  const file = options.state ?? join(imported.stateFolder ?? USUAL_STATE_FOLDER, "server.json");
  const text = options.state === undefined ? readText(file) : readFile(file);
  if (text === undefined) {
    if (options.stateDir === undefined) return undefined;
    throw new Failure(`${file} cannot be read; --state names another`);
  }
  const streams = imported.value.streams as readonly { readonly name: string }[] | undefined;
  const names = streams?.map(({ name }) => name) ?? [];
  const state = importState(parseJson(text), names);
  if (!state) {
    throw new Failure(`${file} is no state of Snapcast's server, or a power cut has emptied it`);
  }
  return state;
}

function report(
  { notes }: ImportedConf,
  state: ImportedState | undefined,
  { to, target }: { to: string | undefined; target: string | undefined },
): void {
  const lines = [...notes, ...(state?.notes ?? [])].map((note) => `- ${note}`);
  if (lines.length > 0) lines.unshift("Not carried over, or different here:");
  if (to !== undefined) lines.push(`${to} is written; "tutti config print ${to}" explains it.`);
  if (state) {
    const { clients, groups } = state.house;
    const what = `${clients.length} client(s) in ${groups.length} group(s)`;
    lines.push(
      target === undefined
        ? `${what} would be taken over with --state-dir DIR.`
        : `${target} is written: ${what}. A server that runs must be stopped before, it would write over it.`,
    );
  }
  for (const line of lines) remark(line);
}

function writeFile(path: string, text: string, force: boolean): void {
  try {
    writeNewFile(path, text, force);
  } catch (error) {
    if (!isFileError(error)) throw error;
    throw new Failure(`${path} cannot be written (${error.code})`, undefined, error);
  }
}

function readFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (!isFileError(error)) throw error;
    throw new Failure(`${file} cannot be read (${error.code})`, undefined, error);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
